package ml.regard.optim

import ml.regard.{Golden, Rows}
import ml.regard.Rows.assertClose
import ml.regard.kernel.LossSums
import org.scalatest.funsuite.AnyFunSuite

class StartScanSuite extends AnyFunSuite {
  private def find(rows: Rows, shared: Boolean = false): StartScan.Start =
    StartScan.find(
      new LocalObjective(rows.pack),
      FeatureScales.of(rows.pack, rows.pack.numKeys, shared),
      42
    )

  test("the start on golden/d2l lies at the global minimum, not the one at inverse width 370") {
    val rows = Rows.csv("golden/d2l/train.csv")
    val optimum = Golden.d2lExpected.get("globalLeaveOneOutOptimum").get("inverseWidth").asDouble
    // The valley at 370 is real: lower than either side.
    assert(rows.looLoss(Array(370.0)) < rows.looLoss(Array(200.0)))
    assert(rows.looLoss(Array(370.0)) < rows.looLoss(Array(500.0)))
    val start = find(rows).inverseWidths.head
    assert(start > optimum / math.sqrt(2) && start < optimum * math.sqrt(2))
  }

  test("no multiple of the rule of thumb from 1/256 to 16 is better") {
    val rows = Rows.random(60, 2, seed = 1, weighted = true)
    for (shared <- Seq(false, true)) {
      val scales = FeatureScales.of(rows.pack, rows.pack.numKeys, shared)
      val best = rows.looLoss(find(rows, shared).inverseWidths)
      for (k <- -16 to 8) {
        val candidate = scales.ruleOfThumb.zipWithIndex.map { case (h, g) =>
          1 / scales.clamp(g, h * math.pow(2, k / 2.0))
        }
        assert(best <= rows.looLoss(candidate) * (1 + 1e-9))
      }
    }
  }

  test("the largest width wins ties") {
    val rows = Rows.random(60, 1, seed = 2)
    val flat = rows.copy(values = rows.values.map(_ => 4.2))
    assertClose(1 / find(flat).inverseWidths.head, 16 * scaleOf(flat), 1e-12, 0)
    // Two rows predict each other whatever the width.
    val two = Rows.random(2, 1, seed = 3)
    assertClose(1 / find(two).inverseWidths.head, 16 * scaleOf(two), 1e-12, 0)
  }

  test("the largest width also wins among losses that differ by rounding only") {
    // The corners of an equilateral triangle, far from 0: each sees the others alike, but for the
    // rounding of the features.
    val height = math.sqrt(3) / 2
    val corners = Array(Array(7.1, 7.3), Array(8.1, 7.3), Array(7.6, 7.3 + height))
    val rows = Rows(corners, Array(0.3, 1.1, 5.7), Array(1, 1, 1))
    val scales = FeatureScales.of(rows.pack, rows.pack.numKeys, true)
    val losses = (0 to 16).map(k => rows.looLoss(Array(math.pow(2, k / 2.0) / scaleOf(rows))))
    assert(losses.max - losses.min < 1e-9 * losses.min && losses.min < losses.max)
    assertClose(1 / find(rows, shared = true).inverseWidths.head, 16 * scaleOf(rows), 1e-12, 0)
    assert(scales.clamp(0, 16 * scaleOf(rows)) == 16 * scaleOf(rows))
  }

  private def scaleOf(rows: Rows) =
    FeatureScales.of(rows.pack, rows.pack.numKeys, true).ruleOfThumb.head

  test("candidates stay within the bounds of their feature") {
    // Twice 40 values one apart: 1/256 of the rule of thumb is below an eighth of the gap, and
    // twins that agree make the narrowest width the best.
    val points = (0 until 80).map(i => (i / 2).toDouble)
    val values = points.map(x => if (x % 2 == 0) 1.0 else -1.0)
    val rows = Rows(points.map(Array(_)).toArray, values.toArray, points.map(_ => 1.0).toArray)
    val width = 1 / find(rows).inverseWidths.head
    assert(width >= 1.0 / 8 * (1 - 1e-12))
    assert(rows.looLoss(Array(1 / width)) < 1e-6)
  }

  test("the scan counts its passes: all rows below 1024, a sample of about 1024 above") {
    val small = find(Rows.random(60, 1, seed = 4))
    assert(small.passes == 25)
    val rows = Rows.random(3000, 1, seed = 5)
    var seen = 0.0
    val objective = new LocalObjective(rows.pack) {
      override def losses(candidates: Array[Array[Double]], batch: Batch): Array[LossSums] = {
        seen = batch.fraction
        super.losses(candidates, Batch.of(0.02, 1, 1))
      }
    }
    val start = StartScan.find(objective, FeatureScales.of(rows.pack, rows.pack.numKeys, false), 42)
    assertClose(seen, 1024.0 / 3000, 1e-15)
    assertClose(start.passes, 25 * 1024.0 / 3000, 1e-12)
  }
}
