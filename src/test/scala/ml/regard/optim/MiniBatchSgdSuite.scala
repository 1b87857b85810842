package ml.regard.optim

import ml.regard.Rows
import ml.regard.Rows.assertClose
import ml.regard.optim.LocalObjective.{Asking, rowwise}
import org.scalatest.funsuite.AnyFunSuite

class MiniBatchSgdSuite extends AnyFunSuite {
  private val quiet: WidthOptimizer.Progress = (_, _, _) => ()
  private val d2l = Rows.csv("golden/d2l/train.csv")

  private def learn(
      rows: Rows,
      start: Array[Double],
      maxIter: Int,
      fraction: Double = 0.5,
      seed: Long = 42
  ): Learned = {
    val keys = rows.pack
    val scales = FeatureScales.of(keys, keys.numKeys, false)
    new MiniBatchSgd(rowwise, 1, maxIter, LossReduction.SUM, fraction, seed, scales)
      .learn(new LocalObjective(keys), java.util.List.of(start), quiet)
  }

  test("no steps leave the start as it is") {
    val learned = learn(d2l, Array(0.8), maxIter = 0)
    assert(learned.inverseWidths.toSeq == Seq(0.8))
    assert(learned.passes == 0)
  }

  test("mini-batches come within 2% of the optimum, repeat, and differ by seed") {
    val rows = Rows.random(1200, 1, seed = 9)
    val keys = rows.pack
    val scales = FeatureScales.of(keys, keys.numKeys, false)
    val scan = StartScan.run(new LocalObjective(keys), rowwise, scales, 42)
    val mini = learn(rows, scan.starts.get(0), 40, 0.1)
    assert(rows.looLoss(mini.inverseWidths) < 1.02 * scan.values.min * rows.size)
    val again = learn(rows, scan.starts.get(0), 40, 0.1)
    assert(again.inverseWidths.toSeq == mini.inverseWidths.toSeq)
    val other = learn(rows, scan.starts.get(0), 40, 0.1, seed = 1)
    assert(other.inverseWidths.toSeq != mini.inverseWidths.toSeq)
    assertClose(mini.passes, 4, 1e-12)
  }

  test("mini-batches step by exponential means of gradient and Gauss-Newton matrix") {
    // delta = -(G + mu)^-1 g in one dimension, mu = 1e-3 G, g and G means with 0.9 of the past.
    val keys = d2l.pack
    val objective = new LocalObjective(keys)
    var (w, g, matrix) = (2.0, 0.0, 0.0)
    val expected = for (step <- 1 to 5) yield {
      val sums = objective.lossAndGradient(Array(w), Batch.of(0.5, 42, step))
      g = 0.9 * g + 0.1 * sums.gradient()(0) / sums.weight
      matrix = 0.9 * matrix + 0.1 * sums.gaussNewton()(0)(0) / sums.weight
      val delta = -g / (1.001 * matrix)
      w = w / math.exp(math.max(-0.5, math.min(0.5, delta)))
      w
    }
    val steps = learn(d2l, Array(2.0), maxIter = 5).iterations
    for (step <- 0 until 5) assertClose(steps.get(step).inverseWidths.head, expected(step), 1e-12)
  }

  test("the result of mini-batches is the geometric mean of the last quarter of the widths") {
    val learned = learn(d2l, Array(2.0), maxIter = 10)
    val last = learned.iterations.toArray(Array.empty[Learned.Iteration]).takeRight(3)
    val logs = last.map(step => math.log(step.inverseWidths.head))
    assertClose(learned.inverseWidths.head, math.exp(logs.sum / 3), 1e-14)
  }
}
