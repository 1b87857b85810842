package ml.regard.report

import scala.util.Random

import ml.regard.Rows.refusal
import ml.regard.report.Drawings._
import org.scalatest.funsuite.AnyFunSuite

/** The figures of a fitted model: band, map, residuals, their distribution, coverage. */
class ModelFiguresSuite extends AnyFunSuite {
  private val residuals = {
    val random = new Random(3)
    Array.fill(900)(random.nextGaussian() * 2)
  }

  private def band(halfWidth: Array[Double]): PredictionFigure =
    PredictionFigure
      .of("curve", "A curve", "x", "y", queries, null, truth, halfWidth, keyX, keyY)

  private val cells = Array(Array(1.0, 2.0, Double.NaN), Array(4.0, 5.0, 9.0))
  private val ranges = Array(Array(0.0, 3.0), Array(-1.0, 1.0))

  private def map(cells: Array[Array[Double]] = cells): MapFigure =
    MapFigure.of(
      "map",
      "A map",
      Array("east", "north", "height"),
      ranges,
      cells,
      Array(Array(0.0, 1.5), Array(-1.0, 0.0))
    )

  private val coverage = Coverage.of(
    Array.tabulate(1000)(i => i.toDouble),
    Array.tabulate(1000)(i => if (i < 500) i % 100.0 else 100 + i % 100.0),
    Array(0.5, 0.9),
    Array(100.0, 180.0)
  )

  private val all: Seq[Figure] = Seq(
    band(truth.map(_ => 0.5)),
    map(),
    ResidualFigure.of("residuals", "Residuals", "prediction", "residual", residuals, residuals),
    HistogramFigure.of("distribution", "A histogram", "residual", Histogram.of(residuals)),
    CoverageFigure.of("coverage", "Coverage", coverage)
  )

  test(
    "each is XML with title and description, of the same bytes when drawn again, in both themes"
  ) {
    for (figure <- all; theme <- Theme.values) {
      val document = parse(figure.svg(theme))
      assert(elements(document, "title").map(_.getTextContent) == Seq(figure.title))
      assert(elements(document, "desc").map(_.getTextContent) == Seq(figure.description))
      assert(figure.svg(theme) == figure.svg(theme))
      assert(raster(figure, theme).getRGB(1, 1) == theme.paper.getRGB)
    }
  }

  test("a band fills what is between its sides, and a gap in it is a gap") {
    def filled(figure: Figure): Seq[Int] =
      elements(parse(figure.svg(Theme.LIGHT)), "path")
        .map(_.getAttribute("d"))
        .filter(d => d.endsWith("Z") && !d.contains("C")) // circles of the legend have curves
        .map("[-0-9.]+ [-0-9.]+".r.findAllIn(_).size)
        .filter(_ > 8)
    assert(filled(band(null)).isEmpty && !texts(band(null)).contains("band"))
    val whole = band(truth.map(_ => 0.5))
    assert(filled(whole) == Seq(2 * queries.length) && texts(whole).contains("band"))
    assert(whole.description.contains("; the band reaches 0.5 throughout up and down."))
    val gap = truth.indices.map(i => if (i == 8) Double.NaN else 0.5).toArray
    assert(filled(band(gap)) == Seq(16, 24))
    val middle = inside(whole, Theme.LIGHT)
    val image = raster(whole, Theme.LIGHT)
    val column = (middle.getY.toInt + 4 until middle.getMaxY.toInt - 4)
      .map(image.getRGB(middle.getCenterX.toInt, _))
    val shade = column.groupBy(identity).values.map(_.size).toSeq.sorted.reverse
    assert(shade(1) > 40, "the second colour of the column, after the paper, is that of the band")
    assert(refusal(band(Array(1.0))).startsWith("halfWidth must have the same length as x"))
  }

  test("a map has a pixel per cell, the highest row on top, and blank ones as paper") {
    for (theme <- Theme.values) {
      val image = map().image(theme)
      val scale = new ColorScale(theme, 8)
      val pixels = Seq.tabulate(2, 3)((r, c) => image.getRGB(c, r))
      assert(pixels.head == Seq(3.0, 4.0, 8.0).map(scale.rgb))
      assert(pixels(1) == Seq(scale.rgb(0), scale.rgb(1), theme.paper.getRGB))
    }
    assert(Seq("east", "north", "height").forall(texts(map()).contains))
    assert(
      map().description == "Heat map of height over east, from 0 to 3, across and north, from −1" +
        " to 1, up: from 1 to 9; 1 of 6 cells are blank. Points show 2 training rows."
    )
  }

