package ml.regard.kernel

/** Leave-one-out sums in short. */
object Loo {
  def lossAndGradient(keys: PackedKeys, positions: Array[Int], w: Array[Double]): LossSums =
    LeaveOneOut.sums(keys, positions, w, LeaveOut.ROW, Terms.WIDTHS)

  def loss(keys: PackedKeys, positions: Array[Int], w: Array[Double]): LossSums =
    LeaveOneOut.sums(keys, positions, w, LeaveOut.ROW, Terms.VALUE)
}
