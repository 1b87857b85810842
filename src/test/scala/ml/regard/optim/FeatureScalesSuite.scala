package ml.regard.optim

import ml.regard.Rows
import ml.regard.Rows.assertClose
import org.scalatest.funsuite.AnyFunSuite

class FeatureScalesSuite extends AnyFunSuite {
  private val Rounding = 1e-12

  private def rows(columns: Seq[Double]*): Rows =
    Rows(
      columns.transpose.map(_.toArray).toArray,
      columns.head.toArray,
      columns.head.map(_ => 1.0).toArray
    )

  private def scales(rows: Rows, shared: Boolean = false) =
    FeatureScales.of(rows.pack, rows.pack.numKeys, shared)

  test("the rule of thumb is 1.06 spread n^(-1/(4+d)) with the smaller of the two spreads") {
    // 0..8: deviation sqrt(60 / 9) = 2.582, quartiles 2 and 6, IQR / 1.349 = 2.965.
    val even = scales(rows((0 to 8).map(_.toDouble))).ruleOfThumb
    assertClose(even.head, 1.06 * math.sqrt(60.0 / 9) * math.pow(9, -1.0 / 5), Rounding, 0)
    // One outlier: the deviation is 31, the IQR still 4.
    val outlier = scales(rows((0 to 7).map(_.toDouble) :+ 100.0)).ruleOfThumb
    assertClose(outlier.head, 1.06 * 4 / 1.349 * math.pow(9, -1.0 / 5), Rounding, 0)
  }

  test("when the quartiles agree the deviation counts, and a constant feature has spread 1") {
    // Eight times 0 and once 9: mean 1, variance (8 + 64) / 9 = 8.
    val both = scales(rows(Seq.fill(8)(0.0) :+ 9.0, Seq.fill(9)(5.0))).ruleOfThumb
    assertClose(both(0), 1.06 * math.sqrt(8) * math.pow(9, -1.0 / 6), Rounding, 0)
    assertClose(both(1), 1.06 * math.pow(9, -1.0 / 6), Rounding, 0)
  }

  test("weights enter the deviation and the number of rows") {
    // Weights 1 and 3 at 0 and 4: mean 3, variance (9 + 3) / 4 = 3; n = 16 / 10 = 1.6.
    // Quartiles 1 and 3: IQR / 1.349 = 1.483 is smaller than sqrt 3.
    val two = Rows(Array(Array(0.0), Array(4.0)), Array(0, 0), Array(1, 3))
    assertClose(
      scales(two).ruleOfThumb.head,
      1.06 * 2 / 1.349 * math.pow(1.6, -0.2),
      Rounding,
      0
    )
    // Nine rows, eight at 0 with weight 1 and one at 9 with weight 8: mean 4.5, variance 20.25.
    val heavy = Rows(
      (Array.fill(8)(0.0) :+ 9.0).map(Array(_)),
      Array.fill(9)(0.0),
      Array.fill(8)(1.0) :+ 8.0
    )
    val n = 16.0 * 16 / (8 + 64)
    assertClose(scales(heavy).ruleOfThumb.head, 1.06 * 4.5 * math.pow(n, -0.2), Rounding, 0)
  }

  test("only the proportion of weights matters, down to the smallest") {
    def weighted(unit: Double) =
      scales(Rows(Array(Array(0.0), Array(4.0)), Array(0, 0), Array(unit, 3 * unit)))
    for (unit <- Seq(1e-200, 1e140))
      assertClose(weighted(unit).ruleOfThumb.head, weighted(1).ruleOfThumb.head, Rounding, 0)
  }

  test("widths stay between an eighth of the smallest gap and e^8 spreads") {
    val even = scales(rows((0 to 8).map(_.toDouble)))
    assertClose(even.clamp(0, 1e-9), 1.0 / 8, Rounding, 0)
    assertClose(even.clamp(0, 1e9), math.exp(8) * math.sqrt(60.0 / 9), Rounding, 0)
    assert(even.clamp(0, 1.5) == 1.5)
  }

  test("ties do not count as gaps, and a constant feature is bounded by its rule of thumb") {
    val ties = scales(rows(Seq(0, 0, 0, 2, 2, 5, 9, 9.5, 9.5), Seq.fill(9)(5.0)))
    assertClose(ties.clamp(0, 1e-9), 0.5 / 8, Rounding, 0)
    assertClose(ties.clamp(1, 1e-9), ties.ruleOfThumb()(1), Rounding, 0)
  }

  test("a shared width starts at the geometric mean and is bounded by the extremes") {
    val data = rows((0 to 8).map(_.toDouble), (0 to 8).map(_ * 100.0))
    val each = scales(data)
    val shared = scales(data, shared = true)
    assert(shared.ruleOfThumb.length == 1)
    assertClose(
      shared.ruleOfThumb.head,
      math.sqrt(each.ruleOfThumb()(0) * each.ruleOfThumb()(1)),
      Rounding,
      0
    )
    assertClose(shared.clamp(0, 1e-9), each.clamp(0, 1e-9), Rounding, 0)
    assertClose(shared.clamp(0, 1e9), each.clamp(1, 1e9), Rounding, 0)
  }

  test("the scales follow the unit of the feature, and not where it starts") {
    val random = Rows.random(50, 2, seed = 1)
    val moved = random.copy(features = random.features.map(_.map(x => 1000 * x + 7e4)))
    for ((a, b) <- scales(moved).ruleOfThumb.zip(scales(random).ruleOfThumb))
      assertClose(a, 1000 * b, Rounding, 0)
  }

  test("the caller cannot write to the scales") {
    val even = scales(rows((0 to 8).map(_.toDouble)))
    even.ruleOfThumb()(0) = -1
    assert(even.ruleOfThumb.head > 0)
  }
}
