package ml.regard.kernel

import scala.jdk.CollectionConverters._

import ml.regard.Rows
import ml.regard.Rows.{assertClose, refusal}
import org.scalatest.funsuite.AnyFunSuite

/** The influence of a key is by how much predictions move when its row is really taken out. */
class InfluenceSuite extends AnyFunSuite {
  private val Rounding = 1e-10

  /** Root mean square over the asking rows, but j itself, of the move that taking out j makes. */
  private def obvious(rows: Rows, asking: Seq[Int], w: Array[Double], j: Int): Double = {
    val rest = rows.without(j)
    val moves = asking.filter(_ != j).map { i =>
      rows.pooled(rows.features(i), w) - rest.pooled(rows.features(i), w)
    }
    math.sqrt(moves.map(x => x * x).sum / moves.size)
  }

  private def top(keys: PackedKeys, asking: Seq[Int], w: Array[Double], count: Int) = {
    val features = asking.map(i => Array.tabulate(keys.dim)(keys.feature(i, _))).toArray
    Influence.top(keys, asking.toArray, features, w, count).asScala.toSeq
  }

  for (dim <- Seq(1, 2, 4); weighted <- Seq(false, true); h <- Seq(0.1, 0.5, 3.0))
    test(s"rows really taken out: $dim features, weighted $weighted, width $h") {
      val keys = Rows.random(90, dim, seed = dim, weighted).pack
      val rows = Rows.of(keys)
      val w = Array.tabulate(dim)(f => (1 + f / 4.0) / h)
      for (asking <- Seq(0 until 90, 3 until 90 by 7, (3 until 90 by 7).reverse)) {
        val expected = (0 until 90).map(obvious(rows, asking, w, _))
        val found = top(keys, asking, w, 90)
        assert(found.map(_.influence) == found.map(_.influence).sorted.reverse)
        assert(found.map(_.position).toSet.size == found.size)
        for (key <- found) {
          assertClose(key.influence, expected(key.position), Rounding)
          assert(key.value == keys.value(key.position))
          assert(key.features.toSeq == rows.features(key.position).toSeq)
        }
        val seen = found.map(_.position).toSet
        for (j <- 0 until 90 if !seen(j)) assert(expected(j) < Rounding)
      }
    }

  test("twins are keys of their own, and of several blocks the largest few are found") {
    val some = Rows.random(2600, 2, seed = 5, weighted = true)
    val places = some.copy(features = some.features.map(_.map(x => (4 * x).round / 4.0)))
    val keys = places.pack
    val rows = Rows.of(keys)
    val asking = 1 until 2600 by 260
    val w = Array(2.0)
    val all = top(keys, asking, w, 2600)
    val few = top(keys, asking, w, 10)
    assert(few.map(_.position) == all.take(10).map(_.position))
    for (key <- few) assertClose(key.influence, obvious(rows, asking, w, key.position), Rounding)
    val least = few.last.influence
    val others = (0 until 2600 by 13).filterNot(few.map(_.position).contains)
    for (j <- others) assert(obvious(rows, asking, w, j) <= least * (1 + Rounding))
  }

  test("an outlier among the values has the most influence") {
    val rows = Rows.random(200, 1, seed = 7)
    val values = rows.values.clone()
    values(17) = 300
    val keys = rows.copy(values = values).pack
    val asking = 0 until 200
    assert(top(keys, asking, Array(2.0), 1).head.value == 300)
  }

  test("one key alone moves nothing, and bad arguments are refused") {
    val keys = Rows.random(1, 2, seed = 1).pack
    assert(top(keys, Seq(0), Array(1.0), 3).isEmpty)
    assert(refusal(top(keys, Seq(0), Array(1.0), 0)).contains("number of keys"))
    assert(refusal(top(keys, Seq.empty, Array(1.0), 1)).contains("number of rows"))
    assert(
      refusal(Influence.top(keys, Array(0, 1), Array(Array(1.0, 2.0)), Array(1.0), 1))
        .contains("the positions")
    )
  }
}
