package ml.regard.kernel

import scala.util.Random

import ml.regard.Rows
import ml.regard.Rows.{assertClose, refusal}
import org.scalatest.funsuite.AnyFunSuite

class PooledStateSuite extends AnyFunSuite {
  private val Rounding = 1e-12
  private val rows = Rows.random(size = 129, dim = 3, seed = 7, weighted = true)
  private val queries = Rows.random(size = 5, dim = 3, seed = 8).features
  private val inverseWidths = Array(0.5, 2, 1.3)
  private val centre = 1.25

  /** Keys of which only a part is met, in any order. */
  private def source(features: Int, centre: Double): Keys = new Keys {
    override def dim: Int = features
    override def numKeys: Int = rows.size
    override def valueCentre: Double = centre
    override def blocks: java.util.Iterator[KeyBlock] = throw new UnsupportedOperationException
  }

  /** The state of all queries over some of the rows. */
  private def state(
      terms: Terms,
      part: Seq[Int],
      w: Array[Double] = inverseWidths,
      safe: Boolean = false
  ): PooledState = {
    val pass =
      new PoolingPass(source(3, centre), QueryBlock.of(3, queries), Array(w), terms, 0, safe)
    if (part.nonEmpty) {
      val some = rows.select(part)
      pass.meet(KeyBlock.of(0, 3, some.features.flatten, some.values, some.weights, centre))
    }
    pass.states.head
  }

  /** Everything that a state can be asked for. */
  private def results(state: PooledState, w: Array[Double] = inverseWidths): Seq[Double] =
    (0 until state.size).flatMap { i =>
      val value = Seq(state.pooled(i), state.s0(i) * math.pow(2, state.reference(i)))
      state.terms match {
        case Terms.VALUE  => value
        case Terms.SPREAD => value ++ Seq(state.effectiveKeys(i), state.variance(i))
        case Terms.DETAIL =>
          value ++ Seq(state.effectiveKeys(i), state.near2(i)) ++ state.marginalEffect(i, w)
        case Terms.WIDTHS    => value ++ w.indices.map(g => state.byLogWidth(i, g))
        case Terms.CURVATURE =>
          value ++ w.indices.map(g => state.byLogWidth(i, g)) ++
            state.secondByLogWidths(i)
      }
    }

  private def assertSame(actual: PooledState, expected: PooledState): Unit =
    for ((a, b) <- results(actual).zip(results(expected))) assertClose(a, b, Rounding)

  for (terms <- Terms.values; safe <- Seq(false, true)) {
    val all = rows.values.indices
    val kind = s"${if (safe) "safe" else "near"} sums $terms"
    def over(part: Seq[Int]) = state(terms, part, safe = safe)

    test(s"the empty state is neutral on either side, with $kind") {
      val whole = results(over(all))
      assert(results(over(all).merge(over(Nil))) == whole)
      assert(results(over(Nil).merge(over(all))) == whole)
      assert(over(Nil).merge(over(Nil)).noKeys(0))
    }

    test(s"any split of the keys, merged in any order, gives the same, with $kind") {
      val random = new Random(11)
      val whole = over(all)
      for (parts <- Seq(2, 3, 7, 40, all.size)) {
        val split = random.shuffle(all.toList).zipWithIndex.groupMap(_._2 % parts)(_._1).values
        val states = random.shuffle(split.toList).map(over(_))
        assertSame(states.reduceLeft(_ merge _), whole)
        val again = random.shuffle(split.toList).map(over(_))
        assertSame(again.reduceRight((left, right) => left.merge(right)), whole)
      }
    }

    test(s"near and safe states agree where queries are near, with $kind") {
      assertSame(over(all), state(terms, all, safe = !safe))
    }
  }

  test("the results are those of the obvious formulas") {
    val spread = state(Terms.SPREAD, rows.values.indices)
    for ((query, i) <- queries.zipWithIndex) {
      assertClose(spread.pooled(i), rows.pooled(query, inverseWidths), Rounding)
      assertClose(spread.effectiveKeys(i), rows.effectiveKeys(query, inverseWidths), Rounding)
      assertClose(spread.variance(i), rows.variance(query, inverseWidths), Rounding)
    }
  }

  test("what else is told is that of the obvious formulas, for one width and one per feature") {
    for (w <- Seq(Array(1.1), inverseWidths)) {
      val detail = state(Terms.DETAIL, rows.values.indices, w)
      for ((query, i) <- queries.zipWithIndex) {
        assertClose(detail.pooled(i), rows.pooled(query, w), Rounding)
        assertClose(detail.effectiveKeys(i), rows.effectiveKeys(query, w), Rounding)
        assertClose(detail.support(i), rows.support(query, w), Rounding, 0)
        for ((a, b) <- detail.marginalEffect(i, w).zip(rows.marginalEffect(query, w)))
          assertClose(a, b, Rounding)
      }
    }
  }

  test("the marginal effect is the central difference of the pooled value") {
    val Step = 1e-5
    val detail = state(Terms.DETAIL, rows.values.indices)
    for ((query, i) <- queries.zipWithIndex; f <- 0 until 3) {
      def moved(by: Double) = rows.pooled(query.updated(f, query(f) + by), inverseWidths)
      val difference = (moved(Step) - moved(-Step)) / (2 * Step)
      assertClose(detail.marginalEffect(i, inverseWidths)(f), difference, 1e-8)
    }
  }

