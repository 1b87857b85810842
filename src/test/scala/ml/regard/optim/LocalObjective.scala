package ml.regard.optim

import ml.regard.kernel.{LeaveOneOut, LossSums, PackedKeys}

/** The leave-one-out objective without Spark: one sum over all rows of the batch. */
class LocalObjective(keys: PackedKeys) extends Objective {
  override def numRows: Int = keys.numKeys

  override def lossAndGradient(inverseWidths: Array[Double], batch: Batch): LossSums =
    LeaveOneOut.lossAndGradient(keys, rows(batch), inverseWidths)

  override def losses(candidates: Array[Array[Double]], batch: Batch): Array[LossSums] =
    candidates.map(LeaveOneOut.loss(keys, rows(batch), _))

  private def rows(batch: Batch): Array[Int] =
    (0 until keys.numKeys).filter(batch.contains(_)).toArray
}
