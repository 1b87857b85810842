package ml.regard.kernel

import scala.jdk.CollectionConverters._
import scala.util.Random

import ml.regard.Rows
import ml.regard.Rows.bits
import org.scalatest.funsuite.AnyFunSuite

/** Blocks that are passed over change nothing, or no more than the tolerance. */
class ReachSuite extends AnyFunSuite {
  private val size = 6000

  private def uniform(dim: Int, seed: Long): Rows = Rows.random(size, dim, seed, weighted = true)

  /** A few narrow clusters, and some rows far away from all of them. */
  private def clustered(dim: Int, seed: Long): Rows = {
    val rows = Rows.random(size, dim, seed, weighted = true)
    val random = new Random(seed)
    val centres = Array.fill(7, dim)(random.nextDouble() * 100)
    val features = rows.features.map { row =>
      val centre = centres(random.nextInt(7))
      if (random.nextInt(100) == 0) row.map(_ * 1e4) else row.zip(centre).map(x => x._1 + x._2)
    }
    rows.copy(features = features)
  }

  private val data = Seq("uniform" -> uniform _, "clustered" -> clustered _)

  private def queries(rows: Rows, seed: Long): QueryBlock = {
    val random = new Random(seed)
    val near =
      Array.fill(150)(rows.features(random.nextInt(rows.size)).map(_ + random.nextDouble()))
    val far = Array.fill(10, rows.dim)(random.nextGaussian() * 1e3)
    QueryBlock.of(rows.dim, near ++ far)
  }

  private def sums(state: PooledState): Seq[Long] =
    (Seq(state.reference, state.s0, state.s1, state.s2, state.q) ++
      state.t0 ++ state.t1 ++ state.u0 ++ state.u1 ++ state.m0 ++ state.m1 ++ Seq(state.near2))
      .flatMap(sum => bits(sum.take(state.size)))

  /** All keys without a block that could be passed over: of one box without bounds. */
  private def boundless(keys: PackedKeys): Keys = new Keys {
    override def dim: Int = keys.dim
    override def numKeys: Int = keys.numKeys
    override def valueCentre: Double = keys.valueCentre
    override def blocks: java.util.Iterator[KeyBlock] = {
      val all = (0 until keys.numBlocks).map { b =>
        val block = keys.block(b)
        val copy = KeyBlock.of(
          block.firstPosition,
          block.dim,
          Array.tabulate(block.size)(j => block.key(j)).flatten,
          block.values,
          block.weights,
          block.valueCentre
        )
        java.util.Arrays.fill(copy.summary.lower, Double.NegativeInfinity)
        java.util.Arrays.fill(copy.summary.upper, Double.PositiveInfinity)
        copy
      }
      java.util.Arrays.asList(all: _*).iterator
    }
  }

  for ((name, rows) <- data; dim <- 1 to 3) {
    test(s"at tolerance 0 no bit changes: $name keys of $dim features") {
      val keys = rows(dim, 1).pack
      val all = boundless(keys)
      val asking = queries(rows(dim, 1), 2)
      for (h <- Seq(0.001, 0.02, 0.3, 10); terms <- Terms.values; own <- Seq(true, false)) {
        val w = if (own) Array.fill(dim)(1 / h) else Array(1 / h)
        def pooled(from: Keys) = sums(AttentionPooling.pool(from, asking, w, terms))
        assert(pooled(keys) == pooled(all), s"width $h, $terms")
      }
    }

    test(s"within the tolerance of the answers of all keys: $name keys of $dim features") {
      val some = rows(dim, 3)
      val keys = some.pack
      val asking = queries(some, 4)
      val sd = keys.valueShare * (some.values.max - some.values.min)
      for (h <- Seq(0.001, 0.02, 0.3, 3); tolerance <- Seq(1e-3, 1e-8, 1e-12)) {
        val w = Array(Array(1 / h))
        val exact = AttentionPooling.pool(keys, asking, w, Terms.VALUE, 0).head
        val fast = AttentionPooling.pool(keys, asking, w, Terms.VALUE, tolerance).head
        for (i <- 0 until asking.size) {
          val rounding = 1e-14 * (math.abs(exact.pooled(i)) + sd)
          val moved = math.abs(fast.pooled(i) - exact.pooled(i))
          assert(moved <= tolerance * sd + rounding, s"width $h, tolerance $tolerance")
        }
      }
    }
  }

