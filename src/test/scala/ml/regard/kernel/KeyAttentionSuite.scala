package ml.regard.kernel

import java.util.function.Predicate

import scala.jdk.CollectionConverters._
import scala.util.Random

import ml.regard.Rows
import ml.regard.Rows.{assertClose, bits}
import org.scalatest.funsuite.AnyFunSuite

/** Top keys and quantiles are what all attention weights, sorted, say. */
class KeyAttentionSuite extends AnyFunSuite {
  private val Rounding = 1e-12

  /** Below this a double has fewer digits. */
  private val Least = 1e-300

  /** Few places and few values, so that keys, values and weights tie. */
  private def tied(rows: Rows): Rows =
    rows.copy(
      features = rows.features.map(_.map(_.round.toDouble)),
      values = rows.values.map(_.round.toDouble)
    )

  private def queries(rows: Rows, count: Int, seed: Long): Array[Array[Double]] = {
    val random = new Random(seed)
    Array.fill(count)(rows.features(random.nextInt(rows.size)).map(_ + random.nextGaussian() / 4))
  }

  /** The K largest of all weights, and of equal ones the lower position. */
  private def obvious(weights: Array[Double], count: Int): Seq[(Int, Double)] =
    weights.zipWithIndex
      .map(_.swap)
      .filter(_._2 > Least)
      .sortBy { case (j, a) => (-a, j) }
      .take(count)
      .toSeq

  private def assertTop(
      keys: PackedKeys,
      asking: QueryBlock,
      w: Array[Double],
      count: Int
  ): Unit = {
    val weights = AttentionPooling.weights(keys, asking, w)
    for ((all, row) <- KeyAttention.of(keys, asking, w).top(count).zip(weights)) {
      val found = all.filter(_.weight > Least)
      val expected = obvious(row, count)
      assert(found.map(_.position).toSeq == expected.map(_._1))
      for ((key, (j, a)) <- found.zip(expected)) {
        assert(math.abs(key.weight - a) <= Rounding && math.abs(key.weight / a - 1) <= 1e-9)
        assert(key.value == keys.value(j))
        assert(key.features.toSeq == (0 until keys.dim).map(keys.feature(j, _)))
      }
    }
  }

  for (dim <- Seq(1, 2, 3, 7); weighted <- Seq(false, true)) {
    test(s"the top keys are the largest of all weights: $dim features, weighted $weighted") {
      val rows = Rows.random(3500, dim, seed = dim, weighted)
      val keys = rows.pack
      for (h <- Seq(0.02, 0.3, 5.0); count <- Seq(1, 5, 1500)) {
        val w = Array.tabulate(dim)(f => (1 + f) / h)
        assertTop(keys, QueryBlock.of(dim, queries(rows, 20, seed = 9)), w, count)
      }
    }
  }

  test("of keys with equal weights those of lower position, keys at one place one by one") {
    val rows = tied(Rows.random(2500, 2, seed = 1))
    val asking = QueryBlock.of(2, queries(rows, 30, seed = 2).map(_.map(_.round.toDouble)))
    for (count <- Seq(1, 7, 200)) assertTop(rows.pack, asking, Array(1.0), count)
  }

  test("a query that is far from every key has its nearest keys") {
    val keys = Rows.random(2100, 2, seed = 3).pack
    val asking = QueryBlock.of(2, Array(Array(1e3, -40.0), Array(1e9, 1e9)))
    assertTop(keys, asking.select(Array(0)), Array(2.0), 5)
    val far = KeyAttention.of(keys, asking, Array(50.0)).top(3)
    for (found <- far) assert(math.abs(found.map(_.weight).sum - 1) < 1e-6)
  }

  test("fewer keys than are asked for are all that there are") {
    val keys = Rows.random(3, 1, seed = 4).pack
    val found = KeyAttention.of(keys, QueryBlock.of(1, Array(Array(1.0))), Array(1.0)).top(10).head
    assert(found.map(_.position).toSet == Set(0, 1, 2))
    assertClose(found.map(_.weight).sum, 1, Rounding)
  }

