package ml.regard.kernel

import scala.util.Random

import ml.regard.Rows
import ml.regard.Rows.{assertClose, bits}
import org.scalatest.funsuite.AnyFunSuite

/** Keys with equal features are one site, with the sums of its keys. */
class SitesSuite extends AnyFunSuite {
  private val Rounding = 1e-12

  /** Whole numbers from a small range, so that most rows have twins, weights that differ. */
  private def tied(size: Int, dim: Int, seed: Long): Rows = {
    val rows = Rows.random(size, dim, seed, weighted = true)
    rows.copy(features = rows.features.map(_.map(_.round.toDouble)))
  }

  test("the sites are the runs of equal features within a block") {
    val rows = tied(3000, 1, seed = 1)
    val keys = rows.pack
    val distinct = Rows.of(keys).features.grouped(1024).map(_.map(_.head).distinct.length)
    assert(keys.numSites == distinct.sum && keys.numSites < 20)
    assert(Rows.random(3000, 1, seed = 1).pack.numSites == 3000)
  }

  test("every sum over sites is the sum over their keys") {
    for (dim <- Seq(1, 2, 3); w <- Seq(Array(0.9), Array.tabulate(dim)(f => 0.4 + f))) {
      val rows = tied(1500, dim, seed = dim)
      val queries = Rows.random(20, dim, seed = 4).features
      val spread = AttentionPooling.pool(rows.pack, QueryBlock.of(dim, queries), w, Terms.SPREAD)
      for ((query, i) <- queries.zipWithIndex) {
        assertClose(spread.pooled(i), rows.pooled(query, w), Rounding)
        assertClose(spread.variance(i), rows.variance(query, w), Rounding)
        assertClose(spread.effectiveKeys(i), rows.effectiveKeys(query, w), Rounding)
      }
      val sorted = Rows.of(rows.pack)
      val further = rows.pack.`with`(Array(sorted.values.map(v => v * v)))
      val detail = AttentionPooling.pool(further, QueryBlock.of(dim, queries), w, Terms.DETAIL)
      for ((query, i) <- queries.zipWithIndex) {
        val squared = sorted.squaredAttention(query, w, sorted.values.map(v => v * v))
        assertClose(detail.squaredAttention(i, 0), squared, Rounding)
        assertClose(detail.effectiveKeys(i), rows.effectiveKeys(query, w), Rounding)
        assertClose(detail.support(i), rows.support(query, w), Rounding, 0)
        for ((a, b) <- detail.marginalEffect(i, w).zip(rows.marginalEffect(query, w)))
          assertClose(a, b, Rounding)
      }
    }
  }

  test("attention weights are those of the keys, not of their sites") {
    val rows = Rows.of(tied(1200, 2, seed = 5).pack)
    val queries = Rows.random(5, 2, seed = 6).features
    val w = Array(0.8, 1.2)
    val weights = AttentionPooling.weights(rows.pack, QueryBlock.of(2, queries), w)
    for ((row, query) <- weights.zip(queries); (a, b) <- row.zip(rows.attention(query, w)))
      assertClose(a, b, Rounding)
  }

  test("rows of a site ask once, and each meets its twins but not itself") {
    val rows = Rows.of(tied(400, 1, seed = 7).pack)
    val keys = rows.pack
    val all = (0 until 400).toArray
    val queries = TrainingQueries.of(keys, all, LeaveOut.ROW)
    assert(queries.block.size == keys.numSites && queries.size == 400)
    for (w <- Seq(0.7, 3.0, 1e4)) {
      val state = queries.met(AttentionPooling.pool(keys, queries.block, Array(w), Terms.VALUE))
      for (i <- all) assertClose(state.pooled(i), rows.looPrediction(i, Array(w)), Rounding)
    }
  }

