package ml.regard.optim

import java.util.Optional

import scala.util.Random

import ml.regard.{Golden, Rows}
import ml.regard.Rows.assertClose
import ml.regard.kernel.LeaveOut
import org.scalatest.funsuite.AnyFunSuite

class WidthSearchSuite extends AnyFunSuite {
  private val quiet: WidthOptimizer.Progress = (_, _, _) => ()
  private val d2l = Rows.csv("golden/d2l/train.csv")
  private val mcycle = Rows.csv("golden/mcycle/mcycle.csv")

  private class Fit(
      rows: Rows,
      newton: Boolean = true,
      shared: Boolean = false,
      criterion: Criterion = LocalObjective.rowwise,
      maxIter: Int = 100,
      tol: Double = 1e-8,
      batchFraction: Double = 0
  ) {
    val scales: FeatureScales = FeatureScales.of(rows.pack, rows.pack.numKeys, shared)
    val objective = new LocalObjective(rows.pack)
    val scan: StartScan = StartScan.run(objective, criterion, scales, 42)
    val search = new WidthSearch(
      newton,
      criterion,
      maxIter,
      tol,
      LossReduction.SUM,
      batchFraction,
      42,
      scales,
      Optional.empty()
    )
    def from(starts: Array[Double]*): Learned =
      search.learn(objective, java.util.List.of(starts: _*), quiet)
    lazy val learned: Learned = search.learn(objective, scan.starts, quiet)
    def widths: Array[Double] = learned.inverseWidths.map(1 / _)
    def steps: Array[Learned.Iteration] =
      learned.iterations.toArray(Array.empty[Learned.Iteration])
    def loss: Double = rows.looLoss(learned.inverseWidths)
  }

  test("golden/d2l: newton reaches the global optimum within 1e-6, sgd within 1e-3") {
    val optimum = Golden.d2lExpected.get("globalLeaveOneOutOptimum").get("loss").asDouble
    assertClose(new Fit(d2l).loss, optimum, 1e-6, 0)
    assertClose(new Fit(d2l, newton = false).loss, optimum, 1e-3, 0)
  }

  test("golden/mcycle: newton ends at the optimum, with 1e-8 of the first gradient") {
    val optimum = Golden.numbers(Golden.mcycleExpected.get("optimum").get("bandwidth")).head
    val fit = new Fit(mcycle)
    assertClose(1 / fit.widths.head, 1 / optimum, 1e-7, 0)
    assert(fit.steps.last.gradientNorm <= 1e-8 * fit.steps.head.gradientNorm)
    assert(fit.learned.stopReason == "the norm of the gradient fell to tol 1.0E-8 of the first")
  }

  test("the units of feature and label do not matter") {
    val rows = Rows.random(150, 2, seed = 5, weighted = true)
    val units = Array(1e-9, 1e9)
    val scaled = rows.copy(
      features = rows.features.map(_.zip(units).map { case (x, u) => x * u }),
      values = rows.values.map(_ * 7)
    )
    for (newton <- Seq(true, false)) {
      val widths = new Fit(rows, newton).widths
      val scaledWidths = new Fit(scaled, newton).widths
      for (f <- 0 to 1) assertClose(scaledWidths(f), widths(f) * units(f), 1e-6, 0)
    }
  }

  test("a feature that says nothing is switched off as a rule, one that does never") {
    // By chance a few per cent of the loss can hang on noise: then it is not switched off.
    for (newton <- Seq(true, false)) {
      val fits = for (seed <- 50 until 70) yield {
        val random = Rows.random(150, 3, seed)
        val noise = new Random(seed)
        val values =
          random.features.map(x => math.sin(3 * x(0)) + 0.5 * x(1) + 0.3 * noise.nextGaussian())
        new Fit(random.copy(values = values), newton)
      }
      val relevances = fits.map(_.learned.relevance.toArray(Array.empty[Learned.Relevance]))
      for (relevance <- relevances)
        assert(!relevance(0).off && !relevance(1).off && relevance(0).lossWithout > 0.1)
      val off = fits.zip(relevances).filter(_._2(2).off)
      info(s"newton $newton: switched off in ${off.size} of ${fits.size}")
      assert(off.size >= 12)
      for ((fit, relevance) <- off) {
        assert(relevance(2).lossWithout <= 1e-9)
        assertClose(fit.widths(2), fit.scales.highest(2), 1e-12, 0)
      }
    }
  }

  test("the loss of widths that were taken never rises, and the last is returned") {
    for (rows <- Seq(d2l, mcycle, Rows.random(120, 3, seed = 6)); newton <- Seq(true, false)) {
      val fit = new Fit(rows, newton)
      val learned = fit.from(Array.fill(rows.dim)(0.5))
      val losses = learned.iterations.toArray(Array.empty[Learned.Iteration]).map(_.loss)
      assertClose(rows.looLoss(learned.inverseWidths), losses.min, 1e-9)
      assert(losses.min < losses.head)
    }
  }

