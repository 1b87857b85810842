package ml.regard.optim

import java.util.{List, Optional}

import ml.regard.Rows
import ml.regard.Rows.bits
import ml.regard.kernel.{LeaveOut, LossSums}
import ml.regard.optim.LocalObjective.rowwise
import org.scalatest.funsuite.AnyFunSuite

/** What the solvers keep when an evaluation is cancelled. */
class CancelledLearningSuite extends AnyFunSuite {
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
    override def evaluate(request: LossRequest): Array[LossSums] = answer(super.evaluate(request))
  }

  private def search(newton: Boolean)(maxIter: Int) =
    new WidthSearch(
      newton,
      rowwise,
      maxIter,
      0,
      LossReduction.MEAN,
      1,
      42,
      scales,
      Optional.empty()
    )
  private def miniBatches(maxIter: Int) =
    new MiniBatchSgd(rowwise, 1, maxIter, LossReduction.MEAN, 0.3, 42, scales)
  private def plain(maxIter: Int) =
    new PlainSgd(0.1, maxIter, LossReduction.MEAN, LeaveOut.ROW, 0.5, 42)
  private val solvers: Map[String, Int => WidthOptimizer] =
    Map(
      "sgd" -> search(newton = false),
      "newton" -> search(newton = true),
      "mini-batches" -> miniBatches,
      "plain steps" -> plain
    )

  for ((name, solver) <- solvers)
    test(s"$name: cancelled after step k, a solver has what maxIter k would have learned") {
      for (k <- Seq(1, 2, 5)) {
        val cancelled = solver(9).learn(new CancelledAfter(k), List.of(start), quiet)
        val short = solver(k).learn(new LocalObjective(keys), List.of(start), quiet)
        assert(bits(cancelled.inverseWidths) == bits(short.inverseWidths))
        assert(cancelled.stopReason == s"cancelled after step $k")
        assert(cancelled.iterations.size == k)
      }
    }

  test("sgd and newton: the loss of what is kept is known, and costs no evaluation") {
    for (newton <- Seq(true, false); k <- 1 to 4) {
      val kept = search(newton)(9).learn(new CancelledAfter(k), List.of(start), quiet)
      val losses = kept.iterations.stream.mapToDouble(_.loss).toArray
      assert(kept.cancelled && kept.last.get.meanLoss == losses.min)
    }
  }

  test("of several starts that were cancelled the best is kept") {
    val starts = List.of(Array(50.0, 50.0), start)
    for (k <- 1 to 6) {
      val kept = search(newton = true)(4).learn(new CancelledAfter(k), starts, quiet)
      assert(kept.cancelled && kept.iterations.size == math.min(k, 4))
    }
    intercept[LearningCancelled](
      search(newton = true)(4).learn(new CancelledAfter(0), starts, quiet)
    )
  }

  test("cancelled before the end of the first step, there is nothing to keep") {
    for (solver <- solvers.values)
      intercept[LearningCancelled](solver(9).learn(new CancelledAfter(0), List.of(start), quiet))
    intercept[LearningCancelled](StartScan.run(new CancelledAfter(0), rowwise, scales, 42))
  }
}
