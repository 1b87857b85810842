package ml.regard.report

import org.scalatest.funsuite.AnyFunSuite

import ml.regard.report.Drawings._

class WidthFigureSuite extends AnyFunSuite {
  private def figure(learned: Double, losses: Double*): WidthFigure =
    WidthFigure.of(
      "widths",
      "Loss over the width",
      "width of x",
      losses.indices.map(k => math.pow(10, 2 - k)).toArray,
      losses.toArray,
      learned,
      "mean loss"
    )

  private def circles(figure: Figure): Int =
    elements(parse(figure.svg(Theme.LIGHT)), "circle").size

  test("the learned width is marked, and the description tells the lowest") {
    val marked = figure(0.8, 9, 4, 2, 5)
    assert(circles(marked) == 1)
    assert(
      marked.description ==
        "Line chart of mean loss over 4 widths: lowest 2 at width 1; learned 0.8."
    )
    assert(Seq("width of x (power of ten)", "mean loss").forall(texts(marked).contains))
    assert(circles(figure(Double.NaN, 9, 4, 2, 5)) == 0)
  }

  test("losses that are not finite are gaps, and the narrow end does not flatten the rest") {
    val gaps = figure(10, 4, Double.PositiveInfinity, 2, Double.NaN)
    assert(gaps.description.contains("lowest 2 at width 1"))
    assert(figure(10, Double.NaN, Double.NaN).description.endsWith("no loss is finite."))
    val huge = figure(10, 4, 3, 5, 1e9)
    assert(!texts(huge).exists(_.contains("000,000")))
    huge.svg(Theme.DARK)
  }

  test("bad arguments are refused") {
    assert(
      intercept[IllegalArgumentException](
        WidthFigure.of("w", "t", "x", Array(1.0, 2.0), Array(1.0), 1, "y")
      ).getMessage == "loss must have length 2, as width has, but has 1"
    )
    intercept[IllegalArgumentException](figure(1))
  }
}