  test("steps stay within the bounds of their features") {
    val random = Rows.random(100, 2, seed = 7)
    val rows = random.copy(values = random.features.map(x => math.sin(3 * x(0))))
    for (start <- Seq(Array(1.0, 1.0), Array(1e9, 1e9), Array(1e-9, 1e-9))) {
      val fit = new Fit(rows)
      val learned = fit.from(start)
      val steps = learned.iterations.toArray(Array.empty[Learned.Iteration])
      for (step <- steps.tail; g <- 0 to 1) {
        val width = 1 / step.inverseWidths()(g)
        if (step.inverseWidths()(g) != start(g))
          assertClose(fit.scales.clamp(g, width), width, 1e-12, 0)
      }
    }
  }

  test("a growing sample: small at first, part of the next, and all rows for newton at the end") {
    val rows = Rows.random(1500, 2, seed = 9)
    val newton = new Fit(rows, batchFraction = 0.02)
    val shares = newton.steps.map(_.rows)
    assertClose(shares.head, 0.02, 1e-12)
    assert(shares.toSeq == shares.sorted.toSeq && shares.last == 1)
    val sgd = new Fit(rows, newton = false, batchFraction = 0.02, tol = 0.05)
    assert(sgd.steps.last.rows < 1)
    assertClose(sgd.loss, newton.loss, 0.1, 0)
    assert(sgd.learned.passes < newton.learned.passes)
    for (p <- 0 until 1500 if Batch.nested(30, 42, 1500).contains(p))
      assert(Batch.nested(120, 42, 1500).contains(p))
  }

  test("maxIter ends learning, and the reason says so; no step leaves the start as it is") {
    val short = new Fit(d2l, maxIter = 3).from(Array(1.0))
    assert(short.iterations.size == 3 && short.passes == 3)
    assert(short.stopReason == "maxIter 3 reached")
    assert(new Fit(d2l, maxIter = 0).from(Array(0.8)).inverseWidths.toSeq == Seq(0.8))
  }

  test("a flat loss keeps the start: a constant label, two rows") {
    val flat = d2l.copy(values = d2l.values.map(_ => 3.7))
    for (rows <- Seq(flat, Rows.random(2, 1, seed = 8)); newton <- Seq(true, false))
      assert(new Fit(rows, newton).from(Array(0.8)).inverseWidths.toSeq == Seq(0.8))
  }

  test("10,000 rows of three features take at most 30 passes, the scan included") {
    val rows = Rows.random(10000, 3, seed = 11)
    // Counted on the batches asked for, answered from fewer keys: the passes are the point here.
    val few = new LocalObjective(rows.select(0 until 800).pack) {
      override def numRows: Int = 10000
    }
    val scales = FeatureScales.of(rows.pack, 10000, false)
    for (newton <- Seq(true, false)) {
      val scan = StartScan.run(few, LocalObjective.rowwise, scales, 42)
      val search = new WidthSearch(
        newton,
        LocalObjective.rowwise,
        100,
        1e-8,
        LossReduction.MEAN,
        0,
        42,
        scales,
        Optional.empty()
      )
      val learned = search.learn(few, scan.starts, quiet).after(scan)
      info(s"${if (newton) "newton" else "sgd"}: ${learned.passes} passes")
      assert(learned.passes <= 30)
    }
  }

  test("any data set: finite positive widths, and no worse than a scan") {
    val random = new Random(2026)
    for (round <- 0 until 150) {
      val size = 2 + random.nextInt(if (round % 10 == 0) 299 else 60)
      val dim = 1 + random.nextInt(6)
      val rows = hard(random, size, dim)
      for (newton <- Seq(true, false)) {
        val clue = s"round $round, $size rows, $dim features, newton $newton"
        val fit = new Fit(rows, newton)
        assert(fit.widths.forall(h => h > 0 && h < Double.PositiveInfinity), clue)
        val values = fit.scan.values.map(_ * rows.weights.sum)
        assert(fit.loss <= values.min * (1 + 1e-6) + 1e-300, clue)
        if (dim == 1 && newton) {
          val (low, high) = (fit.scales.lowest(0), fit.scales.highest(0))
          val dense = (0 to 400).map(k => low * math.pow(high / low, k / 400.0))
          val best = dense.map(h => rows.looLoss(Array(1 / h))).min
          assert(fit.loss <= best * (1 + 1e-6) + 1e-300, clue)
        }
      }
    }
  }

  /** Rows with ties, outliers, constant columns and weights, each now and then. */
  private def hard(random: Random, size: Int, dim: Int): Rows = {
    val kind = Array.fill(dim)(random.nextInt(6))
    val scale = Array.fill(dim)(math.pow(10, random.nextInt(19) - 9))
    val features = Array.fill(size)(Array.tabulate(dim) { f =>
      kind(f) match {
        case 0 => 3.5
        case 1 => random.nextInt(4).toDouble
        case 2 => if (random.nextInt(20) == 0) 1e12 else random.nextGaussian()
        case _ => random.nextGaussian() * scale(f)
      }
    })
    val outlier = random.nextInt(5) == 0
    val values = features.map { x =>
      val noise = if (outlier && random.nextInt(15) == 0) 1e12 else random.nextGaussian()
      math.sin(x(0) / (if (kind(0) > 2) scale(0) else 1.0)) + 0.3 * noise
    }
    val weighted = random.nextInt(3) == 0
    Rows(features, values, Array.fill(size)(if (weighted) random.nextDouble() + 1e-3 else 1.0))
  }
}