  test("what else is told of a row is without the row, but with its twins") {
    val rows = Rows.of(tied(400, 2, seed = 10).pack)
    val random = new Random(11)
    val other = Array.fill(400)(random.nextDouble())
    val keys = rows.pack.`with`(Array(other))
    val queries = TrainingQueries.of(keys, (0 until 400).toArray, LeaveOut.ROW)
    // The last is so small that a row without a twin is far from every key.
    for (w <- Seq(Array(0.7), Array(3.0, 1.0), Array(1e4))) {
      val state = queries.met(AttentionPooling.pool(keys, queries.block, w, Terms.DETAIL))
      for (i <- 0 until 400) {
        val (rest, query) = (rows.without(i), rows.features(i))
        val squared = rest.squaredAttention(query, w, other.patch(i, Nil, 1))
        assertClose(state.squaredAttention(i, 0), squared, Rounding)
        assertClose(state.effectiveKeys(i), rest.effectiveKeys(query, w), Rounding)
        assertClose(state.support(i), rest.support(query, w), 1e-9, 0)
        for ((a, b) <- state.marginalEffect(i, w).zip(rest.marginalEffect(query, w)))
          assertClose(a, b, Rounding, w.max)
      }
    }
  }

  test("rows fetched in parts ask like rows fetched together, to the last bit") {
    val keys = tied(1300, 1, seed = 8).pack
    val positions = (0 until 1300).filter(p => p % 3 != 1).toArray
    val together = TrainingQueries.of(keys, positions, LeaveOut.ROW)
    val parts = new TrainingQueries(1, LeaveOut.ROW)
    for (part <- positions.grouped(211)) {
      val some = new TrainingQueries(1, LeaveOut.ROW)
      part.foreach(p => some.add(keys.block(p / 1024), p % 1024))
      parts.addAll(some)
    }
    def values(queries: TrainingQueries) = {
      val block = queries.block
      val state = queries.met(AttentionPooling.pool(keys, block, Array(2.0), Terms.CURVATURE))
      positions.indices.map(state.pooled).toArray
    }
    assert(bits(values(parts)) == bits(values(together)))
  }

  test("the sums over the twins of each row are formed once a site, without a subtraction") {
    // One heavy key among light ones: what a subtraction would leave of the light ones is noise.
    val chunk = new RowChunk(1)
    for (i <- 0 until 1000) chunk.add(Array(1.0), i, if (i == 500) 1e20 else 1)
    val keys = new KeyPacker(1).addAll(chunk).pack()
    val queries = TrainingQueries.of(keys, (0 until 1000).toArray, LeaveOut.ROW)
    assert(queries.twinWeight(500) == 999)
    assertClose(queries.twinValue(500), (0 until 1000).sum - 500 - 999 * 500.0, Rounding, 1e6)
    val further = keys.`with`(Array(Array.tabulate(1000)(keys.value(_))))
    val met = TrainingQueries.of(further, (0 until 1000).toArray, LeaveOut.ROW)
    val state = met.met(AttentionPooling.pool(further, met.block, Array(1.0), Terms.VALUE))
    assertClose(state.pooled(500, 0), ((0 until 1000).sum - 500) / 999.0, Rounding)
    assertClose(state.pooled(500), ((0 until 1000).sum - 500) / 999.0, Rounding)
  }

  test("a fold cuts a site, and a model's keys have no folds") {
    val chunk = new RowChunk(1)
    val random = new Random(9)
    for (i <- 0 until 200) chunk.add(Array(random.nextInt(5).toDouble), i, 1, i % 4)
    val folded = new KeyPacker(1).addAll(chunk).pack()
    assert(folded.isFolded && folded.numSites == 20)
    val whole = folded.withoutFolds
    assert(!whole.isFolded && whole.numSites == 5)
    val unfolded = new RowChunk(1)
    for (i <- 0 until 200) unfolded.add(Array(Rows.of(folded).features(i).head), folded.value(i), 1)
    assert(new KeyPacker(1).addAll(unfolded).pack().contentHash == whole.contentHash)
  }

  test("a site of which a far row is a twin attends to the twin, however small the width") {
    val rows = Rows(Array(Array(0.0), Array(0.0), Array(1e6)), Array(1, 3, 7), Array(1, 1, 1))
    val sums = Loo.lossAndGradient(rows.pack, Array(0, 1), Array(1e9))
    assert(sums.loss == 8 && sums.gradient.head == 0)
  }
}
