package ml.regard.kernel

import scala.util.Random

import ml.regard.Rows
import ml.regard.Rows.{assertClose, refusal}
import ml.regard.lattice.{LatticePlan, LatticeState}
import org.scalatest.funsuite.AnyFunSuite

/** Values beside the first are pooled as if they were the first. */
class SeveralValuesSuite extends AnyFunSuite {
  private val Rounding = 1e-12
  private val random = new Random(1)

  /** Rows with twins, in their canonical order, and two further values. */
  private val rows = {
    val some = Rows.random(1500, 2, seed = 2, weighted = true)
    Rows.of(some.copy(features = some.features.map(_.map(x => (x * 4).round / 4.0))).pack)
  }
  private val others = Array.fill(2, rows.size)(random.nextGaussian() * 10)
  private val keys = rows.pack.`with`(others)

  test("queries, for every kind of sums and at any distance") {
    val points = Rows.random(30, 2, seed = 3).features ++ Array(Array(1e3, 1e3), Array(1e140, 0.0))
    val queries = QueryBlock.of(2, points)
    for (terms <- Terms.values; w <- Seq(Array(1.5), Array(0.5, 20.0))) {
      val state = AttentionPooling.pool(keys, queries, w, terms)
      for (v <- 0 to 1) {
        // The values are those of the rows' order, which twins sorted by value keep.
        val expected = Rows(rows.features, others(v), rows.weights)
        for (i <- 0 until 30)
          assertClose(state.pooled(i, v), expected.pooled(points(i), w), Rounding)
        for (far <- 30 to 31)
          assert(others(v).min <= state.pooled(far, v) && state.pooled(far, v) <= others(v).max)
      }
    }
  }

  test("single precision is for one value: several are pooled in double precision") {
    val queries = QueryBlock.of(2, Rows.random(30, 2, seed = 4).features)
    val single =
      AttentionPooling.predict(keys, queries, Array(2.0), Terms.VALUE, 0, Precision.FLOAT32)
    val double =
      AttentionPooling.predict(keys, queries, Array(2.0), Terms.VALUE, 0, Precision.FLOAT64)
    for (i <- 0 until 30; v <- 0 to 1) assert(single.pooled(i, v) == double.pooled(i, v))
  }

  test("a row meets the further values of its twins, and not its own") {
    val positions = (0 until 200).toArray
    for (leaveOut <- Seq(LeaveOut.ROW, LeaveOut.NONE)) {
      val queries = TrainingQueries.of(keys, positions, leaveOut)
      val state = queries.met(AttentionPooling.pool(keys, queries.block, Array(2.0), Terms.VALUE))
      for (i <- positions; v <- 0 to 1) {
        val all = Rows(rows.features, others(v), rows.weights)
        val expected =
          if (leaveOut == LeaveOut.ROW) all.looPrediction(i, Array(2.0))
          else all.pooled(rows.features(i), Array(2.0))
        assertClose(state.pooled(i, v), expected, Rounding)
      }
    }
  }

  test("a lattice of a further value is within its bound of the exact sums, left-out rows too") {
    val box = Array(Array(0.0, 0.0), Array(5.0, 5.0))
    val w = Array(1.5, 2.0)
    val asking = TrainingQueries.of(keys, (0 until 300).toArray, LeaveOut.ROW)
    val exact = asking.met(AttentionPooling.pool(keys, asking.block, w, Terms.VALUE))
    for (v <- 0 to 1) {
      val plan =
        LatticePlan.of(box, w, Terms.VALUE, 1e-7, rows.size, rows.size, LatticePlan.BUDGET)
      val state = new LatticeState(plan, 0)
      for (b <- 0 until keys.numBlocks) state.add(keys.block(b).further(v))
      val alone = Rows(rows.features, others(v), rows.weights)
      val queries = (0 until 300).flatMap { i =>
        val c = rows.weights(i)
        val own = others(v)(i)
        rows.features(i) ++ Array(c, c * own, c * own * own)
      }
      val answers = state.sums.answers(queries.toArray)
      val bounds = (0 until 300).map(answers.errorBound(_))
      assert(bounds.count(_ < 1e-4) > 280)
      for (i <- 0 until 300 if bounds(i) < 1e-4) {
        assert(math.abs(answers.state.pooled(i) - alone.looPrediction(i, w)) <= bounds(i) + 1e-11)
        assertClose(exact.pooled(i, v), alone.looPrediction(i, w), Rounding)
      }
    }
  }

  test("further values must be one per key, and numbers") {
    assert(
      refusal(keys.`with`(Array(Array(1.0)))) == "a further value must have length 1500, but has 1"
    )
    assert(refusal(keys.`with`(Array(Array.fill(1500)(Double.NaN)))).startsWith("value must be"))
  }
}
