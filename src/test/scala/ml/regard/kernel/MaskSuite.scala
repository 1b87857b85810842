package ml.regard.kernel

import scala.util.Random

import ml.regard.Rows
import ml.regard.Rows.{assertClose, bits}
import org.scalatest.funsuite.AnyFunSuite

/** A masked query is one that only knows the keys that it may attend to. */
class MaskSuite extends AnyFunSuite {
  private val Rounding = 1e-12

  /** Rows with a group and a time each; groups of all sizes, some rows of equal features. */
  private case class Tagged(rows: Rows, groups: Array[String], times: Array[Long]) {
    def pack(grouped: Boolean, timed: Boolean, fold: Int => Long = _ => 0): PackedKeys = {
      val chunk = new RowChunk(rows.dim)
      for (i <- 0 until rows.size) {
        val group = if (grouped) groups(i) else null
        val time: java.lang.Long = if (timed) times(i) else null
        val tags = new RowTags(fold(i), i.toString, group, time)
        chunk.add(rows.features(i), rows.values(i), rows.weights(i), tags)
      }
      new KeyPacker(rows.dim).addAll(chunk).pack()
    }

    /** The rows that one of a group and a time may attend to. */
    def allowed(group: String, time: Long, grouped: Boolean, timed: Boolean): Seq[Int] =
      (0 until rows.size).filter(j =>
        (!grouped || groups(j) == group) && (!timed || times(j) < time)
      )
  }

  private def tagged(dim: Int, size: Int = 4000, seed: Long = 1): Tagged = {
    val random = new Random(seed)
    val rows = Rows.random(size, dim, seed, weighted = true)
    val tied = rows.copy(features = rows.features.map(_.map(x => (x * 20).round / 20.0)))
    // Some groups of thousands of rows, which fill blocks, and some of a few.
    val groups = Array.fill(size)("g" + math.pow(random.nextDouble() * 4, 3).toInt)
    Tagged(tied, groups, Array.fill(size)(random.nextInt(300).toLong * 1000000007L))
  }

  private val masks = Seq((true, false), (false, true), (true, true))

  for (dim <- Seq(1, 2, 3, 5); (grouped, timed) <- masks; tolerance <- Seq(0.0, 1e-14))
    test(s"queries: $dim features, groups $grouped, times $timed, tolerance $tolerance") {
      val data = tagged(dim)
      val keys = data.pack(grouped, timed)
      val random = new Random(2)
      val asking = Array.fill(60)(random.nextInt(data.rows.size))
      val queries = asking.map(data.rows.features(_).map(_ + random.nextGaussian() / 5))
      queries(7) = queries(7).map(_ + 30) // far from every key
      val names = asking.map(data.groups(_))
      val times = asking.map(i => java.lang.Long.valueOf(data.times(i)))
      val block = QueryBlock.masked(dim, queries, keys.mask, names, times)
      val w = Array.tabulate(dim)(f => 2.0 + f)
      val state =
        AttentionPooling.predict(keys, block, w, Terms.DETAIL, tolerance, Precision.FLOAT64)
      val weights = AttentionPooling.weights(keys, block, w)
      val attention = KeyAttention.of(keys, block, w)
      val top = attention.top(3)
      for (i <- queries.indices) {
        val few = data.rows.select(data.allowed(names(i), times(i), grouped, timed))
        if (few.size == 0) {
          assert(state.noKeys(i) && state.pooled(i).isNaN && state.effectiveKeys(i) == 0)
          assert(state.support(i) == 0 && top(i).isEmpty && weights(i).forall(_.isNaN))
        } else {
          assertClose(state.pooled(i), few.pooled(queries(i), w), Rounding)
          assertClose(state.effectiveKeys(i), few.effectiveKeys(queries(i), w), 1e-10)
          assertClose(state.support(i), few.support(queries(i), w), Rounding)
          val effects = few.marginalEffect(queries(i), w)
          for ((actual, expected) <- state.marginalEffect(i, w).zip(effects))
            assertClose(actual, expected, 1e-10, scale = effects.map(math.abs).max + 1)
          val expected = few.attention(queries(i), w).sorted.reverse
          assert(weights(i).count(_ > 0) <= few.size)
          for ((a, b) <- weights(i).sorted.reverse.zip(expected)) assert(math.abs(a - b) < Rounding)
          for ((key, a) <- top(i).zip(expected)) assert(math.abs(key.weight - a) < Rounding)
        }
      }
    }

  for ((grouped, timed) <- masks; leaveOut <- Seq(LeaveOut.ROW, LeaveOut.TIES))
    if (!timed || leaveOut == LeaveOut.ROW)
      test(s"rows leave out $leaveOut: groups $grouped, times $timed") {
        val data = tagged(2)
        val keys = data.pack(grouped, timed)
        val w = Array(3.0, 2.0)
        val sums = (0 until keys.numBlocks)
          .map(b => (b * 1024 until math.min(b * 1024 + 1024, keys.numKeys)).toArray)
          .map(LeaveOneOut.sums(keys, _, w, leaveOut, Terms.WIDTHS))
          .reduce(_.merge(_))
        var loss = 0.0
        var without = 0
        for (i <- 0 until data.rows.size) {
          val allowed = data.allowed(data.groups(i), data.times(i), grouped, timed).filter { j =>
            if (leaveOut == LeaveOut.ROW) j != i
            else !data.rows.features(j).sameElements(data.rows.features(i))
          }
          if (allowed.isEmpty) without += 1
          else {
            val y = data.rows.select(allowed).pooled(data.rows.features(i), w)
            loss += data.rows.weights(i) * math.pow(data.rows.values(i) - y, 2)
          }
        }
        assert(sums.noKeys == without && sums.rows == data.rows.size - without)
        assertClose(sums.loss, loss, Rounding)
      }

