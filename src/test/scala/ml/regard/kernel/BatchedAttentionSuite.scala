package ml.regard.kernel

import ml.regard.{Golden, Rows}
import ml.regard.Rows.{assertClose, refusal}
import org.scalatest.funsuite.AnyFunSuite

class BatchedAttentionSuite extends AnyFunSuite {
  private val Rounding = 1e-12

  private def column(values: Array[Double]) = values.map(Array(_))

  test("queries that all bring the same keys get attention pooling") {
    val rows = Rows.of(Rows.random(33, 3, seed = 1).pack)
    val queries = Rows.random(5, 3, seed = 2).features
    for (w <- Seq(Array(1.3), Array(0.5, 1.0, 2.0))) {
      val keys = Array.fill(5)(rows.features)
      val weights = BatchedAttention.weights(queries, keys, w)
      val pooled = BatchedAttention.pool(queries, keys, Array.fill(5)(column(rows.values)), w)
      val block = QueryBlock.of(3, queries)
      val state = AttentionPooling.pool(rows.pack, block, w, Terms.VALUE)
      val expected = AttentionPooling.weights(rows.pack, block, w)
      for (i <- queries.indices) {
        assertClose(pooled(i).head, state.pooled(i), Rounding)
        for ((a, b) <- weights(i).zip(expected(i))) assertClose(a, b, Rounding)
        assertClose(weights(i).sum, 1, Rounding)
      }
    }
  }

  test("the textbook's training set, every other row as each one's keys, is leave-one-out") {
    val rows = Rows.csv("golden/d2l/train.csv")
    val others = (0 until rows.size).map(rows.without).toArray
    val w = Golden.numbers(Golden.d2lExpected.get("inverseWidthAfterEachEpoch")).last
    val pooled = BatchedAttention.pool(
      rows.features,
      others.map(_.features),
      others.map(other => column(other.values)),
      Array(w)
    )
    val loss = pooled.map(_.head).zip(rows.values).map { case (p, v) => (v - p) * (v - p) }.sum
    val keys = rows.pack
    assertClose(
      Loo.loss(keys, (0 until keys.numKeys).toArray, Array(w)).loss,
      loss,
      Rounding
    )
    Golden.assertWithin(
      pooled.map(_.head),
      Golden.numbers(Golden.d2lExpected.get("leaveOneOutPrediction")),
      1e-9,
      Golden.standardDeviation(rows.values)
    )
  }

  test("values of several columns are pooled by the same weights") {
    val rows = Rows.random(9, 1, seed = 3)
    val values = rows.values.map(v => Array(v, 10 * v, 1))
    val query = Array(2.0)
    val pooled =
      BatchedAttention.pool(Array(query), Array(rows.features), Array(values), Array(1.0))
    val expected = rows.pooled(query, Array(1.0))
    for ((a, b) <- pooled.head.zip(Seq(expected, 10 * expected, 1.0))) assertClose(a, b, Rounding)
  }

  test("queries bring different numbers of keys, and one without keys gets NaN") {
    val few = Rows.random(2, 1, seed = 4)
    val many = Rows.random(17, 1, seed = 5)
    val queries = Array(Array(1.0), Array(2.0), Array(3.0))
    val keys = Array(few.features, Array.empty[Array[Double]], many.features)
    val values = Array(column(few.values), Array.empty[Array[Double]], column(many.values))
    val pooled = BatchedAttention.pool(queries, keys, values, Array(1.5))
    assertClose(pooled(0).head, few.pooled(queries(0), Array(1.5)), Rounding)
    assert(pooled(1).forall(_.isNaN) && pooled(1).nonEmpty)
    assertClose(pooled(2).head, many.pooled(queries(2), Array(1.5)), Rounding)
    val weights = BatchedAttention.weights(queries, keys, Array(1.5))
    assert(weights.map(_.length).toSeq == Seq(2, 0, 17))
  }

  test("a query without keys gets as many NaN as the others have columns") {
    val keys = Array(Array(Array(0.0)), Array.empty[Array[Double]])
    val values = Array(Array(Array(1.0, 2.0)), Array.empty[Array[Double]])
    val pooled = BatchedAttention.pool(Array(Array(0.0), Array(0.0)), keys, values, Array(1.0))
    assert(pooled(0).toSeq == Seq(1, 2))
    assert(pooled(1).length == 2 && pooled(1).forall(_.isNaN))
  }

  test("far keys do not give NaN") {
    val keys = Array(Array(Array(1e100), Array(2e100)))
    val pooled =
      BatchedAttention.pool(Array(Array(0.0)), keys, Array(column(Array(1, 2))), Array(1e100))
    assert(pooled.head.head >= 1 && pooled.head.head <= 2)
  }

  test("shapes that do not agree are refused") {
    val one = Array(Array(0.0))
    val keys = Array(Array(Array(0.0)))
    assert(
      refusal(BatchedAttention.weights(one, keys ++ keys, Array(1.0))) ==
        "the batch of keys must have length 1, but has 2"
    )
    assert(
      refusal(BatchedAttention.weights(one, Array(Array(Array(0.0, 1.0))), Array(1.0))) ==
        "a key must have length 1, but has 2"
    )
    assert(
      refusal(BatchedAttention.weights(one, keys, Array(1.0, 2.0))) ==
        "inverse widths must be one or one per feature (1), but were 2"
    )
    val twoValues = Array(column(Array(1, 2)))
    assert(
      refusal(BatchedAttention.pool(one, keys, twoValues, Array(1.0))) ==
        "a row of left matrix 0 must have length 2, but has 1"
    )
  }
}
