package ml.regard.report

import java.util.Locale

import org.scalatest.funsuite.AnyFunSuite

import ml.regard.report.Drawings._

class FigureSuite extends AnyFunSuite {

  private val all: Seq[Figure] = Seq(
    prediction(),
    attention,
    loss(3, 2, 1),
    ScatterFigure.of("scatter", "Both", "prediction", "label", keyY.map(_ + 0.1), keyY)
  )

  test("an SVG is XML with its title and description, and no reference to follow") {
    for (figure <- all; theme <- Theme.values) {
      val document = parse(figure.svg(theme))
      assert(elements(document, "title").map(_.getTextContent) == Seq(figure.title))
      assert(elements(document, "desc").map(_.getTextContent) == Seq(figure.description))
      assert(elements(document, "text").exists(_.getTextContent == figure.title))
      val references = "(href|src)=\"([^\"]*)\"".r.findAllMatchIn(figure.svg(theme)).map(_.group(2))
      assert(references.forall(_.startsWith("data:image/png;base64,")))
    }
  }

  test("a PNG has two pixels per figure unit and the theme's paper in its corner") {
    for (figure <- all; theme <- Theme.values) {
      val image = raster(figure, theme)
      assert(image.getWidth == 2 * figure.width && image.getHeight == 2 * figure.height)
      assert(image.getRGB(1, 1) == theme.paper.getRGB)
    }
  }

  test("two drawings have the same bytes, in any locale") {
    val before = Locale.getDefault
    for (figure <- all; theme <- Theme.values) {
      val (svg, png) = (figure.svg(theme), figure.png(theme).toSeq)
      try {
        Locale.setDefault(Locale.forLanguageTag("ar-EG"))
        assert(figure.svg(theme) == svg)
        assert(figure.png(theme).toSeq == png)
      } finally Locale.setDefault(before)
    }
  }

  test("the prediction figure has its labels, its legend and a circle per training row") {
    assert(
      Seq("x", "y", "truth", "prediction", "training rows").forall(texts(prediction()).contains)
    )
    assert(elements(parse(prediction().svg(Theme.DARK)), "circle").size == keyX.length)
  }

  test("titles grow to the right and axis labels about their middle, whatever the reader's font") {
    val words = elements(parse(prediction().svg(Theme.LIGHT)), "text")
    def word(text: String) = words.find(_.getTextContent == text).get
    assert(word("A title").getAttribute("text-anchor") == "start")
    assert(word("training rows").getAttribute("text-anchor") == "start")
    assert(word("x").getAttribute("text-anchor") == "middle")
    val middle = inside(prediction(), Theme.LIGHT).getCenterX / Figure.PNG_SCALE
    assert(math.abs(word("x").getAttribute("x").toDouble - middle) < 1)
  }

  test("without a truth there is no truth in the legend") {
    val figure = PredictionFigure.of("p", "t", "x", "y", queries, null, truth, keyX, keyY)
    assert(!texts(figure).contains("truth"))
    assert(!figure.description.contains("truth"))
  }

  test("a prediction that is missing is a gap, and one between gaps a point") {
    val gaps = truth.clone()
    for (i <- Seq(4, 5, 7, 8)) gaps(i) = Double.NaN
    gaps(9) = Double.PositiveInfinity
    val document = parse(prediction(gaps).svg(Theme.LIGHT))
    assert(elements(document, "circle").size == keyX.length + 1)
    assert(longestPaths(document, 2) == Seq(21, 11))
    assert(prediction(gaps).description.contains("missing at 5"))
  }

  /** Points of the longest open paths, the truth (21) and the rest: 4 and 11 points in one path. */
  private def longestPaths(document: org.w3c.dom.Document, n: Int): Seq[Int] =
    elements(document, "path")
      .filter(_.getAttribute("fill") == "none")
      .flatMap(_.getAttribute("d").split("M").map("[ML]?[-0-9.]+ [-0-9.]+".r.findAllIn(_).size))
      .sorted
      .reverse
      .take(n)

  test("queries may come in any order") {
    val reversed = PredictionFigure.of(
      "prediction",
      "A title",
      "x",
      "y",
      queries.reverse,
      truth.reverse,
      truth.reverse.map(_ * 0.8),
      keyX,
      keyY
    )
    assert(reversed.svg(Theme.LIGHT) == prediction().svg(Theme.LIGHT))
  }

  test("a figure keeps its own copy of the arrays") {
    val x = queries.clone()
    val figure = PredictionFigure.of("p", "t", "x", "y", x, null, truth, keyX, keyY)
    val before = figure.svg(Theme.LIGHT)
    x(0) = 1e9
    assert(figure.svg(Theme.LIGHT) == before)
  }

