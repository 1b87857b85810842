package ml.regard.kernel

import scala.util.Random

import ml.regard.Rows
import ml.regard.Rows.bits
import org.scalatest.funsuite.AnyFunSuite

/** Predictions in single precision: within their bound, and the same bits from every loop. */
class PrecisionSuite extends AnyFunSuite {
  private val sizes = Seq(1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 33, 64, 65, 127, 257, 1021, 2500)

  private def range(rows: Rows): Double = rows.values.max - rows.values.min

  /** The largest error as a share of the range of the values. */
  private def error(rows: Rows, queries: QueryBlock, w: Array[Double]): Double = {
    val keys = rows.pack
    val exact = AttentionPooling.predict(keys, queries, w, Terms.VALUE, 0, Precision.FLOAT64)
    val single = AttentionPooling.predict(keys, queries, w, Terms.VALUE, 0, Precision.FLOAT32)
    val errors = (0 until queries.size).map { i =>
      assert(!single.pooled(i).isNaN)
      math.abs(single.pooled(i) - exact.pooled(i))
    }
    val rounding = 1e-12 * math.abs(rows.pack.valueCentre)
    math.max(0, errors.max - rounding) / math.max(range(rows), Double.MinPositiveValue)
  }

  private def assertBounded(
      rows: Rows,
      queries: QueryBlock,
      w: Array[Double],
      clue: String
  ): Unit = {
    val found = error(rows, queries, w)
    assert(found <= Precision.FLOAT32_ERROR, s"$clue: $found")
  }

  test("any number of keys and queries, one to five features, one width or several") {
    for (size <- sizes; dim <- Seq(1, 2, 3, 5); own <- Seq(true, false)) {
      val w = if (own) Array.tabulate(dim)(f => 0.4 + f) else Array(1.7)
      val few = QueryBlock.of(dim, Rows.random(18, dim, seed = 5).features)
      assertBounded(Rows.random(size, dim, size, weighted = true), few, w, s"$size keys of $dim")
      val many = QueryBlock.of(dim, Rows.random(size, dim, seed = 7).features)
      assertBounded(Rows.random(70, dim, 6, weighted = true), many, w, s"$size queries of $dim")
    }
  }

  test("it is single precision: there is an error, and it is a small part of the bound") {
    for (dim <- 1 to 3) {
      val rows = Rows.random(3000, dim, seed = 9)
      val queries = QueryBlock.of(dim, Rows.random(200, dim, seed = 10).features)
      val found = error(rows, queries, Array.fill(dim)(4.0))
      assert(found > 1e-10 && found < Precision.FLOAT32_ERROR / 20)
    }
  }

  test("queries far outside the keys, and widths from 1e-9 to 1e9 of the range of the data") {
    val rows = Rows.random(700, 2, seed = 11, weighted = true)
    val far = Seq(0.0, 2.5, 6.0, 30.0, -1e3, 1e9, -1e40, 1e150)
    val queries = QueryBlock.of(2, (for (a <- far; b <- far) yield Array(a, b)).toArray)
    val among = QueryBlock.of(2, rows.features.take(100) ++ Rows.random(100, 2, seed = 12).features)
    for (h <- Seq(1e-9, 1e-6, 1e-4, 1e-3, 0.01, 0.1, 1, 1e3, 1e6, 1e9); q <- Seq(queries, among)) {
      assertBounded(rows, q, Array(1 / (5 * h)), s"width $h of the range")
      assertBounded(rows, q, Array(1 / (5 * h), 1), s"widths $h of the range and 1")
    }
  }

  test("features, values and weights of any magnitude and place") {
    val random = new Random(13)
    for (round <- 1 to 60) {
      val dim = 1 + random.nextInt(4)
      def magnitude() = math.pow(10, random.nextInt(31) - 15)
      val (unit, place, value) = (magnitude(), random.nextGaussian() * 1e3, magnitude())
      val weight = magnitude()
      val count = 1 + random.nextInt(2000)
      def point() = Array.fill(dim)(unit * (place + random.nextInt(9) + random.nextGaussian()))
      val rows = Rows(
        Array.fill(count)(point()),
        Array.fill(count)(value * random.nextGaussian()),
        Array.fill(count)(weight * (1 + random.nextInt(1000)))
      )
      val queries = QueryBlock.of(dim, Array.fill(40)(point()))
      val w = Array(math.pow(10, random.nextInt(4) - 2) / unit)
      assertBounded(rows, queries, w, s"round $round")
    }
  }

