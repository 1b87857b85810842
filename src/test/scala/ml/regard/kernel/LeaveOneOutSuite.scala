package ml.regard.kernel

import ml.regard.{Golden, Rows}
import ml.regard.Rows.{assertClose, bits}
import org.scalatest.funsuite.AnyFunSuite

class LeaveOneOutSuite extends AnyFunSuite {
  private val Rounding = 1e-12
  private val Reference = 1e-9

  private def all(keys: PackedKeys): Array[Int] = (0 until keys.numKeys).toArray

  private def lossAndGradient(rows: Rows, w: Array[Double]): LossSums =
    LeaveOneOut.lossAndGradient(rows.pack, all(rows.pack), w)

  /** The leave-one-out prediction of each row, in the order of the rows. */
  private def predictions(rows: Rows, w: Array[Double]): Array[Double] = {
    val keys = rows.pack
    val state =
      AttentionPooling.pool(keys, TrainingQueries.of(keys, all(keys)).block, w, Terms.VALUE)
    val byRow = all(keys).map(j => (keys.feature(j, 0), keys.value(j)) -> state.pooled(j)).toMap
    rows.features.zip(rows.values).map { case (x, v) => byRow((x.head, v)) }
  }

  test("the loss is that of taking each row out by hand") {
    for (size <- Seq(2, 3, 9, 65, 129); dim <- Seq(1, 3)) {
      val rows = Rows.random(size, dim, seed = size, weighted = true)
      for (w <- Seq(Array(0.8), Array.tabulate(dim)(f => 0.5 + f))) {
        val sums = lossAndGradient(rows, w)
        val residuals = (0 until size).map { i =>
          rows.values(i) - rows.without(i).pooled(rows.features(i), w)
        }
        val loss = residuals.zip(rows.weights).map { case (r, c) => c * r * r }.sum
        assertClose(sums.loss, loss, Rounding)
        assertClose(sums.weight, rows.weights.sum, Rounding)
        assert(sums.rows == size && sums.noKeys == 0)
        val alone = LeaveOneOut.loss(rows.pack, all(rows.pack), w)
        assert(bits(Array(alone.loss)) == bits(Array(sums.loss)))
      }
    }
  }

  test("a row with a twin attends to the twin: rows are left out, not distances") {
    // Two rows at 0 with values 1 and 3, one far away: each twin predicts the other's value.
    val rows = Rows(Array(Array(0.0), Array(0.0), Array(100.0)), Array(1, 3, 7), Array(1, 1, 1))
    // Residuals -2 and 2; the far row sees both twins alike, 7 - 2 = 5.
    assertClose(lossAndGradient(rows, Array(10.0)).loss, 4 + 4 + 25, Rounding)
    val identical = Rows(Array.fill(5, 1)(1.0), Array.fill(5)(2.0), Array.fill(5)(1.0))
    assert(lossAndGradient(identical, Array(1.0)).loss == 0)
    assert(lossAndGradient(identical, Array(1.0)).rows == 5)
  }

  test("a single row has no keys to attend to, and enters nothing") {
    val sums = lossAndGradient(Rows.random(1, 2, seed = 1), Array(1.0, 1.0))
    assert(sums.rows == 0 && sums.noKeys == 1)
    assert(sums.loss == 0 && sums.weight == 0 && sums.gradient.forall(_ == 0))
    assert(sums.meanLoss.isNaN && sums.rSquared.isNaN)
  }

  test("the gradient is the central difference of the loss by the log widths") {
    val Step = 1e-4 // truncation about Step^2 of the loss, rounding 1e-16 / Step of it
    val Difference = 1e-6
    for (dim <- Seq(1, 2, 3, 5); shared <- Seq(true, false); weighted <- Seq(false, true)) {
      val rows = Rows.random(40, dim, seed = 100 + dim, weighted)
      val w = if (shared) Array(1.2) else Array.tabulate(dim)(f => 0.6 + 0.5 * f)
      val gradient = lossAndGradient(rows, w).gradient
      assert(gradient.length == w.length)
      for (g <- w.indices) {
        def lossAt(by: Double) = rows.looLoss(w.updated(g, w(g) * math.exp(-by))) // h = 1 / w
        val difference = (lossAt(Step) - lossAt(-Step)) / (2 * Step)
        assert(math.abs(gradient(g)) > 1e-3) // a gradient of 0 would prove nothing
        assertClose(gradient(g), difference, Difference)
      }
    }
  }

  test("the Gauss-Newton matrix is 2 sum c dy dy^T, with dy by central differences") {
    val Step = 1e-5
    val rows = Rows.random(30, 3, seed = 50, weighted = true)
    val w = Array(0.7, 1.1, 1.6)
    val byLogWidth = Array.tabulate(rows.size, 3) { (i, g) =>
      def at(by: Double) =
        rows.looPrediction(i, w.updated(g, w(g) * math.exp(-by)))
      (at(Step) - at(-Step)) / (2 * Step)
    }
    val matrix = lossAndGradient(rows, w).gaussNewton
    for (g <- 0 until 3; h <- 0 until 3) {
      val terms =
        (0 until rows.size).map(i => rows.weights(i) * byLogWidth(i)(g) * byLogWidth(i)(h))
      assertClose(matrix(g)(h), 2 * terms.sum, 1e-8)
    }
  }

