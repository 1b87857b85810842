package ml.regard.job

/** The textbook's training loop as one would write it down, with no code of the project. */
object Textbook {
  final case class Epoch(loss: Double, inverseWidth: Double)

  /** Full-batch descent on w at a fixed rate; loss before each step, signed w after it. */
  def train(
      rows: Array[(Double, Double)],
      start: Double,
      rate: Double,
      epochs: Int
  ): Array[Epoch] = {
    var w = start
    Array.fill(epochs) {
      val (loss, gradient) = lossAndGradient(rows, w)
      w -= rate * gradient
      Epoch(loss, w)
    }
  }

  /** sum r^2 and its derivative by w, r the residual of each row predicted from all others. */
  private def lossAndGradient(rows: Array[(Double, Double)], w: Double): (Double, Double) = {
    val parts = for (((x, y), i) <- rows.zipWithIndex) yield {
      val others = rows.indices.filter(_ != i).map(rows)
      val logits = others.map { case (k, _) => -0.5 * math.pow((x - k) * w, 2) }
      val e = logits.map(z => math.exp(z - logits.max))
      val a = e.map(_ / e.sum)
      val prediction = a.zip(others).map { case (p, (_, v)) => p * v }.sum
      // dz_j/dw = -w (x - k_j)^2, and d softmax: dy = sum_j a_j dz_j (v_j - y).
      val derivative = a
        .zip(others)
        .map { case (p, (k, v)) =>
          p * -w * (x - k) * (x - k) * (v - prediction)
        }
        .sum
      val residual = y - prediction
      (residual * residual, -2 * residual * derivative)
    }
    (parts.map(_._1).sum, parts.map(_._2).sum)
  }
}