  test("the points of a map are where their features are") {
    val circles = elements(parse(map().svg(Theme.LIGHT)), "circle")
    val box = inside(map(), Theme.LIGHT)
    def near(a: Double, b: Double): Boolean = math.abs(a - b / Figure.PNG_SCALE) < 0.1
    assert(circles.size == 2)
    assert(near(circles.head.getAttribute("cx").toDouble, box.getMinX))
    assert(near(circles.head.getAttribute("cy").toDouble, box.getMaxY))
    assert(near(circles(1).getAttribute("cx").toDouble, box.getCenterX))
    assert(near(circles(1).getAttribute("cy").toDouble, box.getCenterY))
  }

  test("a map of one value or of none can be drawn, and bad arguments are refused") {
    for (value <- Seq(2.0, Double.NaN)) map(Array(Array(value, value))).svg(Theme.LIGHT)
    assert(refusal(map(Array.empty)).contains("cells must have at least 1 row"))
    assert(refusal(map(Array(Array(1.0), Array(1.0, 2.0)))).contains("a row of cells"))
    val flat = Array(Array(1.0, 1.0), Array(0.0, 1.0))
    val none = Array(Array.empty[Double], Array.empty[Double])
    assert(
      refusal(MapFigure.of("m", "t", Array("a", "b", "c"), flat, cells, none)) ==
        "a range must ascend, but was from 1.0 to 1.0"
    )
  }

  test("a histogram counts every value once, outliers in its ends") {
    val histogram = Histogram.of(residuals ++ Seq(1e6, -1e6, Double.NaN))
    assert(histogram.total == 902 && histogram.counts.length == 19)
    val plain = Histogram.of(residuals)
    for (b <- plain.counts.indices.drop(1).dropRight(1)) {
      val (from, to) = (plain.edges()(b), plain.edges()(b + 1))
      assert(math.abs(plain.counts()(b) - residuals.count(r => r >= from && r < to)) <= 1)
    }
    assert(plain.edges().head >= -4 * plain.deviation + plain.mean)
    val mean = residuals.sum / 900
    assert(math.abs(plain.mean - mean) < 1e-12)
    val normal = plain.counts.indices.map { b =>
      plain.normal((plain.edges()(b) + plain.edges()(b + 1)) / 2)
    }
    assert(math.abs(normal.sum / 900 - 1) < 0.01, "the line has the area of the bars")
    val same = Histogram.of(Array(7.0, 7.0))
    assert(same.counts.toSeq == Seq(2) && same.edges.toSeq == Seq(6.5, 7.5))
    HistogramFigure.of("h", "t", "x", same).svg(Theme.LIGHT)
    assert(refusal(Histogram.of(Array(Double.NaN))).contains("the finite values"))
  }

  test("coverage counts the rows of each tenth whose score is at most the quantile of all") {
    assert(coverage.means.toSeq == (0 until 10).map(t => 49.5 + 100 * t))
    assert(coverage.shares()(0).toSeq == Seq.fill(5)(1.0) ++ Seq.fill(5)(0.01))
    assert(coverage.shares()(1).toSeq == Seq.fill(5)(1.0) ++ Seq.fill(5)(0.81))
    assert(
      all.last.description == "Line chart of the share of rows inside their interval, over 10" +
        " parts of the prediction, of 1,000 rows: at 50 % the share is from 1 to 100 %; at 90 %" +
        " the share is from 81 to 100 %."
    )
    assert(Seq("50 %", "90 %", "rows inside (%)").forall(texts(all.last).contains))
  }

  test("few rows have fewer parts, an infinite quantile holds all, and gaps are left out") {
    val infinite = Double.PositiveInfinity
    val (levels, quantiles) = (Array(0.5, 0.95), Array(1.0, infinite))
    val few = Coverage.of(Array(2.0, 1.0, Double.NaN), Array(0.1, infinite, 0.3), levels, quantiles)
    assert(few.rows == 2 && few.means.toSeq == Seq(1.0, 2.0))
    assert(few.shares().map(_.toSeq).toSeq == Seq(Seq(0.0, 1.0), Seq(1.0, 1.0)))
    CoverageFigure.of("c", "t", few).svg(Theme.DARK)
    def refused(prediction: Array[Double], score: Array[Double], quantiles: Array[Double]) =
      refusal(Coverage.of(prediction, score, levels, quantiles))
    assert(refused(Array(1.0), Array(Double.NaN), quantiles).contains("the rows with a score"))
    assert(refused(Array(1.0), Array(1.0, 2.0), quantiles).contains("the same length"))
    assert(refused(Array(1.0), Array(1.0), Array(1.0)).contains("quantiles must have the same"))
  }

  test("residuals that are not known leave no circle") {
    val some = Array(1.0, Double.NaN, 3.0)
    val figure = ResidualFigure.of("r", "t", "prediction", "residual", some, some)
    assert(elements(parse(figure.svg(Theme.LIGHT)), "circle").size == 2)
    assert(figure.description.contains("the root of their mean square is 2.236"))
  }
}
