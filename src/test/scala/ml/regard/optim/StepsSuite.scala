package ml.regard.optim

import ml.regard.Rows
import ml.regard.Rows.bits
import ml.regard.kernel.LossSums
import org.scalatest.funsuite.AnyFunSuite

/** What the solvers keep when an evaluation is cancelled. */
class StepsSuite extends AnyFunSuite {
  private val quiet: WidthOptimizer.Progress = (_, _, _) => ()
  private val rows = Rows.random(120, 2, seed = 3)
  private val keys = rows.pack
  private val scales = FeatureScales.of(keys, keys.numKeys, false)
  private val start = Array(0.5, 0.5)

  /** Answers so many evaluations and is cancelled then. */
  private class CancelledAfter(answers: Int) extends LocalObjective(keys) {
    private var left = answers
    private def answer[T](value: => T): T = {
      if (left == 0) throw new LearningCancelled(new RuntimeException("by hand"))
      left -= 1
      value
    }
    override def lossAndGradient(w: Array[Double], batch: Batch): LossSums =
      answer(super.lossAndGradient(w, batch))
    override def losses(candidates: Array[Array[Double]], batch: Batch): Array[LossSums] =
      answer(super.losses(candidates, batch))
  }

  private def allRows(maxIter: Int) =
    new PreconditionedSgd(1, maxIter, 0, LossReduction.MEAN, 1, 42, scales)
  private def miniBatches(maxIter: Int) =
    new PreconditionedSgd(1, maxIter, 0, LossReduction.MEAN, 0.3, 42, scales)
  private def plain(maxIter: Int) = new PlainSgd(0.1, maxIter, LossReduction.MEAN, 0.5, 42)
  private val solvers: Map[String, Int => WidthOptimizer] =
    Map("all rows" -> allRows, "mini-batches" -> miniBatches, "plain steps" -> plain)

  for ((name, solver) <- solvers)
    test(s"$name: cancelled after step k, a solver has what maxIter k would have learned") {
      for (k <- Seq(1, 2, 5)) {
        val cancelled = solver(9).learn(new CancelledAfter(k), start, quiet)
        val short = solver(k).learn(new LocalObjective(keys), start, quiet)
        assert(bits(cancelled.inverseWidths) == bits(short.inverseWidths))
        assert(cancelled.stopReason == s"cancelled after step $k")
        assert(cancelled.iterations.size == k && cancelled.passes == short.passes)
      }
    }

  test("all rows: the loss of what is kept is known, and costs no evaluation") {
    val objective = new CancelledAfter(4)
    val learned = allRows(9).learn(objective, start, quiet).evaluated(objective, Batch.all)
    val best = learned.iterations.stream.mapToDouble(_.loss).min.getAsDouble
    assert(learned.last.get.meanLoss == best)
  }

  test("mini-batches: the loss of what is kept is over no row, and none is asked for") {
    val objective = new CancelledAfter(4)
    val learned = miniBatches(9).learn(objective, start, quiet).evaluated(objective, Batch.all)
    assert(learned.last.get.rows == 0 && learned.last.get.rSquared.isNaN)
  }

  test("cancelled in the evaluation at the end, the widths are kept") {
    val objective = new CancelledAfter(3)
    val learned = miniBatches(3).learn(objective, start, quiet).evaluated(objective, Batch.all)
    assert(learned.last.get.rows == 0)
    assert(
      learned.stopReason ==
        "maxIter 3 reached; cancelled before the loss at the learned widths was known"
    )
  }

  test("cancelled before the end of the first step, there is nothing to keep") {
    for (solver <- solvers.values)
      intercept[LearningCancelled](solver(9).learn(new CancelledAfter(0), start, quiet))
    intercept[LearningCancelled](StartScan.find(new CancelledAfter(0), scales, 42))
  }
}
