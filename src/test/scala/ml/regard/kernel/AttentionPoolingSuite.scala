package ml.regard.kernel

import ml.regard.{Rows, Support}
import ml.regard.Rows.{assertClose, bits, refusal}
import org.scalatest.funsuite.AnyFunSuite

class AttentionPoolingSuite extends AnyFunSuite {
  private val Rounding = 1e-12
  private val sizes =
    Seq(1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 33, 64, 65, 127, 257, 1021, 1023, 1024, 1025, 2049)

  private def pool(rows: Rows, queries: Array[Array[Double]], w: Array[Double], terms: Terms) =
    AttentionPooling.pool(rows.pack, QueryBlock.of(rows.dim, queries), w, terms)

  private def pooled(rows: Rows, queries: Array[Array[Double]], w: Array[Double]): Array[Double] = {
    val state = pool(rows, queries, w, Terms.VALUE)
    queries.indices.map(state.pooled).toArray
  }

  private def widths(dim: Int): Seq[Array[Double]] =
    Seq(Array(1.7), Array.tabulate(dim)(f => 0.4 + f))

  test("any number of keys gives what the two-pass formulas give") {
    for (size <- sizes; dim <- Seq(1, 2, 3, 5); w <- widths(dim); weighted <- Seq(false, true)) {
      val rows = Rows.random(size, dim, seed = size + dim, weighted)
      val queries = Rows.random(3, dim, seed = 5).features
      val spread = pool(rows, queries, w, Terms.SPREAD)
      for ((query, i) <- queries.zipWithIndex) {
        assertClose(spread.pooled(i), rows.pooled(query, w), Rounding)
        assertClose(spread.variance(i), rows.variance(query, w), Rounding)
        assertClose(spread.effectiveKeys(i), rows.effectiveKeys(query, w), Rounding)
        assert(spread.effectiveKeys(i) >= 1 - Rounding)
        assert(spread.effectiveKeys(i) <= size * (1 + Rounding))
      }
    }
  }

  test("any number of queries gives what the two-pass formulas give") {
    for (size <- sizes; dim <- Seq(1, 2, 5); w <- widths(dim)) {
      val rows = Rows.random(9, dim, seed = 3, weighted = true)
      val queries = Rows.random(size, dim, seed = size).features
      for ((actual, query) <- pooled(rows, queries, w).zip(queries))
        assertClose(actual, rows.pooled(query, w), Rounding)
    }
  }

  test("a query's bits do not depend on the queries beside it") {
    val rows = Rows.random(1025, 2, seed = 1)
    val queries = Rows.random(33, 2, seed = 2).features
    val together = pooled(rows, queries, Array(2.0))
    val alone = queries.map(query => pooled(rows, Array(query), Array(2.0)).head)
    assert(bits(together) == bits(alone))
  }

  test("attention weights are those of the formula, in canonical order, and sum to 1") {
    for (size <- sizes; w <- widths(2)) {
      val rows = Rows.random(size, 2, seed = size, weighted = true)
      val canonical = Rows.of(rows.pack)
      val queries = Rows.random(2, 2, seed = 4).features
      val weights = AttentionPooling.weights(rows.pack, QueryBlock.of(2, queries), w)
      for ((row, query) <- weights.zip(queries)) {
        assertClose(row.sum, 1, Rounding)
        for ((a, b) <- row.zip(canonical.attention(query, w))) assertClose(a, b, Rounding)
      }
    }
  }

  test("a training row gives itself no attention when it is left out") {
    val rows = Rows.of(Rows.random(1030, 1, seed = 6).pack)
    val positions = Array(0, 17, 1023, 1024, 1029)
    val queries = TrainingQueries.of(rows.pack, positions, LeaveOut.ROW).block
    val weights = AttentionPooling.weights(rows.pack, queries, Array(3.0))
    for ((row, position) <- weights.zip(positions)) {
      assert(row(position) == 0)
      assertClose(row.sum, 1, Rounding)
      val others = rows.without(position).attention(rows.features(position), Array(3.0))
      for ((a, b) <- row.patch(position, Nil, 1).zip(others)) assertClose(a, b, Rounding)
    }
  }

