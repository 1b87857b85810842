package ml.regard.optim

import ml.regard.{Golden, Rows}
import ml.regard.Rows.assertClose
import ml.regard.kernel.LossSums
import ml.regard.optim.LocalObjective.rowwise
import org.scalatest.funsuite.AnyFunSuite

class StartScanSuite extends AnyFunSuite {
  private def find(rows: Rows, shared: Boolean = false): StartScan =
    StartScan.run(
      new LocalObjective(rows.pack),
      rowwise,
      FeatureScales.of(rows.pack, rows.pack.numKeys, shared),
      42
    )

  test("the start on golden/d2l lies at the global minimum, not the one at inverse width 370") {
    val rows = Rows.csv("golden/d2l/train.csv")
    val optimum = Golden.d2lExpected.get("globalLeaveOneOutOptimum").get("inverseWidth").asDouble
    // The valley at 370 is real: lower than either side.
    assert(rows.looLoss(Array(370.0)) < rows.looLoss(Array(200.0)))
    assert(rows.looLoss(Array(370.0)) < rows.looLoss(Array(500.0)))
    val start = find(rows).starts.get(0).head
    assert(start > optimum / math.sqrt(2) && start < optimum * math.sqrt(2))
  }

  test("no multiple of the rule of thumb from 1/256 to 16 is better") {
    val rows = Rows.random(60, 2, seed = 1, weighted = true)
    for (shared <- Seq(false, true)) {
      val scales = FeatureScales.of(rows.pack, rows.pack.numKeys, shared)
      val best = rows.looLoss(find(rows, shared).starts.get(0))
      for (k <- -16 to 8) {
        val candidate = scales.ruleOfThumb.zipWithIndex.map { case (h, g) =>
          1 / scales.clamp(g, h * math.pow(2, k / 2.0))
        }
        assert(best <= rows.looLoss(candidate) * (1 + 1e-9))
      }
    }
  }

  test("where the loss does not depend on the width, the rule of thumb is kept") {
    val rows = Rows.random(60, 1, seed = 2)
    // Two rows predict each other whatever the width.
    val two = Rows.random(2, 1, seed = 3)
    // The corners of an equilateral triangle, far from 0: each sees the others alike, but for the
    // rounding of the features.
    val height = math.sqrt(3) / 2
    val corners = Array(Array(7.1, 7.3), Array(8.1, 7.3), Array(7.6, 7.3 + height))
    val triangle = Rows(corners, Array(0.3, 1.1, 5.7), Array(1, 1, 1))
    for (flat <- Seq(two, triangle)) {
      val scan = find(flat, shared = true)
      assert(scan.flat && scan.starts.size == 1)
      assertClose(1 / scan.starts.get(0).head, scaleOf(flat), 1e-12, 0)
    }
    assert(!find(rows).flat)
  }

  test("the largest width wins among losses that are equal") {
    // Pairs of twins that agree, far apart: however narrow, each twin predicts the other.
    val points = (0 until 40).map(i => (i / 2).toDouble)
    val values = points.map(x => if (x % 2 == 0) 1.0 else -1.0)
    val rows = Rows(points.map(Array(_)).toArray, values.toArray, points.map(_ => 1.0).toArray)
    val scan = find(rows)
    val best = scan.values.min
    val widest =
      scan.widths.zip(scan.values).collectFirst { case (h, v) if v <= best * (1 + 1e-9) => h }
    assert(1 / scan.starts.get(0).head == 1 / (1 / widest.get.head))
  }

  test("the best few minima are handed on, the best first") {
    val scan = find(Rows.csv("golden/d2l/train.csv"))
    assert(scan.starts.size == 2)
    val starts = scan.starts.toArray(Array.empty[Array[Double]]).map(_.head)
    assert(starts.tail.exists(w => w > 250 && w < 500))
    val losses = starts.map(w => Rows.csv("golden/d2l/train.csv").looLoss(Array(w)))
    assert(losses.toSeq == losses.sorted.toSeq)
  }

  private def scaleOf(rows: Rows) =
    FeatureScales.of(rows.pack, rows.pack.numKeys, true).ruleOfThumb.head

  test("candidates stay within the bounds of their feature") {
    // Twice 40 values one apart: 1/256 of the rule of thumb is below an eighth of the gap, and
    // twins that agree make the narrowest width the best.
    val points = (0 until 80).map(i => (i / 2).toDouble)
    val values = points.map(x => if (x % 2 == 0) 1.0 else -1.0)
    val rows = Rows(points.map(Array(_)).toArray, values.toArray, points.map(_ => 1.0).toArray)
    val width = 1 / find(rows).starts.get(0).head
    assert(width >= 1.0 / 8 * (1 - 1e-12))
    assert(rows.looLoss(Array(1 / width)) < 1e-6)
  }

  test("the scan counts its passes: all rows up to 1024, a sample of about 1024 above") {
    val small = find(Rows.random(60, 1, seed = 4))
    assert(small.passes == small.values.length && small.passes > 97)
    val rows = Rows.random(3000, 1, seed = 5)
    var seen = 0.0
    val objective = new LocalObjective(rows.pack) {
      override def evaluate(request: LossRequest): Array[LossSums] = {
        seen = request.batch.fraction
        super.evaluate(
          new LossRequest(
            request.inverseWidths,
            Batch.of(0.02, 1, 1),
            request.leaveOut,
            request.terms
          )
        )
      }
    }
    val scales = FeatureScales.of(rows.pack, rows.pack.numKeys, false)
    val scan = StartScan.run(objective, rowwise, scales, 42)
    assertClose(seen, 1024.0 / 3000, 1e-15)
    assertClose(scan.passes, 25 * 1024.0 / 3000, 1e-12)
  }
}
