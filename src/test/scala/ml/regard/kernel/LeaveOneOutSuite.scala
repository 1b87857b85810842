package ml.regard.kernel

import ml.regard.{Golden, Rows}
import ml.regard.Rows.{assertClose, bits}
import org.scalatest.funsuite.AnyFunSuite

class LeaveOneOutSuite extends AnyFunSuite {
  private val Rounding = 1e-12
  private val Reference = 1e-9

  private def all(keys: PackedKeys): Array[Int] = (0 until keys.numKeys).toArray

  private def lossAndGradient(rows: Rows, w: Array[Double]): LossSums =
    Loo.lossAndGradient(rows.pack, all(rows.pack), w)

  /** The leave-one-out prediction of each row, in the order of the rows. */
  private def predictions(rows: Rows, w: Array[Double]): Array[Double] = {
    val keys = rows.pack
    val queries = TrainingQueries.of(keys, all(keys), LeaveOut.ROW)
    val state = queries.met(AttentionPooling.pool(keys, queries.block, w, Terms.VALUE))
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
        val alone = Loo.loss(rows.pack, all(rows.pack), w)
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

  test("the Hessian is the central difference of the gradient by the log widths") {
    val Step = 1e-5
    for (dim <- Seq(1, 3); shared <- Seq(true, false); leaveOut <- LeaveOut.values) {
      val rows = Rows.random(40, dim, seed = 70 + dim, weighted = true)
      val keys = tied(rows)
      val w = if (shared) Array(1.2) else Array.tabulate(dim)(f => 0.6 + 0.5 * f)
      def at(w: Array[Double], terms: Terms) =
        LeaveOneOut.sums(keys, all(keys), w, leaveOut, terms)
      val hessian = at(w, Terms.CURVATURE).hessian
      for (g <- w.indices; h <- w.indices) {
        def slope(by: Double) = at(w.updated(h, w(h) * math.exp(-by)), Terms.WIDTHS).gradient()(g)
        assertClose(hessian(g)(h), (slope(Step) - slope(-Step)) / (2 * Step), 1e-6)
      }
      assert(Rows.bits(at(w, Terms.CURVATURE).gradient) == Rows.bits(at(w, Terms.WIDTHS).gradient))
    }
  }

  /** The rows, each twice with another value, in four folds. */
  private def tied(rows: Rows): PackedKeys = {
    val packer = new KeyPacker(rows.dim)
    val chunk = new RowChunk(rows.dim)
    for (i <- 0 until rows.size; twin <- 0 to 1)
      chunk.add(rows.features(i), rows.values(i) + twin, rows.weights(i), i % 4)
    packer.addAll(chunk).pack()
  }

  test("what a row leaves out: nothing, itself, its ties or its fold") {
    val rows = Rows.random(30, 2, seed = 71, weighted = true)
    val keys = tied(rows)
    assert(keys.isFolded && keys.tiedKeys(false) == 60 && keys.tiedKeys(true) == 0)
    val twice = Rows.of(keys)
    val fold = rows.features.zipWithIndex.map { case (x, i) => x.toSeq -> i % 4 }.toMap
    val w = Array(0.8, 1.3)
    val rules: Map[LeaveOut, (Int, Int) => Boolean] = Map(
      LeaveOut.NONE -> ((_, _) => false),
      LeaveOut.ROW -> ((i, j) => i == j),
      LeaveOut.TIES -> ((i, j) => twice.features(i).toSeq == twice.features(j).toSeq),
      LeaveOut.FOLD -> ((i, j) => fold(twice.features(i).toSeq) == fold(twice.features(j).toSeq))
    )
    for ((leaveOut, leaves) <- rules) {
      val residuals = (0 until twice.size).map { i =>
        val others = twice.select((0 until twice.size).filterNot(leaves(i, _)))
        twice.values(i) - others.pooled(twice.features(i), w)
      }
      val loss = residuals.zip(twice.weights).map { case (r, c) => c * r * r }.sum
      val sums = LeaveOneOut.sums(keys, all(keys), w, leaveOut, Terms.VALUE)
      assertClose(sums.loss, loss, Rounding)
    }
  }

  test("the trace is the attention that rows pay to themselves, with its gradient") {
    val rows = Rows.of(Rows.random(50, 2, seed = 72, weighted = true).pack)
    val keys = rows.pack
    val w = Array(0.9, 1.6)
    def trace(w: Array[Double]) =
      (0 until rows.size).map(i => rows.attention(rows.features(i), w)(i)).sum
    for (leaveOut <- Seq(LeaveOut.NONE, LeaveOut.ROW))
      assertClose(
        LeaveOneOut.sums(keys, all(keys), w, leaveOut, Terms.WIDTHS).trace,
        trace(w),
        Rounding
      )
    val gradient = LeaveOneOut.sums(keys, all(keys), w, LeaveOut.NONE, Terms.WIDTHS).traceGradient
    for (g <- 0 to 1) {
      def at(by: Double) = trace(w.updated(g, w(g) * math.exp(-by)))
      assertClose(gradient(g), (at(1e-5) - at(-1e-5)) / 2e-5, 1e-7)
    }
  }

  test("the gradient spread is the sum over rows of the products of their gradients") {
    val keys = Rows.random(40, 2, seed = 73, weighted = true).pack
    val w = Array(0.9, 1.6)
    val alone = all(keys).map(i => Loo.lossAndGradient(keys, Array(i), w).gradient)
    val spread = Loo.lossAndGradient(keys, all(keys), w).gradientSpread
    for (g <- 0 to 1; h <- 0 to 1)
      assertClose(spread(g)(h), alone.map(x => x(g) * x(h)).sum, Rounding)
  }

  test("the sums over parts of the rows add up to the sums over all") {
    val rows = Rows.random(100, 2, seed = 60, weighted = true)
    val keys = rows.pack
    val w = Array(1.0, 2.0)
    val merged = all(keys)
      .grouped(7)
      .map(Loo.lossAndGradient(keys, _, w))
      .reduce((a, b) => a.merge(b))
    val whole = Loo.lossAndGradient(keys, all(keys), w)
    assert(merged.rows == whole.rows)
    assertClose(merged.loss, whole.loss, Rounding)
    assertClose(merged.weight, whole.weight, Rounding)
    assertClose(merged.rSquared, whole.rSquared, Rounding)
    for ((a, b) <- merged.gradient.zip(whole.gradient)) assertClose(a, b, Rounding)
    for (g <- 0 to 1; h <- 0 to 1)
      assertClose(merged.gaussNewton()(g)(h), whole.gaussNewton()(g)(h), Rounding)
    assert(
      Rows.refusal(new LossSums(1, Terms.VALUE).merge(new LossSums(2, Terms.WIDTHS))) ==
        "the sums must have length 7, but has 17"
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
    val sums = Loo.loss(keys, part, Array(2.0))
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
      val back = LossSums.of(w.length, Terms.WIDTHS, fields)
      assert(bits(back.toArray) == bits(fields))
      assert(back.rows == 40 && back.noKeys == 0 && back.loss == sums.loss)
      assert(bits(back.gradient) == bits(sums.gradient))
      assert(bits(back.gaussNewton.flatten) == bits(sums.gaussNewton.flatten))
      assert(bits(back.merge(sums).toArray) == bits(fields.map(_ * 2)))
    }
    for (length <- Seq(0, 6, 8))
      assert(
        Rows.refusal(LossSums.of(1, Terms.VALUE, new Array[Double](length))) ==
          s"the fields of the sums must have length 7, but has $length"
      )
  }
}