  test("a query of an unknown group, or without a group or a time, attends to nothing") {
    val data = tagged(1)
    val keys = data.pack(grouped = true, timed = true)
    val queries = Array.fill(5)(Array(1.0))
    val late: java.lang.Long = Long.MaxValue
    val block = QueryBlock.masked(
      1,
      queries,
      keys.mask,
      Array("g1", "nobody", null, "g1", "g1"),
      Array[java.lang.Long](late, late, late, null, data.times.min)
    )
    val state = AttentionPooling.pool(keys, block, Array(1.0), Terms.VALUE)
    assert((0 until 5).map(state.noKeys(_)) == Seq(false, true, true, true, true))
  }

  test("groups on their own have the same sums") {
    val data = tagged(2)
    val keys = data.pack(grouped = true, timed = false)
    val w = Array(1.5, 4.0)
    for (g <- 0 until keys.mask.numGroups) {
      val first = keys.mask.groupFirst(g)
      val members = (0 until data.rows.size).filter(data.groups(_) == keys.mask.group(g))
      assert(keys.mask.groupEnd(g) - first == members.size)
      val own = data.rows.select(members).pack
      val positions = (first until math.min(keys.mask.groupEnd(g), first + 1024)).toArray
      val here = LeaveOneOut.sums(keys, positions, w, LeaveOut.ROW, Terms.CURVATURE)
      val alone =
        LeaveOneOut.sums(own, positions.map(_ - first), w, LeaveOut.ROW, Terms.CURVATURE)
      val scale = alone.toArray.map(math.abs).max
      // But for the sums about the centre of the values, which is another.
      for (i <- Seq(0, 1, 2, 3) ++ (6 until alone.toArray.length))
        assertClose(here.toArray.apply(i), alone.toArray.apply(i), 1e-11, scale)
    }
  }

  test("folds are left out within a group, and the order without them keeps the groups") {
    val data = tagged(2, size = 1500)
    val keys = data.pack(grouped = true, timed = false, fold = _ % 3)
    assert(keys.isFolded && !keys.withoutFolds.isFolded)
    assert(keys.withoutFolds.contentHash == data.pack(grouped = true, timed = false).contentHash)
    val w = Array(2.0)
    val positions = (0 until 1024).toArray
    val sums = LeaveOneOut.sums(keys, positions, w, LeaveOut.FOLD, Terms.VALUE)
    val expected = positions.map { p =>
      val i = keys.id(p).toInt
      val allowed =
        (0 until data.rows.size).filter(j => data.groups(j) == data.groups(i) && j % 3 != i % 3)
      if (allowed.isEmpty) 0.0
      else {
        val y = data.rows.select(allowed).pooled(data.rows.features(i), w)
        data.rows.weights(i) * math.pow(data.rows.values(i) - y, 2)
      }
    }.sum
    assertClose(sums.loss, expected, Rounding)
  }

  test("bits depend on neither the order of the rows nor on the queries beside") {
    val data = tagged(2)
    val keys = data.pack(grouped = true, timed = true)
    val order = new Random(3).shuffle((0 until data.rows.size).toList).toArray
    val shuffled =
      Tagged(data.rows.select(order.toSeq), order.map(data.groups(_)), order.map(data.times(_)))
    assert(keys.mask.contentHash == shuffled.pack(grouped = true, timed = true).mask.contentHash)
    val asking = (0 until 100).toArray
    val names = asking.map(data.groups(_))
    val times = asking.map(i => java.lang.Long.valueOf(data.times(i)))
    val queries = asking.map(data.rows.features(_))
    val block = QueryBlock.masked(2, queries, keys.mask, names, times)
    val w = Array(2.0)
    val whole = AttentionPooling.pool(keys, block, w, Terms.VALUE)
    for (i <- asking) {
      val alone = AttentionPooling.pool(keys, block.select(Array(i)), w, Terms.VALUE)
      assert(bits(Array(whole.pooled(i))) == bits(Array(alone.pooled(0))))
    }
  }

  test("pairs are counted as the mask allows them") {
    val data = tagged(1, size = 700)
    for ((grouped, timed) <- masks) {
      val keys = data.pack(grouped, timed)
      val expected = (0 until data.rows.size)
        .map(i => data.allowed(data.groups(i), data.times(i), grouped, timed).size.toDouble)
        .sum
      assert(keys.mask.numPairs == expected)
    }
  }

  test("ties are counted within a group") {
    val chunk = new RowChunk(1)
    // 1024 rows of group a, the last at 5, then group b whose first is at 5.
    for (i <- 0 until 1024)
      chunk.add(Array(if (i == 1023) 5.0 else i / 1000.0), i, 1, new RowTags(0, null, "a", null))
    for (i <- 0 until 3) chunk.add(Array(5.0 + i), i, 1, new RowTags(0, null, "b", null))
    val keys = new KeyPacker(1).addAll(chunk).pack()
    assert(keys.tiedKeys(false) == 0)
    assert(keys.mask.numGroups == 2 && keys.mask.groupFirst(1) == 1024)
  }
}
