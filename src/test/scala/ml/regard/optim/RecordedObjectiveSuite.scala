package ml.regard.optim

import java.util.Optional

import scala.collection.mutable

import ml.regard.{DataException, Rows}
import ml.regard.kernel.{LeaveOut, LossSums, Terms}
import ml.regard.optim.LocalObjective.{Asking, rowwise}
import org.scalatest.funsuite.AnyFunSuite

class RecordedObjectiveSuite extends AnyFunSuite {
  private val quiet: WidthOptimizer.Progress = (_, _, _) => ()
  private val keys = Rows.random(120, 2, seed = 3, weighted = true).pack
  private val scales = FeatureScales.of(keys, keys.numKeys, false)

  private class Memory(past: Seq[Evaluation] = Nil) extends EvaluationLog {
    private val unread = mutable.Queue.from(past)
    val appended: mutable.Buffer[Evaluation] = mutable.Buffer.empty
    override def next(): Optional[Evaluation] =
      if (unread.isEmpty) Optional.empty() else Optional.of(unread.dequeue())
    override def append(evaluation: Evaluation): Unit = appended += evaluation
    override def close(): Unit = ()
  }

  private class Counting extends LocalObjective(keys) {
    var evaluations = 0
    override def evaluate(request: LossRequest): Array[LossSums] = {
      evaluations += 1
      super.evaluate(request)
    }
  }

  private val solvers: Map[String, WidthOptimizer] = Map(
    "sgd" -> search(newton = false),
    "newton" -> search(newton = true),
    "mini-batches" ->
      new MiniBatchSgd(rowwise, 1, 12, LossReduction.MEAN, 0.3, 42, scales),
    "plain steps" -> new PlainSgd(0.1, 12, LossReduction.MEAN, LeaveOut.ROW, 0.5, 42)
  )

  /** From a sample of 24 of the 120 rows on. */
  private def search(newton: Boolean) =
    new WidthSearch(
      newton,
      rowwise,
      12,
      1e-6,
      LossReduction.MEAN,
      0.2,
      42,
      scales,
      Optional.empty()
    )

  private def fit(solver: WidthOptimizer, objective: Objective): Learned = {
    val scan = StartScan.run(objective, rowwise, scales, 42)
    solver.learn(objective, scan.starts, quiet).after(scan)
  }

  private def assertSame(a: Learned, b: Learned): Unit = {
    assert(Rows.bits(a.inverseWidths) == Rows.bits(b.inverseWidths))
    assert(a.last.isPresent == b.last.isPresent)
    a.last.ifPresent(sums => assert(Rows.bits(sums.toArray) == Rows.bits(b.last.get.toArray)))
    assert(a.iterations.size == b.iterations.size && a.stopReason == b.stopReason)
    assert(a.passes == b.passes)
  }

  for ((name, solver) <- solvers)
    test(s"$name: a fit that starts again after any evaluation ends with the same bits") {
      val whole = new Memory
      val undisturbed = fit(solver, new RecordedObjective(new LocalObjective(keys), whole))
      assertSame(undisturbed, fit(solver, new LocalObjective(keys)))
      for (known <- 0 to whole.appended.size) {
        val log = new Memory(whole.appended.take(known).toSeq)
        val local = new Counting
        val objective = new RecordedObjective(local, log)
        assertSame(fit(solver, objective), undisturbed)
        assert(objective.replayed == known)
        assert(local.evaluations == whole.appended.size - known)
        assert(log.appended.size == whole.appended.size - known)
      }
    }

  test("a record of another question is refused") {
    val log = new Memory
    val w = Array(1.0, 2.0)
    new RecordedObjective(new LocalObjective(keys), log).lossAndGradient(w, Batch.of(0.5, 7, 3))
    def again(ask: Objective => Any): String =
      intercept[DataException](
        ask(new RecordedObjective(new Counting, new Memory(log.appended.toSeq)))
      ).getMessage
    val moved = again(_.lossAndGradient(Array(1.0, Math.nextUp(2.0)), Batch.of(0.5, 7, 3)))
    assert(moved.contains("evaluation 1 of the checkpoint was of inverse widths [[1.0, 2.0]]"))
    assert(
      moved.contains(
        "this fit asks for inverse widths [[1.0, 2.0000000000000004]] over 0.5 of the rows"
      )
    )
    for (batch <- Seq(Batch.of(0.5, 7, 4), Batch.of(0.5, 8, 3), Batch.of(0.4, 7, 3), Batch.all))
      again(_.lossAndGradient(w, batch))
    again(_.losses(Array(w), Batch.of(0.5, 7, 3)))
    for (leaveOut <- Seq(LeaveOut.NONE, LeaveOut.TIES))
      again(
        _.evaluate(new LossRequest(Array(w), Batch.of(0.5, 7, 3), leaveOut, Terms.WIDTHS))
      )
  }

  test("what is recorded does not change with the caller's arrays") {
    val log = new Memory
    val w = Array(1.0, 2.0)
    new RecordedObjective(new LocalObjective(keys), log).lossAndGradient(w, Batch.all)
    w(0) = 9
    assert(log.appended.head.request.inverseWidths.head.toSeq == Seq(1.0, 2.0))
  }
}
