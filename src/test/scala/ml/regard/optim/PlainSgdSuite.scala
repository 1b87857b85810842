package ml.regard.optim

import ml.regard.{DataException, Golden, Rows}
import ml.regard.Rows.assertClose
import ml.regard.kernel.LeaveOut
import org.scalatest.funsuite.AnyFunSuite

class PlainSgdSuite extends AnyFunSuite {
  private val Reference = 1e-9
  private val d2l = Rows.csv("golden/d2l/train.csv")
  private val sd = Golden.standardDeviation(d2l.values)
  private val quiet: WidthOptimizer.Progress = (_, _, _) => ()

  private def learn(
      rows: Rows,
      start: Array[Double],
      stepSize: Double,
      maxIter: Int,
      reduction: LossReduction = LossReduction.SUM,
      fraction: Double = 1,
      seed: Long = 42
  ): Learned =
    new PlainSgd(stepSize, maxIter, reduction, LeaveOut.ROW, fraction, seed)
      .learn(new LocalObjective(rows.pack), java.util.List.of(start), quiet)

  /** Loss and dL/dw of one shared width: dL/dw = -2 sum_i r_i dy_i/dw, dy/dw = -w sum_j a_j (v_j -
    * y) D_j.
    */
  private def lossAndSlope(rows: Rows, w: Double): (Double, Double) = {
    val terms = (0 until rows.size).map { i =>
      val others = rows.without(i)
      val query = rows.features(i)
      val attention = others.attention(query, Array(w))
      val y = others.pooled(query, Array(w))
      val slopes = (0 until others.size).map { j =>
        val distance = query.zip(others.features(j)).map { case (q, k) => (q - k) * (q - k) }.sum
        attention(j) * (others.values(j) - y) * distance
      }
      val residual = rows.values(i) - y
      (residual * residual, -2 * residual * -w * slopes.sum)
    }
    (terms.map(_._1).sum, terms.map(_._2).sum)
  }

  test("the textbook's losses and inverse widths") {
    val expected = Golden.d2lExpected
    val learned = learn(d2l, Array(expected.get("initialInverseWidth").asDouble), 0.5, 5)
    val widths = Golden.numbers(expected.get("inverseWidthAfterEachEpoch"))
    val steps = learned.iterations.toArray(Array.empty[Learned.Iteration])
    Golden.assertWithin(
      steps.map(_.loss),
      Golden.numbers(expected.get("lossPerEpoch")),
      Reference,
      sd
    )
    Golden.assertWithin(steps.map(_.inverseWidths.head), widths, Reference, 0)
    Golden.assertWithin(
      steps.map(_.gradientNorm),
      Golden.numbers(expected.get("gradientPerEpoch")).map(math.abs),
      Reference,
      sd
    )
    assert(learned.inverseWidths.toSeq == steps.last.inverseWidths.toSeq)
    assert(steps.map(_.step).toSeq == (1 to 5))
    assert(learned.passes == 5 && learned.stopReason == "maxIter 5 reached")
  }

  test("w may pass through zero and turn negative: |w| is the inverse width") {
    // Step size 30 from w = 7 on golden/d2l: 7, -5.8, 6.1, -6.4, 6.4, -6.4, 6.4.
    val stepSize = 30.0
    val recurrence =
      Iterator.iterate(7.0)(w => w - stepSize * lossAndSlope(d2l, w)._2).take(7).toArray
    assert(recurrence.count(_ < 0) == 3)
    val learned = learn(d2l, Array(7.0), stepSize, 6)
    val steps = learned.iterations.toArray(Array.empty[Learned.Iteration])
    Golden.assertWithin(
      steps.map(_.inverseWidths.head),
      recurrence.tail.map(math.abs),
      Reference,
      0
    )
    Golden.assertWithin(
      steps.map(_.loss),
      recurrence.init.map(w => lossAndSlope(d2l, w)._1),
      Reference,
      sd
    )
    assertClose(learned.inverseWidths.head, math.abs(recurrence.last), Reference)
    assert(learned.inverseWidths.head > 0)
  }

  test("a negative start takes the steps of its magnitude") {
    val positive = learn(d2l, Array(7.0), 30, 4).inverseWidths
    assert(learn(d2l, Array(-7.0), 30, 4).inverseWidths.toSeq == positive.toSeq)
  }