  test("the derivative by a log width is the central difference of the pooled value") {
    val Step = 1e-5 // error of the difference about Step^2, and 1e-16 / Step from rounding
    for (shared <- Seq(true, false); g <- 0 until (if (shared) 1 else 3)) {
      val w = if (shared) Array(1.1) else inverseWidths
      def moved(by: Double) = w.updated(g, w(g) * math.exp(-by)) // h = 1 / w
      val sums = state(Terms.WIDTHS, rows.values.indices, w)
      for ((query, i) <- queries.zipWithIndex) {
        val difference = (rows.pooled(query, moved(Step)) - rows.pooled(query, moved(-Step))) /
          (2 * Step)
        assertClose(sums.byLogWidth(i, g), difference, 1e-8)
      }
    }
  }

  test("the second derivatives by log widths are the central differences of the first") {
    val Step = 1e-5
    for (w <- Seq(Array(1.1), inverseWidths)) {
      val all = rows.values.indices
      val sums = state(Terms.CURVATURE, all, w)
      for (i <- queries.indices) {
        val second = sums.secondByLogWidths(i).iterator
        for (g <- w.indices; h <- g until w.length) {
          def slope(by: Double) = {
            val moved = w.updated(h, w(h) * math.exp(-by))
            state(Terms.WIDTHS, all, moved).byLogWidth(i, g)
          }
          assertClose(second.next(), (slope(Step) - slope(-Step)) / (2 * Step), 1e-7)
        }
        assert(!second.hasNext)
      }
    }
  }

  test("states whose nearest keys are worlds apart merge to the nearer one's results") {
    for (distance <- Seq(1e2, 1e6, 1e100)) {
      def at(feature: Double, value: Double, terms: Terms) = {
        val query = QueryBlock.of(1, Array(Array(0.0)))
        val pass = new PoolingPass(source(1, 0), query, Array(Array(1.0)), terms, 0, true)
        pass.meet(KeyBlock.of(0, 1, Array(feature), Array(value), Array(1.0), 0))
        pass.states.head
      }
      for (terms <- Terms.values) {
        for (
          merged <- Seq(
            at(0.5, 3, terms).merge(at(distance, 9, terms)),
            at(distance, 9, terms).merge(at(0.5, 3, terms))
          )
        ) {
          assert(merged.pooled(0) == 3)
          if (terms == Terms.SPREAD) {
            assert(merged.effectiveKeys(0) == 1)
            assert(merged.variance(0) == 0)
          }
          if (terms == Terms.DETAIL) {
            assert(merged.effectiveKeys(0) == 1 && merged.marginalEffect(0, Array(1.0))(0) == 0)
            assertClose(merged.support(0), math.exp(-0.125), Rounding)
          }
          if (terms == Terms.WIDTHS) assert(merged.byLogWidth(0, 0) == 0)
        }
      }
    }
  }

  test("a query that met no key has no value, no spread, no derivative and 0 effective keys") {
    assert(state(Terms.VALUE, Nil).noKeys(0))
    assert(state(Terms.VALUE, Nil).pooled(0).isNaN)
    assert(state(Terms.SPREAD, Nil).variance(0).isNaN)
    assert(state(Terms.SPREAD, Nil).effectiveKeys(0) == 0)
    assert(state(Terms.WIDTHS, Nil).byLogWidth(0, 0).isNaN)
    val nothing = state(Terms.DETAIL, Nil)
    assert(nothing.effectiveKeys(0) == 0 && nothing.support(0) == 0)
    assert(nothing.marginalEffect(0, inverseWidths).forall(_.isNaN))
    assert(!state(Terms.VALUE, Seq(0)).noKeys(0))
  }

  test("states of different queries, terms, widths or centres are refused") {
    val state = new PooledState(2, 1, 0, Terms.VALUE, 0, false)
    for (
      other <- Seq(
        new PooledState(3, 1, 0, Terms.VALUE, 0, false),
        new PooledState(2, 2, 0, Terms.VALUE, 0, false),
        new PooledState(2, 1, 0, Terms.SPREAD, 0, false),
        new PooledState(2, 1, 0, Terms.VALUE, 1, false),
        new PooledState(2, 1, 0, Terms.VALUE, 0, true)
      )
    ) {
      assert(refusal(state.merge(other)) == "only states of the same queries can be merged")
      if (!other.safe)
        assert(
          refusal(state.replace(Array(0, 1), other)) ==
            "only states of the same queries can be replaced"
        )
    }
    state.replace(Array(1, 0), new PooledState(2, 1, 0, Terms.VALUE, 0, true))
    assert(state.noKeys(0) && state.reference(1).isNegInfinity)
    assert(
      refusal(new PooledState(2, 0, 0, Terms.VALUE, 0, false)) ==
        "number of widths must be at least 1, but was 0"
    )
  }

  test("results whose sums were not formed are refused") {
    intercept[IllegalStateException](state(Terms.VALUE, Seq(0)).variance(0))
    intercept[IllegalStateException](state(Terms.WIDTHS, Seq(0)).effectiveKeys(0))
    intercept[IllegalStateException](state(Terms.SPREAD, Seq(0)).byLogWidth(0, 0))
    intercept[IllegalStateException](state(Terms.SPREAD, Seq(0)).support(0))
    intercept[IllegalStateException](state(Terms.VALUE, Seq(0)).marginalEffect(0, inverseWidths))
  }
}