  for ((name, rows) <- data; dim <- 1 to 3)
    test(s"what else is told, within the tolerance: $name keys of $dim features") {
      val some = rows(dim, 11)
      val keys = some.pack
      val asking = queries(some, 12)
      val range = some.values.max - some.values.min
      for (h <- Seq(0.001, 0.02, 0.3, 3); tolerance <- Seq(1e-3, 1e-8)) {
        val w = Array(1 / h)
        def pooled(terms: Terms, tolerance: Double) =
          AttentionPooling.pool(keys, asking, Array(w), terms, tolerance).head
        val (exact, fast) = (pooled(Terms.DETAIL, 0), pooled(Terms.DETAIL, tolerance))
        // The value has the bits of the one that is asked for alone, and the nearest key is exact.
        assert(bits(fast.s1) == bits(pooled(Terms.VALUE, tolerance).s1))
        assert(bits(fast.near2.take(asking.size)) == bits(exact.near2.take(asking.size)))
        val t = tolerance * keys.valueShare
        for (i <- 0 until asking.size) {
          val keysMoved = math.abs(fast.effectiveKeys(i) / exact.effectiveKeys(i) - 1)
          assert(keysMoved <= 2 * t + size * t * t + 1e-12, s"width $h, tolerance $tolerance")
          val x = math.sqrt(2 * math.log(size / t))
          for ((a, b) <- fast.marginalEffect(i, w).zip(exact.marginalEffect(i, w))) {
            val rounding = 1e-11 * (math.abs(b) + range / h)
            assert(math.abs(a - b) <= 2 * t * x * range / h + rounding, s"width $h, $tolerance")
          }
        }
      }
    }

  test("blocks are passed over: most of them where widths are small") {
    val keys = Rows.random(40000, 2, seed = 5).pack
    val asking = QueryBlock.of(2, Array.fill(16)(Array(1.0, 1.0)))
    val tile = new Tile(asking, Array(1 / 0.05), Terms.VALUE, Precision.FLOAT64, false)
    val state = new PooledState(16, 1, 0, Terms.VALUE, 0, false)
    def visited(tolerance: Double) = {
      val reach = new Reach(keys, asking, tile, Terms.VALUE, tolerance)
      (0 until keys.numBlocks).count(b => reach.skipped(keys.block(b).summary, state, 0, 16) == 0)
    }
    assert(keys.numBlocks == 40)
    assert(visited(1e-12) <= 12)
    assert(visited(1e-12) < visited(0) && visited(0) < 40)
  }

  /** The rows in some folds, every third one twice. */
  private def tied(rows: Rows, folds: Int): PackedKeys = {
    val chunk = new RowChunk(rows.dim)
    for (i <- 0 until rows.size; twin <- 0 to (if (i % 3 == 0) 1 else 0))
      chunk.add(rows.features(i), rows.values(i) + twin, rows.weights(i), i % folds)
    new KeyPacker(rows.dim).addAll(chunk).pack()
  }

  test("a loss with derivatives is that of all pairs, within the tolerance") {
    for ((_, rows) <- data; dim <- 1 to 3; leaveOut <- LeaveOut.values) {
      val keys = tied(rows(dim, 6), if (leaveOut == LeaveOut.FOLD) 4 else 1)
      val positions = (0 until keys.numKeys by 37).toArray
      val w = Array.fill(dim)(1 / 0.4)
      def state(tolerance: Double) = {
        val queries = TrainingQueries.of(keys, positions, leaveOut)
        val candidates = Array(w)
        val pooled =
          AttentionPooling.pool(keys, queries.block, candidates, Terms.CURVATURE, tolerance)
        queries.met(pooled.head)
      }
      val (exact, fast) = (state(0), state(1e-10))
      for (i <- positions.indices if !exact.noKeys(i)) {
        Rows.assertClose(fast.pooled(i), exact.pooled(i), 1e-10)
        for (g <- 0 until dim)
          Rows.assertClose(fast.byLogWidth(i, g), exact.byLogWidth(i, g), 1e-9)
        for ((a, b) <- fast.secondByLogWidths(i).zip(exact.secondByLogWidths(i)))
          Rows.assertClose(a, b, 1e-8)
      }
    }
  }

  test("answers do not depend on the queries beside, whatever is passed over") {
    val rows = clustered(2, 7)
    val keys = rows.pack
    val asking = queries(rows, 8)
    for (tolerance <- Seq(0, 1e-12, 1e-4); h <- Seq(0.01, 0.5)) {
      val w = Array(Array(1 / h, 2 / h))
      val together = AttentionPooling.pool(keys, asking, w, Terms.SPREAD, tolerance).head
      for (i <- 0 until asking.size) {
        val alone = AttentionPooling.pool(keys, asking.select(Array(i)), w, Terms.SPREAD, tolerance)
        assert(sums(alone.head) == sums(together.select(Array(i))))
      }
    }
  }

  test("the place on the curve: monotone with one feature, a walk through all cells with two") {
    val line = Rows.random(3000, 1, seed = 9)
    val keys = Rows.of(line.pack)
    assert(keys.features.map(_.head).toSeq == line.features.map(_.head).sorted.toSeq)
    val grid = for (x <- 0 until 256; y <- 0 until 256) yield Array(x.toDouble, y.toDouble)
    val packed = Rows.of(Rows(grid.toArray, new Array(65536), Array.fill(65536)(1.0)).pack).features
    for ((a, b) <- packed.zip(packed.tail))
      assert(math.abs(a(0) - b(0)) + math.abs(a(1) - b(1)) == 1)
  }

  test("outliers do not spoil the boxes of the other blocks") {
    val rows = uniform(2, 10)
    val far = rows.copy(features = rows.features.updated(17, Array(1e12, -1e12)))
    val boxes = far.pack.summaries.asScala.map(block => block.highest(0) - block.lowest(0))
    assert(boxes.count(_ > 4.5) <= 1)
  }
}