  test("rows of the training data leave out what they are told to") {
    val rows = tied(Rows.random(1500, 2, seed = 5))
    val chunk = new RowChunk(2)
    for (i <- 0 until rows.size) chunk.add(rows.features(i), rows.values(i), 1, i % 3)
    val folded = new KeyPacker(2).addAll(chunk).pack()
    for (leaveOut <- LeaveOut.values) {
      val keys = if (leaveOut == LeaveOut.FOLD) folded else folded.withoutFolds
      val asking = TrainingQueries.of(keys, Array(0, 3, 700, 1400), leaveOut).block
      assertTop(keys, asking, Array(1.5), 6)
      assertQuantiles(keys, asking, Array(1.5))
    }
    val alone = Rows.random(1, 2, seed = 6).pack
    val asking = TrainingQueries.of(alone, Array(0), LeaveOut.ROW).block
    val attention = KeyAttention.of(alone, asking, Array(1.0))
    assert(attention.top(2).head.isEmpty)
    assert(attention.quantiles(Array(0.5)).head.head.isNaN)
  }

  test("blocks that cannot hold one of the top keys are not read") {
    val keys = Rows.random(60000, 2, seed = 7).pack
    val asking = QueryBlock.of(2, Array(Array(2.5, 2.5), Array(2.6, 2.5)))
    for (h <- Seq(0.1, 100.0)) {
      val counted = new CountedKeys(keys)
      val attention = KeyAttention.of(counted, asking, Array(1 / h))
      counted.read = 0
      attention.top(5)
      assert(counted.read >= 1 && counted.read <= 12, counted.read)
    }
  }

  /** Keys that read only the blocks wanted, as keys in files do, and count them. */
  private final class CountedKeys(keys: PackedKeys) extends Keys {
    var read = 0
    override def dim: Int = keys.dim
    override def numKeys: Int = keys.numKeys
    override def valueCentre: Double = keys.valueCentre
    override def summaries: java.util.List[BlockSummary] = keys.summaries
    override def blocks: java.util.Iterator[KeyBlock] = keys.blocks
    override def blocks(wanted: Predicate[BlockSummary]): java.util.Iterator[KeyBlock] =
      keys.blocks.asScala.filter(b => wanted.test(b.summary)).map { b => read += 1; b }.asJava
  }

  private val Probabilities = Array(0.5, 0.0, 0.1, 1.0, 0.9, 0.25)

  /** The smallest value v with (the weight of all values up to v) >= p, and what is near it. */
  private def obviousQuantile(weights: Array[Double], values: Array[Double], p: Double): Double = {
    val target = math.max(p - 1e-12, 1e-12)
    val sorted = values.zip(weights).sortBy(_._1)
    val sums = sorted.map(_._2).scanLeft(0.0)(_ + _).tail
    // The last of equal values has the weight of all of them; the first has their value.
    sorted(sums.indexWhere(_ >= target))._1
  }

  private def assertQuantiles(keys: PackedKeys, asking: QueryBlock, w: Array[Double]): Unit = {
    val rows = Rows.of(keys)
    val weights = AttentionPooling.weights(keys, asking, w)
    for ((found, row) <- KeyAttention.of(keys, asking, w).quantiles(Probabilities).zip(weights))
      for ((v, p) <- found.zip(Probabilities))
        assert(v == obviousQuantile(row, rows.values, p), s"at $p")
  }

  for (dim <- Seq(1, 2, 7); weighted <- Seq(false, true)) {
    test(s"quantiles are those of all values, sorted: $dim features, weighted $weighted") {
      val rows = Rows.random(2600, dim, seed = 10 + dim, weighted)
      for (h <- Seq(0.05, 0.5, 20.0)) {
        val asking = QueryBlock.of(dim, queries(rows, 20, seed = 11))
        assertQuantiles(rows.pack, asking, Array(1 / h))
        val few = rows.copy(values = rows.values.map(_.round.toDouble))
        assertQuantiles(few.pack, asking, Array(1 / h))
      }
    }
  }