  test("the prediction's description holds its numbers") {
    val figure = PredictionFigure.of(
      "p",
      "t",
      "hour",
      "delay",
      Array(0, 1, 2),
      Array(1, 1, 1),
      Array(1, 2, 4),
      Array(0.5, 0.6),
      Array(-1, 1.5)
    )
    // ((1-1)^2 + (2-1)^2 + (4-1)^2) / 3 = 3.333
    assert(
      figure.description == "Line chart of delay over hour: at 3 queries, hour from 0 to 2, the " +
        "prediction is from 1 to 4, the truth 1 throughout; their mean squared difference is " +
        "3.333. Circles show 2 training rows, delay from \u22121 to 1.5."
    )
  }

  test("many training rows are thinned, and the description says so") {
    val many = Array.tabulate(100000)(_ / 1e5)
    val figure = PredictionFigure.of("p", "t", "x", "y", queries, null, truth, many, many)
    assert(elements(parse(figure.svg(Theme.LIGHT)), "circle").size == 2000)
    assert(figure.description.contains("Circles show 2,000 of 100,000 training rows"))
  }

  test("a scatter figure leaves out rows without a prediction and draws the diagonal") {
    val figure =
      ScatterFigure.of("s", "t", "fitted", "label", Array(1, Double.NaN, 3), Array(1, 2, 2))
    assert(elements(parse(figure.svg(Theme.LIGHT)), "circle").size == 2)
    assert(texts(figure).contains("equal"))
    assert(figure.description.contains("3 rows (1 without a prediction)"))
    // ((1-1)^2 + (3-2)^2) / 2
    assert(figure.description.contains("mean squared difference is 0.5."))
  }

  test("one query, one row and nothing finite can be drawn") {
    val nothing = Array(Double.NaN)
    val one = PredictionFigure.of("p", "t", "x", "y", Array(1), null, nothing, Array(1), Array(2))
    val none =
      PredictionFigure.of(
        "p",
        "t",
        "x",
        "y",
        Array(1),
        null,
        nothing,
        Array[Double](),
        Array[Double]()
      )
    for (figure <- Seq(one, none)) {
      assert(texts(figure).contains("prediction"))
      assert(figure.description.contains("the prediction is missing"))
    }
  }

  test("text that XML forbids does not break the SVG") {
    val figure = LossFigure.of("l", "a < b & \u0001 \"c\"", Array(1, 2), "<loss>")
    assert(
      elements(
        parse(figure.svg(Theme.LIGHT)),
        "title"
      ).head.getTextContent == "a < b & \uFFFD \"c\""
    )
  }

  test("words and lines can be read on the paper: WCAG AA, 4.5 for text and 3 for lines") {
    for (theme <- Theme.values) {
      for (text <- Seq(theme.ink, theme.mutedInk)) assert(contrast(text, theme.paper) >= 4.5)
      for (line <- Seq(theme.prediction, theme.truth)) assert(contrast(line, theme.paper) >= 3)
    }
  }

  test("doors say what was wrong, the limit and the value given") {
    def says(sentence: String)(call: => Any): Unit =
      assert(intercept[IllegalArgumentException](call).getMessage == sentence)
    val (x, y) = (Array(1.0, 2.0), Array(1.0))
    says("prediction must have the same length as x, 2, but had 1") {
      PredictionFigure.of("p", "t", "x", "y", x, null, y, x, x)
    }
    says("truth must have the same length as x, 2, but had 1") {
      PredictionFigure.of("p", "t", "x", "y", x, y, x, x, x)
    }
    says("keyY must have the same length as keyX, 2, but had 1") {
      PredictionFigure.of("p", "t", "x", "y", x, null, x, x, y)
    }
    says("keyX must be finite, but was NaN at index 1") {
      PredictionFigure.of("p", "t", "x", "y", x, null, x, Array(1, Double.NaN), x)
    }
    says("x must hold at least 1 number, but held 0") {
      PredictionFigure.of("p", "t", "x", "y", Array[Double](), null, Array[Double](), x, x)
    }
    says("label must have the same length as prediction, 2, but had 1") {
      ScatterFigure.of("s", "t", "x", "y", x, y)
    }
    says("loss must hold at least 1 number, but held 0")(loss())
    says("title must not be blank, but was \" \"")(LossFigure.of("l", " ", x, "y"))
    says("name must be lower-case letters and digits joined by hyphens, but was \"../l\"") {
      LossFigure.of("../l", "t", x, "y")
    }
  }
}
