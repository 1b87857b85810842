package ml.regard.report

import org.scalatest.funsuite.AnyFunSuite

import ml.regard.report.Drawings._

class LossFigureSuite extends AnyFunSuite {

  private def circles(figure: Figure): Int =
    elements(parse(figure.svg(Theme.LIGHT)), "circle").size

  test("a point per epoch over whole ticks that start at 1") {
    val figure = loss(5, 4, 3, 2)
    assert(!figure.hasTailPanel)
    assert(circles(figure) == 4)
    assert(Seq("1", "2", "3", "4", "epoch", "squared error").forall(texts(figure).contains))
    assert(!texts(figure).exists(text => text == "1.5" || text == "0"))
  }

  test("a first loss that dwarfs the others gives them a panel and a scale of their own") {
    // The losses of the textbook walk, rounded.
    val figure = loss(40.644, 21.785, 21.768, 21.750, 21.732)
    assert(figure.hasTailPanel)
    assert(circles(figure) == 5 + 4)
    assert(Seq("40", "21.74", "21.76", "21.78").forall(texts(figure).contains))
    assert(texts(figure).exists(_.contains("lower panel: from epoch 2")))
  }

  test("no panel is added for one epoch, for equal losses, or after a first loss that is missing") {
    assert(!loss(5).hasTailPanel)
    assert(!loss(5, 1, 1, 1).hasTailPanel)
    assert(!loss(Double.NaN, 21.8, 21.7).hasTailPanel)
    assert(!loss(9, 8, 4, 2).hasTailPanel)
    for (figure <- Seq(loss(5), loss(5, 1, 1, 1))) assert(circles(figure) > 0)
  }

  test("losses that are not finite are gaps, counted in the description") {
    val figure = loss(4, Double.NaN, Double.PositiveInfinity, 2, 3)
    assert(circles(figure) == 3)
    assert(
      figure.description == "Line chart of squared error over 5 steps: 4 at epoch 1, 3 at epoch 5, " +
        "lowest 2 at epoch 4; 2 not finite."
    )
    assert(loss(Double.NaN).description.endsWith("no loss is finite."))
    assert(circles(loss(Double.NaN)) == 0)
  }

  test("iterations may start at 0, and a long run is a line without points") {
    val figure = LossFigure.of(
      "loss",
      "Loss",
      "iteration",
      0,
      Array.tabulate(200)(i => 200.0 - i),
      "leave-one-out loss"
    )
    assert(circles(figure) == 0)
    assert(texts(figure).contains("0") && texts(figure).contains("iteration"))
    assert(figure.description.contains("200 at iteration 0, 1 at iteration 199"))
  }

  test("ticks are 1, 2 or 5 times a power of ten, with the decimals of their step") {
    def label(size: Double, value: Double): String =
      new TickSource(0).step(size).valueToString(value)
    assert(new TickSource(0).step(0.3).getSize == 0.5)
    assert(new TickSource(0).step(0.0011).getSize == 0.002)
    assert(new TickSource(0).step(1e5).getSize == 1e5)
    assert(new TickSource(1).step(0.1).getSize == 1)
    assert(label(0.02, 21.7) == "21.70")
    assert(label(5, -10) == "\u221210")
    assert(label(0.1, -1e-17) == "0.0")
    assert(label(2e9, 4e9) == "4E9")
  }
}
