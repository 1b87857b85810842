package ml.regard.lattice

import scala.collection.mutable.ArrayBuffer

import _root_.ml.regard.Rows
import _root_.ml.regard.kernel.{
  AttentionPooling,
  LeaveOut,
  PackedKeys,
  PooledState,
  QueryBlock,
  Sums,
  Terms,
  TrainingQueries
}
import org.scalatest.funsuite.AnyFunSuite

/** The bound holds for every query, and is not absurdly large. */
class ErrorBoundSuite extends AnyFunSuite {

  /** Widths as shares of the box, from far too small to far too large. */
  private val Widths = Seq(0.0001, 0.002, 0.02, 0.06, 0.2, 1.0, 40.0)

  /** Small, so that the suite is fast. */
  private val Budget = 1L << 21

  /** Room for some hundred tiles where the whole box has thousands. */
  private val SparseBudget = 1L << 25

  /** Adding the centre back, relative to the value. */
  private val Rounding = 1e-15

  /** What was seen over many queries: kinds are the value, first and second derivatives. */
  private final class Seen {
    val ratios: Array[ArrayBuffer[Double]] = Array.fill(3)(ArrayBuffer.empty)
    val violations = new ArrayBuffer[String]
    var queries = 0
    var bounded = 0
    var certified = 0
    var sparse = 0

    def median(kind: Int): Double = ratios(kind).sorted.apply(ratios(kind).size / 2)
  }

  private def compare(
      what: String,
      exact: PooledState,
      found: PooledState,
      bounds: Int => Array[Double],
      certified: Int => Boolean,
      numWidths: Int,
      seen: Seen
  ): Unit =
    for (i <- 0 until exact.size) {
      val limits = bounds(i)
      seen.queries += 1
      if (certified(i)) seen.certified += 1
      if (!limits(0).isInfinite) {
        seen.bounded += 1
        val expected = Sums.derivatives(exact, i)
        val actual = Sums.derivatives(found, i)
        for (d <- limits.indices if !limits(d).isInfinite) {
          val error = math.abs(actual(d) - expected(d))
          val kind = if (d == 0) 0 else if (d <= numWidths) 1 else 2
          if (!(error <= limits(d) + Rounding * math.abs(expected(d))))
            seen.violations += s"$what query $i number $d: $error > ${limits(d)}"
          if (error > 0 && certified(i)) seen.ratios(kind) += limits(d) / error
        }
      }
    }

  private def fresh(
      what: String,
      keys: PackedKeys,
      box: Array[Array[Double]],
      sums: LatticeSums,
      w: Array[Double],
      seen: Seen
  ): Unit = {
    val queries = Data.points(box, 150, seed = 5)
    val answers = sums.answers(Lattices.rows(queries))
    val exact = AttentionPooling.pool(keys, QueryBlock.of(keys.dim, queries), w, Terms.CURVATURE)
    compare(what, exact, answers.state, answers.bounds(_), answers.certified(_), w.length, seen)
  }

  private def trained(
      what: String,
      keys: PackedKeys,
      leaveOut: LeaveOut,
      sums: LatticeSums,
      w: Array[Double],
      seen: Seen
  ): Unit = {
    val rows = TrainingQueries.of(keys, (0 until keys.numKeys).toArray, leaveOut)
    val exact = rows.met(AttentionPooling.pool(keys, rows.block, w, Terms.CURVATURE))
    val answers = sums.answers(rows.sites)
    def bounds(i: Int) = answers.bounds(rows.query(i), rows.twinWeight(i), rows.twinValue(i))
    def certified(i: Int) = answers.certified(rows.query(i), rows.twinWeight(i), rows.twinValue(i))
    compare(what, exact, rows.met(answers.state), bounds, certified, w.length, seen)
  }

  private def check(
      dim: Int,
      size: Int,
      seeds: Seq[Int],
      names: Seq[String] = Data.names,
      widths: Seq[Double] = Widths,
      budget: Long = Budget
  ): Seen = {
    val all = new Seen
    for (name <- names) {
      val seen = new Seen
      var declined = 0
      for {
        seed <- seeds
        rows = Data(name, size, dim, seed)
        (keys, box) = (rows.pack, Data.box(rows))
        shared <- if (dim > 1) Seq(false, true) else Seq(true)
        share <- widths
        tolerance <- Seq(1e-4, 1e-8)
      } {
        val lengths = Array.tabulate(dim)(f => box(1)(f) - box(0)(f))
        val w = if (shared) Array(1 / (share * lengths.max)) else lengths.map(l => 1 / (share * l))
        val plan = Lattices.plan(box, w, tolerance = tolerance, budget = budget)
        val state = Option.unless(plan.declined)(Lattices.state(plan, keys)).filterNot(_.overflowed)
        if (state.isEmpty) declined += 1
        for (held <- state) {
          if (plan.sparse) seen.sparse += 1
          val sums = held.sums
          val what = s"$name, $dim features, width $share, tolerance $tolerance,"
          fresh(what, keys, box, sums, w, seen)
          for (leaveOut <- Seq(LeaveOut.ROW, LeaveOut.TIES, LeaveOut.NONE))
            trained(s"$what $leaveOut", keys, leaveOut, sums, w, seen)
        }
      }
      info(
        f"$name: ${seen.queries} queries, ${seen.bounded} bounded, ${seen.certified} certified, " +
          f"${seen.violations.size} violations, $declined plans declined, ${seen.sparse} sparse; bound/error in the median " +
          f"${seen.median(0)}%.0f, of derivatives ${seen.median(1)}%.0f and ${seen.median(2)}%.0f, " +
          f"at least ${seen.ratios.map(r => f"${r.min}%.1f").mkString(", ")}"
      )
      all.violations ++= seen.violations
      all.queries += seen.queries
      all.certified += seen.certified
      all.sparse += seen.sparse
    }
    info(s"$dim features: ${all.queries} queries, ${all.violations.size} violations")
    assert(all.violations.isEmpty, all.violations.take(5).mkString("\n"))
    assert(all.certified > all.queries / 5)
    all
  }