  test("one inverse width per feature: each takes its own slope") {
    val rows = Rows.random(30, 2, seed = 3, weighted = true)
    val Step = 1e-5
    def slope(w: Array[Double], g: Int) =
      (rows.looLoss(w.updated(g, w(g) + Step)) - rows.looLoss(w.updated(g, w(g) - Step))) /
        (2 * Step)
    val start = Array(0.8, 1.3)
    val expected = start.indices.map(g => start(g) - 0.01 * slope(start, g))
    for ((a, b) <- learn(rows, start, 0.01, 1).inverseWidths.zip(expected)) assertClose(a, b, 1e-8)
  }

  test("inverse width 0 is a stationary point and stays") {
    assert(learn(d2l, Array(0.0), 0.5, 3).inverseWidths.toSeq == Seq(0))
  }

  test("the mean loss at n times the step size takes the steps of the sum") {
    val sum = learn(d2l, Array(0.92), 0.5, 3, LossReduction.SUM)
    val mean = learn(d2l, Array(0.92), 0.5 * d2l.size, 3, LossReduction.MEAN)
    for ((a, b) <- mean.inverseWidths.zip(sum.inverseWidths)) assertClose(a, b, Reference)
    for (step <- 0 until 3)
      assertClose(
        mean.iterations.get(step).loss * d2l.size,
        sum.iterations.get(step).loss,
        Reference
      )
  }

  test("the mean loss is the sum over the sum of the weights") {
    val rows = Rows.random(40, 1, seed = 5, weighted = true)
    val mean = learn(rows, Array(1.0), 0.5, 1, LossReduction.MEAN).iterations.get(0).loss
    assertClose(mean, rows.looLoss(Array(1.0)) / rows.weights.sum, 1e-12)
  }

  test("mini-batches repeat, differ by seed, and look at their rows only") {
    def mini(seed: Long) =
      learn(d2l, Array(3.0), 0.01, 4, LossReduction.SUM, fraction = 0.4, seed)
    assert(mini(1).inverseWidths.toSeq == mini(1).inverseWidths.toSeq)
    assert(mini(1).inverseWidths.toSeq != mini(2).inverseWidths.toSeq)
    val canonical = Rows.of(d2l.pack)
    val chosen = (0 until d2l.size).filter(Batch.of(0.4, 1, 1).contains(_))
    val loss = chosen.map { i =>
      val r = canonical.values(i) - canonical.without(i).pooled(canonical.features(i), Array(3.0))
      r * r
    }.sum
    assertClose(mini(1).iterations.get(0).loss, loss, Reference)
    assertClose(mini(1).passes, 4 * 0.4, 1e-15)
  }

  test("a batch without rows moves nothing") {
    val two = Rows.random(2, 1, seed = 4)
    val seed = (1L to 100L).find(s => !Seq(0L, 1L).exists(Batch.of(0.1, s, 1).contains)).get
    val start = Array(1.0)
    val learned = learn(two, start, 0.5, 1, LossReduction.MEAN, fraction = 0.1, seed)
    assert(learned.inverseWidths.toSeq == start.toSeq)
  }

  test("no steps leave the start as it is, and the start array is not written to") {
    val start = Array(-2.0)
    assert(learn(d2l, start, 0.5, 0).inverseWidths.toSeq == Seq(2))
    learn(d2l, start, 0.5, 2)
    assert(start.toSeq == Seq(-2))
  }

  test("learning that diverges says so") {
    for (stepSize <- Seq(1e160, 1e308)) {
      val thrown = intercept[DataException](learn(d2l, Array(0.92), stepSize, 3))
      assert(thrown.getMessage.startsWith("learning diverged at step 1 of step size"))
    }
  }

  test("progress is told of every step and the loss of the step before") {
    val told = Seq.newBuilder[(Int, Int, Double)]
    val progress: WidthOptimizer.Progress = (step, maxIter, loss) => told += ((step, maxIter, loss))
    val learned = new PlainSgd(0.5, 3, LossReduction.SUM, LeaveOut.ROW, 1, 1)
      .learn(new LocalObjective(d2l.pack), java.util.List.of(Array(0.92)), progress)
    val steps = told.result()
    assert(steps.map(_._1) == Seq(1, 2, 3) && steps.forall(_._2 == 3))
    assert(steps.head._3.isNaN)
    assert(steps.tail.map(_._3) == Seq(0, 1).map(learned.iterations.get(_).loss))
  }
}