  test("the sums over parts of the rows add up to the sums over all") {
    val rows = Rows.random(100, 2, seed = 60, weighted = true)
    val keys = rows.pack
    val w = Array(1.0, 2.0)
    val merged = all(keys)
      .grouped(7)
      .map(LeaveOneOut.lossAndGradient(keys, _, w))
      .reduce((a, b) => a.merge(b))
    val whole = LeaveOneOut.lossAndGradient(keys, all(keys), w)
    assert(merged.rows == whole.rows)
    assertClose(merged.loss, whole.loss, Rounding)
    assertClose(merged.weight, whole.weight, Rounding)
    assertClose(merged.rSquared, whole.rSquared, Rounding)
    for ((a, b) <- merged.gradient.zip(whole.gradient)) assertClose(a, b, Rounding)
    for (g <- 0 to 1; h <- 0 to 1)
      assertClose(merged.gaussNewton()(g)(h), whole.gaussNewton()(g)(h), Rounding)
    assert(
      Rows.refusal(new LossSums(1).merge(new LossSums(2))) ==
        "the gradient must have length 1, but has 2"
    )
  }

  test("the leave-one-out R^2 is 1 - sum c r^2 / sum c (y - ybar)^2") {
    val rows = Rows.random(80, 1, seed = 61, weighted = true)
    val mean = rows.values.zip(rows.weights).map { case (v, c) => v * c }.sum / rows.weights.sum
    val total = rows.values.zip(rows.weights).map { case (v, c) => c * (v - mean) * (v - mean) }.sum
    val expected = 1 - rows.looLoss(Array(2.0)) / total
    assertClose(lossAndGradient(rows, Array(2.0)).rSquared, expected, Rounding)
    // Over some of the rows the mean is that of these rows.
    val keys = rows.pack
    val part = (0 until 30).toArray
    val some = Rows.of(keys).select(part.toSeq)
    val weight = some.weights.sum
    val partMean = some.values.zip(some.weights).map { case (v, c) => v * c }.sum / weight
    val partTotal =
      some.values.zip(some.weights).map { case (v, c) => c * (v - partMean) * (v - partMean) }.sum
    val sums = LeaveOneOut.loss(keys, part, Array(2.0))
    assertClose(sums.rSquared, 1 - sums.loss / partTotal, Rounding)
    val constant = rows.copy(values = rows.values.map(_ => 0.1))
    assert(lossAndGradient(constant, Array(2.0)).rSquared.isNaN)
  }

  test("the textbook's leave-one-out predictions and gradients") {
    val rows = Rows.csv("golden/d2l/train.csv")
    val expected = Golden.d2lExpected
    val sd = Golden.standardDeviation(rows.values)
    val after = Golden.numbers(expected.get("inverseWidthAfterEachEpoch"))
    // leaveOneOutPrediction is taken at the trained inverse width.
    Golden.assertWithin(
      predictions(rows, Array(after.last)),
      Golden.numbers(expected.get("leaveOneOutPrediction")),
      Reference,
      sd
    )
    val before = expected.get("initialInverseWidth").asDouble +: after.init
    // dL/dw = -(1 / w) dL/dlog h
    val gradients = before.map(w => -lossAndGradient(rows, Array(w)).gradient.head / w)
    Golden.assertWithin(
      gradients,
      Golden.numbers(expected.get("gradientPerEpoch")),
      Reference,
      sd
    )
    val losses = before.map(w => lossAndGradient(rows, Array(w)).loss)
    Golden.assertWithin(losses, Golden.numbers(expected.get("lossPerEpoch")), Reference, sd)
  }

  test("the motorcycle's leave-one-out predictions, loss and R^2 at the optimum") {
    val rows = Rows.csv("golden/mcycle/mcycle.csv")
    val expected = Golden.mcycleExpected
    val sd = Golden.standardDeviation(rows.values)
    val optimum = expected.get("optimum")
    val w = Array(1 / Golden.numbers(optimum.get("bandwidth")).head)
    Golden.assertWithin(
      predictions(rows, w),
      Golden.numbers(optimum.get("looPrediction")),
      Reference,
      sd
    )
    val sums = lossAndGradient(rows, w)
    assertClose(sums.loss, optimum.get("looSse").asDouble, Reference, sd)
    assertClose(sums.rSquared, expected.get("looRSquared").asDouble, Reference)
    // A minimum: the gradient by log width is small beside the loss.
    assert(math.abs(sums.gradient.head) < 1e-4 * sums.loss)
  }

  test("sums that were written as an array are read back with their bits") {
    val rows = Rows.random(40, 3, seed = 12, weighted = true)
    for (w <- Seq(Array(1.3), Array(0.7, 1.1, 2.0))) {
      val sums = lossAndGradient(rows, w)
      val fields = sums.toArray
      val back = LossSums.of(fields)
      assert(bits(back.toArray) == bits(fields))
      assert(back.rows == 40 && back.noKeys == 0 && back.loss == sums.loss)
      assert(bits(back.gradient) == bits(sums.gradient))
      assert(bits(back.gaussNewton.flatten) == bits(sums.gaussNewton.flatten))
      assert(bits(back.merge(sums).toArray) == bits(fields.map(_ * 2)))
    }
    assert(LossSums.of(new LossSums(0).toArray).rSquared.isNaN)
    for (length <- Seq(0, 5, 7, 9))
      assert(Rows.refusal(LossSums.of(new Array[Double](length))).contains(s"but has $length"))
  }
}