  test("the bound holds with one feature") {
    check(1, 400, Seq(1, 2))
  }

  test("the bound holds with two features") {
    check(2, 300, Seq(3))
  }

  test("the bound holds with three features") {
    check(3, 200, Seq(4))
  }

  test("the bounds of variance and effective keys hold") {
    for (dim <- 1 to 3; name <- Data.names) {
      val rows = Data(name, 400, dim, seed = 10 + dim)
      val (keys, box) = (rows.pack, Data.box(rows))
      val queries = Data.points(box, 200, seed = 6) ++ rows.features.take(100)
      var (bounded, certified) = (0, 0)
      val ratios = Array.fill(3)(ArrayBuffer.empty[Double])
      for (share <- Seq(0.02, 0.06, 0.2, 1.0, 40.0); tolerance <- Seq(1e-3, 1e-6)) {
        val w = Array.tabulate(dim)(f => 1 / (share * (box(1)(f) - box(0)(f))))
        val plan = Lattices.plan(box, w, Terms.SPREAD, tolerance, Budget)
        if (!plan.declined && !plan.sparse) {
          val answers = Lattices.state(plan, keys).sums.answers(Lattices.rows(queries))
          val found = answers.state
          val exact =
            AttentionPooling.pool(keys, QueryBlock.of(dim, queries), w, Terms.SPREAD)
          for (i <- queries.indices if !answers.bounds(i)(0).isInfinite) {
            val limits = answers.bounds(i)
            def numbers(state: PooledState) =
              Seq(state.pooled(i), state.variance(i), state.effectiveKeys(i))
            bounded += 1
            for (((a, b), d) <- numbers(found).zip(numbers(exact)).zipWithIndex) {
              val error = math.abs(a - b)
              // Exact variances are differences, too.
              val mean = exact.pooled(i) - keys.valueCentre
              val scale = math.abs(b) + (if (d == 1) mean * mean else 0)
              assert(
                limits(d).isInfinite || error <= limits(d) + 4 * Rounding * scale,
                s"$name, $dim features, width $share, tolerance $tolerance, query $i number $d"
              )
              if (error > 0 && answers.certified(i)) ratios(d) += limits(d) / error
            }
            if (answers.certified(i)) {
              certified += 1
              val off = math.abs(found.effectiveKeys(i) / exact.effectiveKeys(i) - 1)
              assert(off <= LatticeAnswers.EFFECTIVE_KEYS)
            }
          }
        }
      }
      info(
        f"$name, $dim features: $bounded bounded, $certified certified; bound/error in the median " +
          ratios.map(r => f"${r.sorted.apply(r.size / 2)}%.0f").mkString(", ")
      )
      assert(certified > bounded / 2)
    }
  }

  test("the sums SPREAD leave nothing out") {
    val keys = Rows.random(50, 1, seed = 2).pack
    val plan = Lattices.plan(Data.box(Rows.of(keys)), Array(1.0), Terms.SPREAD)
    val sums = Lattices.state(plan, keys).sums
    val thrown =
      intercept[IllegalArgumentException](sums.answers(Array(keys.feature(0, 0), 1.0, 0.0, 0.0)))
    assert(thrown.getMessage == "query 0 leaves keys out, which the sums SPREAD do not")
  }

  test("the bound holds where the lattice is sparse") {
    val seen = check(3, 400, Seq(5), Seq("knots"), Seq(0.01, 0.015, 0.02), SparseBudget)
    assert(seen.sparse > 5)
  }

  test("a query far from every key, or outside of the box, has an infinite bound") {
    val rows = Rows(Array(Array(0.0), Array(0.5), Array(100.0)), Array(1, 2, 3), Array(1, 1, 1))
    val keys = rows.pack
    val plan = Lattices.plan(Array(Array(0.0), Array(100.0)), Array(1.0))
    val answers = Lattices
      .state(plan, keys)
      .sums
      .answers(
        Lattices.rows(Array(Array(0.2), Array(50.0), Array(-0.1), Array(100.1), Array(Double.NaN)))
      )
    assert(answers.certified(0))
    for (i <- 1 to 4) {
      assert(answers.bounds(i).forall(_.isInfinite))
      assert(!answers.certified(i))
    }
    for (i <- 2 to 4) assert(answers.state.pooled(i).isNaN)
    // A row far from all others knows nothing without itself, and its twin's value with a twin.
    val lonely = TrainingQueries.of(keys, Array(2), LeaveOut.ROW)
    val alone = Lattices.state(plan, keys).sums.answers(lonely.sites)
    assert(alone.bounds(0)(0).isInfinite)
    assert(alone.certified(0, 1.0, 7.0))
  }

  test("a single row has no bound when it is left out") {
    val keys = Rows.random(1, 2, seed = 1).pack
    val box = Data.box(Rows.of(keys))
    val sums = Lattices.state(Lattices.plan(box, Array(1.0, 1.0)), keys).sums
    val row = TrainingQueries.of(keys, Array(0), LeaveOut.ROW)
    assert(sums.answers(row.sites).bounds(0)(0).isInfinite)
  }
}