  /** The keys with nothing known of their blocks. */
  private def unsurveyed(keys: PackedKeys): Keys = new Keys {
    override def dim: Int = keys.dim
    override def numKeys: Int = keys.numKeys
    override def valueCentre: Double = keys.valueCentre
    override def blocks: java.util.Iterator[KeyBlock] = keys.blocks
  }

  test("queries that see little of keys of any weight, also where nothing is known of these") {
    val rows = Rows.random(500, 1, seed = 16)
    val queries = QueryBlock.of(1, Array.tabulate(100)(i => Array(5 + i * 0.2)))
    for (weight <- Seq(1e-50, 1e-30, 1, 1e30, 1e50)) {
      val keys = rows.copy(weights = rows.weights.map(_ * weight)).pack
      for (from <- Seq(keys, unsurveyed(keys))) {
        val exact =
          AttentionPooling.predict(from, queries, Array(1.0), Terms.VALUE, 0, Precision.FLOAT64)
        val single =
          AttentionPooling.predict(from, queries, Array(1.0), Terms.VALUE, 0, Precision.FLOAT32)
        for (i <- 0 until 100) {
          val moved = math.abs(single.pooled(i) - exact.pooled(i))
          assert(moved <= Precision.FLOAT32_ERROR * range(rows), s"weight $weight, query $i")
        }
      }
    }
  }

  test("the answer to a query does not depend on those beside it, whatever they have met") {
    val rows = Rows.random(3000, 1, seed = 17)
    // The keys at one end outweigh the others by far.
    val heavy = rows.copy(weights = rows.features.map(x => if (x.head > 4.9) 1e12 else 1.0))
    val keys = heavy.pack
    val features = Array(0.0, 1, 2, 3, 4, 4.8, 5).map(Array(_))
    val all = QueryBlock.of(1, features)
    for (tolerance <- Seq(0, 1e-9)) {
      def pooled(queries: QueryBlock) =
        AttentionPooling.predict(
          keys,
          queries,
          Array(60.0),
          Terms.VALUE,
          tolerance,
          Precision.FLOAT32
        )
      val together = pooled(all)
      for (i <- features.indices)
        assert(pooled(all.select(Array(i))).pooled(0) == together.pooled(i))
    }
  }

  test("rows that leave keys out, and keys of many features, are answered in double precision") {
    val keys = Rows.random(300, 2, seed = 18).pack
    val rows = TrainingQueries.of(keys, (0 until 300).toArray, LeaveOut.ROW).block
    val wide = Rows.random(300, 65, seed = 19)
    val queries = QueryBlock.of(65, Rows.random(20, 65, seed = 20).features)
    for ((from, asking) <- Seq(keys -> rows, wide.pack -> queries)) {
      val Seq(double, single) = Seq(Precision.FLOAT64, Precision.FLOAT32).map { precision =>
        val state = AttentionPooling.predict(from, asking, Array(1.5), Terms.VALUE, 0, precision)
        bits(state.s0.take(asking.size)) ++ bits(state.s1.take(asking.size))
      }
      assert(single == double)
    }
  }

  test("every loop has the same bits") {
    for (size <- sizes; dim <- Seq(1, 2, 3, 4, 8)) {
      val keys = Rows.random(size, dim, seed = size, weighted = true).pack
      val queries = QueryBlock.of(dim, Rows.random(37, dim, seed = 5).features)
      val Seq(scalar, fast) =
        Seq(new ScalarSupport, AttentionPooling.SUPPORT).map { support =>
          val w = Array(Array.tabulate(dim)(f => 0.4 + f))
          val single = Precision.FLOAT32
          val pass = new PoolingPass(support, keys, queries, w, Terms.VALUE, single, 0, false)
          val state = pass.meet(keys).states.head
          bits(state.s0.take(37)) ++ bits(state.s1.take(37))
        }
      assert(scalar == fast, s"$size keys of $dim features")
    }
  }

  test("constant values give that constant") {
    val rows = Rows.random(300, 2, seed = 14, weighted = true)
    val constant = rows.copy(values = rows.values.map(_ => 1e9))
    val queries = QueryBlock.of(2, Rows.random(20, 2, seed = 15).features)
    val pooled =
      AttentionPooling.predict(
        constant.pack,
        queries,
        Array(2.0),
        Terms.VALUE,
        0,
        Precision.FLOAT32
      )
    for (i <- 0 until 20) Rows.assertClose(pooled.pooled(i), 1e9, 1e-15)
  }
}
