package ml.regard.report

import org.scalatest.funsuite.AnyFunSuite

import ml.regard.report.Drawings._

class AttentionFigureSuite extends AnyFunSuite {

  /** The pixel in the middle of the cell of query i and key j. */
  private def cell(figure: AttentionFigure, theme: Theme, i: Int, j: Int, m: Int, n: Int): Int = {
    val r = inside(figure, theme)
    raster(figure, theme).getRGB(
      (r.getX + (j + 0.5) / n * r.getWidth).toInt,
      (r.getY + (i + 0.5) / m * r.getHeight).toInt
    )
  }

  test("every cell of the PNG has its weight's colour, with the first query on top") {
    for (theme <- Theme.values) {
      val scale = new ColorScale(theme, 1)
      for (i <- weights.indices; j <- weights(i).indices)
        assert(cell(attention, theme, i, j, 4, 3) == scale.rgb(weights(i)(j)), s"$theme $i $j")
    }
  }

  test("the query axis counts downwards, like the rows of the picture") {
    // Keys end at 2, so that a tick 3 can only be a query's.
    val three = elements(parse(attention.svg(Theme.LIGHT)), "text").filter(_.getTextContent == "3")
    val r = inside(attention, Theme.LIGHT)
    val bottom = (r.getY + 0.75 * r.getHeight) / Figure.PNG_SCALE
    assert(three.map(_.getAttribute("y").toDouble > bottom) == Seq(true))
  }

  test("the heat map fills the axes without seams: only the colours of its weights appear") {
    val image = raster(attention, Theme.LIGHT)
    val r = inside(attention, Theme.LIGHT)
    val colors = for {
      x <- r.getMinX.toInt + 2 to r.getMaxX.toInt - 2
      y <- r.getMinY.toInt + 2 to r.getMaxY.toInt - 2
    } yield image.getRGB(x, y)
    val scale = new ColorScale(Theme.LIGHT, 1)
    assert(colors.toSet == Set(0, 0.25, 0.75, 1).map(scale.rgb(_)))
  }

  test("the SVG holds the matrix as one image with hard pixel edges, and the scale as another") {
    val images = elements(parse(attention.svg(Theme.DARK)), "image")
    assert(images.size == 2)
    assert(images.forall(_.getAttribute("style").contains("image-rendering:pixelated")))
    assert(attention.image(Theme.DARK).getWidth == 3 && attention.image(Theme.DARK).getHeight == 4)
  }

  test("the scale starts at 0, ends at the largest weight rounded up, and has ticks") {
    val words = texts(attention)
    assert(Seq("0.0", "0.2", "0.4", "0.6", "0.8", "1.0", "attention weight").forall(words.contains))
    val flat = AttentionFigure.of("a", "t", Array(Array.fill(16)(1.0 / 16)), "keys", "queries")
    // 1/16 = 0.0625 rounds up to 0.063
    assert(flat.image(Theme.LIGHT).getRGB(0, 0) == new ColorScale(Theme.LIGHT, 0.063).rgb(0.0625))
    assert(texts(flat).contains("0.06") && !texts(flat).contains("0.08"))
  }

  test("more attention is further from the paper, step by step, in both themes") {
    for (theme <- Theme.values) {
      val scale = new ColorScale(theme, 1)
      val light = (0 to 100).map(p => luminance(new java.awt.Color(scale.rgb(p / 100.0))))
      val steps = light.sliding(2).map(pair => pair(1) - pair(0)).toSeq
      assert(if (theme == Theme.LIGHT) steps.forall(_ <= 0) else steps.forall(_ >= 0))
    }
  }

  test("a query without an answer stays blank") {
    val nan = Array.fill(3)(Double.NaN)
    val figure = AttentionFigure.of("a", "t", Array(nan, weights(0)), "keys", "queries")
    assert(cell(figure, Theme.LIGHT, 0, 1, 2, 3) == Theme.LIGHT.paper.getRGB)
    assert(figure.description.contains("1 row is blank"))
  }

  test("a single peak among very many keys is not lost") {
    val n = 20000
    val peak = Array.tabulate(n)(j => if (j == 12345) 1.0 else 0.0)
    val image = AttentionFigure.of("a", "t", Array(peak), "keys", "queries").image(Theme.LIGHT)
    val full = new ColorScale(Theme.LIGHT, 1).rgb(1)
    // 12345 * 512 / 20000 = 316.03
    assert((0 until 512).filter(c => image.getRGB(c, 0) == full) == Seq(316))
  }

  test("the description names the largest weight and the effective number of keys") {
    // Effective keys of the rows: 1 / (0.25^2 + 0.75^2) = 1.6, and 1 three times; mean 1.15.
    val text = attention.description
    assert(text.contains("4 queries down (queries) and 3 keys across (keys)"))
    assert(text.contains("The largest weight is 1, of query 1 for key 1, both counted from 0"))
    assert(text.contains("1.15 effective keys on average."))
  }

  test("doors reject what is not an attention matrix") {
    def says(sentence: String)(rows: Array[Double]*): Unit = {
      val error = intercept[IllegalArgumentException] {
        AttentionFigure.of("a", "t", rows.toArray, "keys", "queries")
      }
      assert(error.getMessage == sentence)
    }
    says("weights must have at least 1 query and 1 key, but had 0 queries")()
    says("weights must have at least 1 query and 1 key, but had 1 queries and 0 keys")(Array())
    says("every row of weights must have 2 keys like row 0, but row 1 had 1")(
      Array(0.5, 0.5),
      Array(1.0)
    )
    says("every row of weights must sum to 1, but row 0 sums to 1.5")(Array(1, 0.5))
    says("attention weights must be at least 0, but row 0 holds -0.5")(Array(1.5, -0.5))
    says("attention weights must be at least 0, but row 0 holds NaN")(Array(1, Double.NaN))
  }
}
