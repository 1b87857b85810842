package ml.regard

import scala.util.Random

import _root_.ml.regard.kernel.{KeyPacker, PackedKeys}
import org.scalatest.Assertions

/** Training rows as plain arrays with the obvious two-pass formulas: the oracle of the suites. */
final case class Rows(
    features: Array[Array[Double]],
    values: Array[Double],
    weights: Array[Double]
) {
  import Rows.NoRow

  def size: Int = values.length
  def dim: Int = features.head.length

  def pack: PackedKeys = {
    val packer = new KeyPacker(dim)
    for (i <- 0 until size) packer.add(features(i), values(i), weights(i))
    packer.pack()
  }

  def select(indices: Seq[Int]): Rows = {
    val i = indices.toArray
    Rows(i.map(features(_)), i.map(values(_)), i.map(weights(_)))
  }

  def without(row: Int): Rows = select((0 until size).filter(_ != row))

  /** z_j = log c_j - 1/2 sum_f ((q_f - k_jf) w_f)^2, a_j = exp(z_j - max) / (the sum of these). */
  def attention(query: Array[Double], inverseWidths: Array[Double]): Array[Double] =
    attentionBut(NoRow, query, inverseWidths)

  /** sum_j a_j v_j */
  def pooled(query: Array[Double], inverseWidths: Array[Double]): Double =
    mean(attention(query, inverseWidths), values)

  /** sum_j a_j (v_j - y)^2 */
  def variance(query: Array[Double], inverseWidths: Array[Double]): Double = {
    val y = pooled(query, inverseWidths)
    mean(attention(query, inverseWidths), values.map(v => (v - y) * (v - y)))
  }

  /** 1 / sum_j a_j^2 */
  def effectiveKeys(query: Array[Double], inverseWidths: Array[Double]): Double =
    1 / attention(query, inverseWidths).map(a => a * a).sum

  /** exp(-1/2 min_j sum_f ((q_f - k_jf) w_f)^2) */
  def support(query: Array[Double], inverseWidths: Array[Double]): Double =
    math.exp((0 until size).map(j => logit(j, query, inverseWidths) - math.log(weights(j))).max)

  /** dy/dq_f = sum_j a_j (k_jf - q_f) (v_j - y) w_f^2 */
  def marginalEffect(query: Array[Double], inverseWidths: Array[Double]): Array[Double] = {
    val a = attention(query, inverseWidths)
    val y = mean(a, values)
    Array.tabulate(dim) { f =>
      val w = widthOf(inverseWidths, f)
      mean(a, Array.tabulate(size)(j => (features(j)(f) - query(f)) * (values(j) - y))) * w * w
    }
  }

  /** sum_j a_j^2 u_j */
  def squaredAttention(
      query: Array[Double],
      inverseWidths: Array[Double],
      of: Array[Double]
  ): Double =
    mean(attention(query, inverseWidths).map(a => a * a), of)

  /** y_{-i}: the row asks all rows but itself. */
  def looPrediction(row: Int, inverseWidths: Array[Double]): Double =
    mean(attentionBut(row, features(row), inverseWidths), values)

  /** sum_i c_i (y_i - y_{-i})^2 */
  def looLoss(inverseWidths: Array[Double]): Double =
    (0 until size).map { i =>
      val residual = values(i) - looPrediction(i, inverseWidths)
      weights(i) * residual * residual
    }.sum

  private def attentionBut(
      left: Int,
      query: Array[Double],
      inverseWidths: Array[Double]
  ): Array[Double] = {
    val z = Array.tabulate(size)(j => if (j == left) -1 / 0.0 else logit(j, query, inverseWidths))
    val max = z.max
    val e = z.map(logit => math.exp(logit - max))
    val sum = e.sum
    e.map(_ / sum)
  }

  private def logit(j: Int, query: Array[Double], inverseWidths: Array[Double]): Double = {
    var sum = 0.0
    for (f <- 0 until dim) {
      val scaled = (query(f) - features(j)(f)) * widthOf(inverseWidths, f)
      sum += scaled * scaled
    }
    math.log(weights(j)) - 0.5 * sum
  }

  private def mean(attention: Array[Double], of: Array[Double]): Double =
    attention.indices.foldLeft(0.0)((sum, j) => sum + attention(j) * of(j))

  private def widthOf(inverseWidths: Array[Double], f: Int): Double =
    inverseWidths(if (inverseWidths.length == 1) 0 else f)
}

object Rows extends Assertions {
  private val NoRow = -1

  /** Features uniform on [0, 5], values 2 sin x + x^0.8 of their mean plus N(0, 0.5). */
  def random(size: Int, dim: Int, seed: Long, weighted: Boolean = false): Rows = {
    val random = new Random(seed)
    val features = Array.fill(size, dim)(random.nextDouble() * 5)
    val values = features.map { row =>
      val x = row.sum / dim
      2 * math.sin(x) + math.pow(x, 0.8) + 0.5 * random.nextGaussian()
    }
    Rows(features, values, Array.fill(size)(if (weighted) 0.1 + random.nextDouble() * 3 else 1.0))
  }

  /** Rows of one weight from a resource: the last column is the value. */
  def csv(resource: String): Rows = {
    val table = Golden.csv(resource)
    Rows(table.map(_.init), table.map(_.last), Array.fill(table.length)(1.0))
  }

  /** The keys in their canonical order. */
  def of(keys: PackedKeys): Rows = {
    val positions = (0 until keys.numKeys).toArray
    Rows(
      positions.map(j => Array.tabulate(keys.dim)(keys.feature(j, _))),
      positions.map(keys.value),
      positions.map(keys.weight)
    )
  }

  def bits(values: Array[Double]): Seq[Long] =
    values.toSeq.map(java.lang.Double.doubleToRawLongBits)

  /** |a - b| <= tolerance (|b| + scale); neither may be NaN. */
  def assertClose(actual: Double, expected: Double, tolerance: Double, scale: Double = 1): Unit =
    assert(
      math.abs(actual - expected) <= tolerance * (math.abs(expected) + scale),
      s"$actual instead of $expected"
    )

  /** The one sentence of the IllegalArgumentException that a block throws. */
  def refusal(block: => Any): String = intercept[IllegalArgumentException](block).getMessage
}