  test("values of every magnitude are told apart") {
    val random = new Random(12)
    val rows = Rows.random(1500, 1, seed = 12)
    val values = Seq[Int => Double](
      i => (if (i % 2 == 0) 1 else -1) * math.pow(2, random.nextInt(800) - 400),
      i => if (i == 0) 1e150 else 1 + i * 2.220446049250313e-16,
      i => if (i == 0) -1e150 else random.nextGaussian() * 4.9e-324,
      _ => 3.0
    )
    for (value <- values) {
      val keys = rows.copy(values = Array.tabulate(rows.size)(value)).pack
      assertQuantiles(keys, QueryBlock.of(1, Array(Array(1.0), Array(4.0))), Array(0.3))
    }
  }

  test("equal weights: the smallest value whose share reaches p, at p itself too") {
    val rows = Rows(Array.fill(4)(Array(1.0)), Array(10, 20, 30, 40), Array.fill(4)(1.0))
    val asking = QueryBlock.of(1, Array(Array(1.3)))
    val p = Array(0, 0.2, 0.25, 0.26, 0.5, 0.75, 0.76, 1)
    val found = KeyAttention.of(rows.pack, asking, Array(1.0)).quantiles(p).head
    assert(found.toSeq == Seq(10, 10, 10, 20, 20, 30, 40, 40))
  }

  test("a key that carries nothing has no say, at p 0 and 1 neither") {
    val rows = Rows(Array(Array(0.0), Array(1.0), Array(9.0)), Array(1, 2, -50), Array(1, 1, 1))
    val asking = QueryBlock.of(1, Array(Array(0.5)))
    val found = KeyAttention.of(rows.pack, asking, Array(1.0)).quantiles(Array(0, 1)).head
    assert(found.toSeq == Seq(1, 2))
  }

  test("more queries than are searched for together, and none") {
    val rows = Rows.random(40, 1, seed = 13)
    val asking = QueryBlock.of(1, queries(rows, 1500, seed = 14))
    assertQuantiles(rows.pack, asking, Array(2.0))
    val none = KeyAttention.of(rows.pack, QueryBlock.of(1, Array.empty), Array(1.0))
    assert(none.top(3).isEmpty && none.quantiles(Array(0.5)).isEmpty)
    val no = KeyAttention.of(rows.pack, asking, Array(1.0)).quantiles(Array.empty)
    assert(no.length == 1500 && no.forall(_.isEmpty))
  }

  test("answers do not depend on the queries beside") {
    val rows = Rows.random(5000, 2, seed = 15, weighted = true)
    val keys = rows.pack
    val asking = QueryBlock.of(2, queries(rows, 40, seed = 16))
    val together = KeyAttention.of(keys, asking, Array(3.0))
    val (top, quantiles) = (together.top(4), together.quantiles(Probabilities))
    for (i <- 0 until asking.size) {
      val alone = KeyAttention.of(keys, asking.select(Array(i)), Array(3.0))
      val one = alone.top(4).head
      assert(one.map(_.position).toSeq == top(i).map(_.position).toSeq)
      assert(bits(one.map(_.weight)) == bits(top(i).map(_.weight)))
      assert(bits(alone.quantiles(Probabilities).head) == bits(quantiles(i)))
    }
  }

  test("what cannot be is refused") {
    val keys = Rows.random(5, 1, seed = 17).pack
    val attention = KeyAttention.of(keys, QueryBlock.of(1, Array(Array(1.0))), Array(1.0))
    assert(Rows.refusal(attention.top(0)).contains("number of keys"))
    assert(Rows.refusal(attention.quantiles(Array(1.5))).contains("in [0, 1], but was 1.5"))
    Rows.refusal(KeyAttention.of(keys, QueryBlock.of(2, Array(Array(1.0, 2.0))), Array(1.0)))
  }
}
