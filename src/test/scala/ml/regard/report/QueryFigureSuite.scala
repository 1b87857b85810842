package ml.regard.report

import org.scalatest.funsuite.AnyFunSuite

import ml.regard.report.Drawings._

class QueryFigureSuite extends AnyFunSuite {
  private val rows = Array(Array(0.0, 1.0, 2.0, 3.0), Array(1.0, 2.0, 1.0, 0.0))
  private val carriers = Array(Array(1.0, 2.0), Array(2.0, 1.0), Array(0.64, 0.16))

  private def figure(curve: Array[Array[Double]], query: Array[Double]): QueryFigure =
    QueryFigure.of("row-1", "Attention", "x", "value", curve, rows, carriers, query)

  private def radii(figure: Figure): Seq[Double] =
    elements(parse(figure.svg(Theme.LIGHT)), "circle").map(_.getAttribute("r").toDouble)

  test("the areas of circles are in the proportion of the weights, on all rows") {
    val drawn = figure(Array(Array(0.0, 3.0), Array(1.0, 1.0)), Array(1.2, 1.0))
    val all = radii(drawn)
    assert(all.max > 10 && all.count(_ == all.max) == 1)
    assert(all.exists(r => math.abs(r - all.max / 2) < 1e-3))
    assert(all.groupBy(identity).values.map(_.size).max >= 4)
    assert(
      drawn.description == "Scatter plot of value over x: the query at 1.2 and 1; 2 training rows" +
        " carry 0.8 of the attention, with weights from 0.16 to 0.64."
    )
    assert(Seq("x", "value", "prediction", "query", "attention").forall(texts(drawn).contains))
  }

  test("without a curve it is a map") {
    val map = figure(Array(Array.empty, Array.empty), Array(1.0, 1.0))
    assert(!texts(map).contains("prediction"))
    val many = Array(Array.fill(500)(1.0), Array.fill(500)(1.0), Array.fill(500)(0.001))
    val none = Array(Array.empty[Double], Array.empty[Double])
    val crowd = radii(QueryFigure.of("row-1", "t", "x", "y", none, rows, many, Array(1.0, 1.0)))
    val circle = crowd.groupBy(identity).maxBy(_._2.size)._1
    assert(circle > 1 && 500 * math.Pi * circle * circle <= 8100)
    map.svg(Theme.DARK)
  }

  test("bad arguments are refused") {
    intercept[IllegalArgumentException](figure(Array(Array(1.0), Array.empty), Array(1.0, 1.0)))
    intercept[IllegalArgumentException](
      figure(Array(Array.empty, Array.empty), Array(1.0, Double.NaN))
    )
  }

  test("bars have their names, long ones cut") {
    val bars = BarsFigure.of(
      "row-2",
      "Attention",
      java.util.List.of("a", "a name that is longer"),
      Array(0.5, 0.25),
      "attention weight"
    )
    assert(Seq("a", "a name that is …", "attention weight").forall(texts(bars).contains))
    assert(
      texts(bars).contains("0.5") && !texts(bars).contains("1.0"),
      "the axis ends with the bars"
    )
    assert(bars.description.contains("2 bars of a, a name that is longer, from 0.25 to 0.5"))
    intercept[IllegalArgumentException](
      BarsFigure.of("b", "t", java.util.List.of("a"), Array(1.0, 2.0), "x")
    )
  }
}
