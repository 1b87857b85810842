package ml.regard.kernel

import scala.util.Random

import ml.regard.Rows
import ml.regard.Rows.bits
import org.scalatest.funsuite.AnyFunSuite

/** The loops of this process against the plain ones: every sum has the same bits. */
class SupportsSuite extends AnyFunSuite {
  private val sizes = Seq(1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 33, 64, 65, 127, 257, 1021)
  private val widest = 1e9
  private val supports = Seq(new ScalarSupport, AttentionPooling.SUPPORT)

  private def sums(state: PooledState): Seq[Long] = {
    val all = Seq(state.reference, state.s0, state.s1, state.s2, state.q, state.near2) ++
      state.others ++ state.t0 ++ state.t1 ++ state.u0 ++ state.u1 ++
      state.m0 ++ state.m1 ++ state.otherSquares
    all.flatMap(sum => bits(sum.take(state.size)))
  }

  private def assertSameBits(
      keys: PackedKeys,
      queries: QueryBlock,
      w: Array[Double],
      clue: String
  ): Unit =
    for (terms <- Terms.values; safe <- Seq(false, true)) {
      val Seq(scalar, fast) = supports.map { support =>
        val pass =
          new PoolingPass(support, keys, queries, Array(w), terms, Precision.FLOAT64, 0, safe)
        sums(pass.meet(keys).states.head)
      }
      assert(scalar == fast, s"$clue, $terms, safe $safe")
    }

  private def widths(dim: Int): Seq[Array[Double]] =
    Seq(Array(1.7), Array.tabulate(dim)(f => 0.4 + f))

  test("any number of keys and queries") {
    for (size <- sizes; dim <- Seq(1, 2, 3, 4); w <- widths(dim)) {
      val keys = Rows.random(size, dim, seed = size, weighted = true).pack
      val some = QueryBlock.of(dim, Rows.random(18, dim, seed = 5).features)
      assertSameBits(keys, some, w, s"$size keys of $dim features")
      val few = Rows.random(70, dim, seed = 6, weighted = true).pack
      val queries = QueryBlock.of(dim, Rows.random(size, dim, seed = 7).features)
      assertSameBits(few, queries, w, s"$size queries of $dim features")
    }
  }

  test("up to 16 features") {
    for (dim <- Seq(5, 8, 16); w <- widths(dim)) {
      val keys = Rows.random(130, dim, seed = dim, weighted = true).pack
      val queries = QueryBlock.of(dim, Rows.random(33, dim, seed = 8).features)
      assertSameBits(keys, queries, w, s"$dim features")
    }
  }

  test("queries that leave out their row, their ties, their fold or nothing") {
    val rows = Rows.random(2500, 2, seed = 9, weighted = true)
    val packer = new KeyPacker(2)
    val chunk = new RowChunk(2)
    for (i <- 0 until rows.size)
      chunk.add(rows.features(i).map(_.round.toDouble / 4), rows.values(i), 1, i % 3)
    val keys = packer.addAll(chunk).pack()
    val random = new Random(10)
    for (leaveOut <- LeaveOut.values) {
      val positions = (0 until 2500).filter(_ => random.nextInt(20) == 0).toArray
      val queries = TrainingQueries.of(keys, positions, leaveOut).block
      assertSameBits(keys, queries, Array(2.0, 3.0), leaveOut.toString)
    }
  }

  test("several values per key") {
    for (size <- Seq(1, 17, 1021, 1500); dim <- Seq(1, 3); w <- widths(dim)) {
      val random = new Random(size)
      val others = Array.fill(3, size)(random.nextGaussian())
      val keys = Rows.random(size, dim, seed = size, weighted = true).pack.`with`(others)
      val queries = QueryBlock.of(dim, Rows.random(19, dim, seed = 13).features)
      assertSameBits(keys, queries, w, s"$size keys of $dim features")
    }
  }

  test("queries far outside the keys, and widths from 1e-9 to 1e9 of the range of the data") {
    val keys = Rows.random(300, 2, seed = 11, weighted = true).pack
    val far = Seq(0.0, 2.5, 6.0, 30.0, -1e3, 1e9, -1e40, 1e150)
    val queries = QueryBlock.of(2, (for (a <- far; b <- far) yield Array(a, b)).toArray)
    for (h <- Seq(1e-9, 1e-6, 1e-3, 0.1, 1, 1e3, 1e6, 1e9)) {
      assertSameBits(keys, queries, Array(1 / (5 * h)), s"width $h of the range")
      assertSameBits(keys, queries, Array(1 / (5 * h), 1), s"widths $h of the range and 1")
    }
    for (w <- Seq(Array(0.0), Array(Checks.MAX_MAGNITUDE)))
      assertSameBits(keys, queries, w, s"inverse width ${w.head}")
  }

  test("random data, weights, values and widths of any magnitude") {
    val random = new Random(12)
    def magnitude() = math.pow(10, random.nextInt(31) - 15)
    for (round <- 1 to 60) {
      val dim = 1 + random.nextInt(4)
      val scale = Array.fill(dim)(magnitude())
      def point() = scale.map(_ * (random.nextInt(9) - 4 + random.nextGaussian()))
      val rows = Rows(
        Array.fill(1 + random.nextInt(200))(point()),
        Array.fill(200)(random.nextGaussian() * magnitude()),
        Array.fill(200)(magnitude())
      )
      val count = rows.features.length
      val keys =
        rows.copy(values = rows.values.take(count), weights = rows.weights.take(count)).pack
      val queries = QueryBlock.of(dim, Array.fill(1 + random.nextInt(40))(point()))
      val spread = random.nextInt(19) - 9
      val w = scale.map(s => math.min(widest / s, math.pow(10, spread) / s))
      assertSameBits(keys, queries, w, s"round $round")
    }
  }
}