  test("a single row that leaves itself out has weights that are no numbers") {
    val keys = Rows.random(1, 1, seed = 6).pack
    val queries = TrainingQueries.of(keys, Array(0), LeaveOut.ROW).block
    assert(AttentionPooling.weights(keys, queries, Array(1.0)).head.forall(_.isNaN))
    assert(AttentionPooling.pool(keys, queries, Array(1.0), Terms.VALUE).pooled(0).isNaN)
  }

  test("no keys: the pooled value is NaN") {
    val none = new KeyPacker(1).pack()
    val queries = QueryBlock.of(1, Array(Array(0.0)))
    assert(AttentionPooling.pool(none, queries, Array(1.0), Terms.VALUE).pooled(0).isNaN)
    assert(AveragePooling.pool(none).isNaN)
  }

  test("constant values give that constant, whatever the widths") {
    val random = Rows.random(257, 2, seed = 9, weighted = true)
    for (constant <- Seq(0.0, -3.5, 0.1, 1e9)) {
      val rows = random.copy(values = random.values.map(_ => constant))
      val queries = Array(Array(1.0, 2.0), Array(-50.0, 70.0))
      for (w <- Seq(Array(0.0), Array(1.0), Array(1000.0, 0.01)))
        assert(pooled(rows, queries, w).forall(_ == constant))
    }
  }

  test("shifting keys and queries together changes nothing") {
    val rows = Rows.random(65, 3, seed = 10)
    val queries = Rows.random(4, 3, seed = 11).features
    def shift(points: Array[Array[Double]]) = points.map(_.map(_ + 1e6))
    val moved = rows.copy(features = shift(rows.features))
    // Features near 1e6 are rounded to 1e-10, and w (x - k) is about 10.
    for ((a, b) <- pooled(moved, shift(queries), Array(2.0)).zip(pooled(rows, queries, Array(2.0))))
      assertClose(a, b, 1e-8)
  }

  test("a narrow width gives the value of the nearest key") {
    val rows = Rows.random(127, 2, seed = 12)
    val queries = Rows.random(5, 2, seed = 13).features
    def distance(a: Array[Double], b: Array[Double]) = math.hypot(a(0) - b(0), a(1) - b(1))
    for ((actual, query) <- pooled(rows, queries, Array(1e6)).zip(queries)) {
      val nearest = rows.features.indices.minBy(j => distance(rows.features(j), query))
      assertClose(actual, rows.values(nearest), Rounding)
    }
  }

  test("a wide width gives the weighted mean, and inverse width 0 gives average pooling") {
    val rows = Rows.random(127, 2, seed = 14, weighted = true)
    val queries = Rows.random(3, 2, seed = 15).features
    val mean = rows.values.zip(rows.weights).map { case (v, c) => v * c }.sum / rows.weights.sum
    assertClose(AveragePooling.pool(rows.pack), mean, Rounding)
    for (w <- Seq(1e-9, 0.0); actual <- pooled(rows, queries, Array(w)))
      assertClose(actual, mean, Rounding)
  }

  test("inverse width 0 ignores its feature") {
    val rows = Rows.random(31, 2, seed = 16)
    val first = rows.copy(features = rows.features.map(_.take(1)))
    val queries = Rows.random(3, 2, seed = 17).features
    val actual = pooled(rows, queries, Array(1.5, 0))
    for ((a, b) <- actual.zip(pooled(first, queries.map(_.take(1)), Array(1.5))))
      assertClose(a, b, Rounding)
  }

  test("a negative inverse width gives the bits of its magnitude") {
    val rows = Rows.random(33, 2, seed = 18)
    val queries = Rows.random(3, 2, seed = 19).features
    assert(bits(pooled(rows, queries, Array(-1.5))) == bits(pooled(rows, queries, Array(1.5))))
    val mixed = pooled(rows, queries, Array(-1.5, 0.3))
    assert(bits(mixed) == bits(pooled(rows, queries, Array(1.5, -0.3))))
  }

