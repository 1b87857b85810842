package ml.regard.optim

import ml.regard.kernel.{LeaveOneOut, LeaveOut, LossSums, PackedKeys, Terms}

/** The objective without Spark: one sum over all rows of the batch. */
class LocalObjective(keys: PackedKeys) extends Objective {
  override def numRows: Int = keys.numKeys

  override def evaluate(request: LossRequest): Array[LossSums] = {
    val rows = (0 until keys.numKeys).filter(request.batch.contains(_)).toArray
    request.inverseWidths.map(
      LeaveOneOut.sums(keys, rows, _, request.leaveOut, request.terms)
    )
  }
}

object LocalObjective {

  /** Questions in short, each row without itself. */
  implicit class Asking(objective: Objective) {
    def lossAndGradient(w: Array[Double], batch: Batch): LossSums =
      objective.evaluate(new LossRequest(Array(w), batch, LeaveOut.ROW, Terms.WIDTHS)).head

    def losses(candidates: Array[Array[Double]], batch: Batch): Array[LossSums] =
      objective.evaluate(new LossRequest(candidates, batch, LeaveOut.ROW, Terms.VALUE))
  }

  val rowwise: Criterion = Criterion.leaving(LeaveOut.ROW)
}