  test("a query far from every key is a number between the smallest and the largest value") {
    val rows = Rows.random(1025, 2, seed = 20)
    for (far <- Seq(1e10, -1e100, Checks.MAX_MAGNITUDE); w <- Seq(1.0, 1e6, Checks.MAX_MAGNITUDE)) {
      val actual = pooled(rows, Array(Array(far, far)), Array(w)).head
      assert(actual >= rows.values.min && actual <= rows.values.max, s"query $far, w $w")
    }
  }

  test("values near 1e9 with deviation 1 keep their variance") {
    val random = Rows.random(257, 1, seed = 21)
    val rows = random.copy(values = random.values.map(v => math.rint(v * 1024) / 1024 + 1e9))
    val centred = rows.copy(values = rows.values.map(_ - 1e9)) // exact: multiples of 1/1024
    val state = pool(rows, Array(Array(2.0)), Array(1.0), Terms.SPREAD)
    assertClose(state.variance(0), centred.variance(Array(2.0), Array(1.0)), 1e-10)
  }

  test("a variance is never below 0, even where all attention is on equal values") {
    // Beside a far cluster of other values, Q/S0 - y^2 of equal values is rounding of either sign.
    for (value <- (1 to 50).map(_ * 0.1)) {
      val features = Array.tabulate(20)(j => Array(if (j < 10) j * 0.01 else 1e3 + j))
      val values = Array.tabulate(20)(j => if (j < 10) value else -7.3)
      val rows = Rows(features, values, Array.fill(20)(1.0))
      val variance = pool(rows, Array(Array(0.05)), Array(1.0), Terms.SPREAD).variance(0)
      assert(variance >= 0 && variance < Rounding * 100)
    }
  }

  test("the door refuses queries and inverse widths that do not fit the keys") {
    val keys = Rows.random(3, 2, seed = 22).pack
    val queries = QueryBlock.of(2, Array(Array(0.0, 0.0)))
    def pool(w: Double*) = AttentionPooling.pool(keys, queries, w.toArray, Terms.VALUE)
    assert(
      refusal(pool(1, 1, 1)) == "inverse widths must be one or one per feature (2), but were 3"
    )
    assert(refusal(pool()) == "inverse widths must be one or one per feature (2), but were 0")
    assert(refusal(pool(1, Double.NaN)).startsWith("inverse width must be finite"))
    assert(refusal(pool(Double.PositiveInfinity)).startsWith("inverse width must be finite"))
    val three = QueryBlock.of(3, Array(Array(0.0, 0.0, 0.0)))
    val sentence = "queries must have the 2 features of the keys, but have 3"
    assert(refusal(AttentionPooling.pool(keys, three, Array(1.0), Terms.VALUE)) == sentence)
    assert(refusal(AttentionPooling.weights(keys, three, Array(1.0))) == sentence)
  }

  test("the door refuses queries that are no points") {
    assert(
      refusal(QueryBlock.of(2, Array(Array(1.0, 2.0), Array(1.0)))) ==
        "a query must have length 2, but has 1"
    )
    assert(
      refusal(QueryBlock.of(2, Array(Array(1.0, Double.NaN))))
        .startsWith("feature 1 of query 0 must be finite")
    )
    assert(refusal(QueryBlock.of(0, Array())) == "number of features must be at least 1, but was 0")
  }

  test("a width is positive and finite, and so is its inverse") {
    assert(Checks.inverseOfWidth(0.5) == 2)
    for (bad <- Seq(0.0, -1.0, Double.NaN, Double.PositiveInfinity, 1e-200))
      assert(
        refusal(Checks.inverseOfWidth(bad)) ==
          s"width must be positive, finite and at least 1.0E-150, but was $bad"
      )
  }

  test("the support that runs is the one that this lane is for") {
    assert(AttentionPooling.support == Support.expected)
  }
}
