package ml.regard.lattice

import scala.util.Random

import _root_.ml.regard.Rows
import _root_.ml.regard.Rows.assertClose
import _root_.ml.regard.kernel.{
  AttentionPooling,
  LeaveOneOut,
  LeaveOut,
  LossSums,
  PackedKeys,
  QueryBlock,
  Terms,
  TrainingQueries
}
import org.scalatest.funsuite.AnyFunSuite

/** Where features have few values, nodes have the sums of all pairs. */
class ValueGridSuite extends AnyFunSuite {
  private val Rounding = 1e-11
  private val Budget = 1L << 24

  /** Whole numbers with gaps, many rows on most of them. */
  private def rows(size: Int, dim: Int, seed: Long): Rows = {
    val random = new Random(seed)
    val features = Array.fill(size, dim)(math.pow(random.nextInt(9), 1.5).round.toDouble)
    val values = features.map(x => math.sin(x.sum / 5) + 0.3 * random.nextGaussian())
    Rows(features, values, Array.fill(size)(0.1 + 3 * random.nextDouble()))
  }

  private def values(rows: Rows): Array[Array[Double]] =
    Array.tabulate(rows.dim)(f => rows.features.map(_(f)).distinct.sorted)

  private def plan(rows: Rows, w: Array[Double], terms: Terms, everywhere: Boolean = false) =
    ValueGridPlan.of(values(rows), w, terms, 1e-8, everywhere, Budget)

  private def sums(plan: ValueGridPlan, keys: PackedKeys): NodeSums = {
    val state = plan.noSites(keys.valueCentre)
    keys.blocks.forEachRemaining(state.add(_))
    state.sums
  }

  private def loss(keys: PackedKeys, nodes: NodeSums, w: Array[Double], leaveOut: LeaveOut) = {
    val asking = TrainingQueries.of(keys, (0 until keys.numKeys).toArray, leaveOut)
    val answers = nodes.answers(asking.sites)
    val met = asking.met(answers.state)
    val loss = new LossSums(w.length, Terms.CURVATURE)
    for (i <- 0 until asking.size) {
      assert(answers.certified(asking.query(i), asking.twinWeight(i), asking.twinValue(i)))
      LeaveOneOut.add(asking, i, met, loss)
    }
    loss
  }

  for (dim <- 1 to 3; leaveOut <- Seq(LeaveOut.ROW, LeaveOut.TIES, LeaveOut.NONE))
    test(s"loss, gradient and Hessian are those of all pairs: $dim features, $leaveOut") {
      val some = rows(3000, dim, seed = dim)
      val keys = some.pack
      for (h <- Seq(0.7, 4.0, 100.0); own <- Seq(true, false).take(dim)) {
        val w = if (own) Array.tabulate(dim)(f => (1 + 0.3 * f) / h) else Array(1 / h)
        val found = loss(keys, sums(plan(some, w, Terms.CURVATURE), keys), w, leaveOut)
        val positions = (0 until keys.numKeys).toArray
        val exact = LeaveOneOut.sums(keys, positions, w, leaveOut, Terms.CURVATURE)
        for ((a, b) <- found.toArray.zip(exact.toArray)) assertClose(a, b, Rounding, 3000)
      }
    }

  for (terms <- Seq(Terms.VALUE, Terms.CURVATURE); dim <- 1 to 3)
    test(s"queries are answered on nodes and beside them: $dim features, $terms") {
      val some = rows(500, dim, seed = 4)
      val keys = some.pack
      val w = Array.tabulate(dim)(f => 0.5 + 0.3 * f)
      val nodes = sums(plan(some, w, terms, everywhere = true), keys)
      val random = new Random(6)
      val grid = Seq.fill(50)(values(some).map(axis => axis(random.nextInt(axis.length))))
      val beside = Seq.fill(50)(values(some).map(_ => 23 * random.nextDouble()))
      val mixed = grid.zip(beside).map { case (a, b) => a.updated(0, b(0)) }
      val queries = (grid ++ beside ++ mixed).toArray
      val answers = nodes.answers(Lattices.rows(queries))
      val exact = AttentionPooling.pool(keys, QueryBlock.of(dim, queries), w, terms)
      for (i <- queries.indices) {
        assert(answers.certified(i, 0, 0))
        assertClose(answers.state.pooled(i), exact.pooled(i), Rounding)
        if (terms == Terms.CURVATURE)
          for (g <- 0 until dim)
            assertClose(answers.state.byLogWidth(i, g), exact.byLogWidth(i, g), Rounding, 10)
      }
    }

  test("queries beyond the reach of all nodes are not certified, and their bound is infinite") {
    val some = rows(500, 2, seed = 4)
    val nodes = sums(plan(some, Array(0.5), Terms.VALUE, everywhere = true), some.pack)
    val far = Array(Array(0.5, -70.0), Array(1e12, 0.0), Array(-1e150, 1e150))
    val answers = nodes.answers(Lattices.rows(far))
    for (i <- far.indices)
      assert(!answers.certified(i, 0, 0) && answers.errorBound(i).isPosInfinity)
  }

  test("where only training rows ask, nodes without a key have no answer") {
    val some = Rows(Array(Array(0.0, 0.0), Array(1.0, 1.0)), Array(1.0, 2.0), Array(1.0, 1.0))
    val nodes = sums(plan(some, Array(1.0), Terms.VALUE), some.pack)
    val answers = nodes.answers(Lattices.rows(some.features :+ Array(0.0, 1.0)))
    assert((0 to 2).map(answers.certified(_, 0, 0)) == Seq(true, true, false))
  }

  test("a row beyond the reach of all others is not certified, with a twin it is") {
    val some =
      Rows(Array(Array(0.0), Array(1.0), Array(50.0)), Array(1.0, 2.0, 7.0), Array(1.0, 1.0, 1.0))
    val nodes = sums(plan(some, Array(1.0), Terms.VALUE), some.pack)
    val own = some.pack.valueCentre
    val leaving = Array(50.0, 1.0, 7 - own, (7 - own) * (7 - own))
    val answers = nodes.answers(leaving)
    assert(!answers.certified(0, 0, 0))
    assert(answers.certified(0, 1, 3 - own))
  }

  test("parts of the keys in any number have the same bits, merged in their order") {
    val some = rows(5000, 2, seed = 5)
    val keys = some.pack
    val w = Array(0.9, 0.4)
    val grid = plan(some, w, Terms.WIDTHS)
    def part(from: Int, to: Int) = {
      val state = grid.noSites(keys.valueCentre)
      for (b <- from until to) state.add(keys.block(b))
      state
    }
    val n = keys.numBlocks
    val queries = Lattices.rows(some.features.take(200))
    def pooled(state: NodeState) = {
      val found = state.sums.answers(queries).state
      Rows.bits(Array.tabulate(200)(i => found.pooled(i)))
    }
    val one = part(0, 2).merge(part(2, n))
    val two = part(0, 2).merge(part(2, n))
    assert(pooled(one) == pooled(two))
    assert(one.sentence.contains(s"${keys.numSites}") || one.sentence.contains("nodes"))
  }

  test("sites stay on their nodes when widths change, and nowhere else") {
    val some = rows(3000, 2, seed = 7)
    val keys = some.pack
    def state(plan: NodePlan): NodeState = {
      val empty = plan.noSites(keys.valueCentre)
      keys.blocks.forEachRemaining(empty.add(_))
      empty
    }
    val earlier = state(plan(some, Array(0.5), Terms.VALUE))
    val next = plan(some, Array(1.0, 2.0), Terms.CURVATURE)
    val queries = Lattices.rows(some.features.take(300))
    def losses(state: NodeState) = {
      val found = state.sums.answers(queries).state
      Rows.bits(Array.tabulate(600)(i => found.byLogWidth(i / 2, i % 2)))
    }
    assert(losses(next.again(earlier).get) == losses(state(next)))
    val fewer = rows(20, 2, seed = 7)
    assert(!plan(fewer, Array(0.5), Terms.VALUE).again(earlier).isPresent)
    val lattice = Lattices.plan(Array(Array(0.0, 0.0), Array(30.0, 30.0)), Array(0.5))
    assert(!lattice.again(earlier).isPresent)
    assert(!next.again(Lattices.state(lattice, keys)).isPresent)
  }

  test("a grid beyond the budget declines with its numbers") {
    val many = Array.tabulate(2)(_ => Array.tabulate(4000)(_.toDouble))
    val declined = ValueGridPlan.of(many, Array(1.0), Terms.VALUE, 1e-8, true, Budget)
    assert(declined.declined)
    assert(
      declined.sentence ==
        "a grid of 4000 x 4000 values has 1.60e+08 numbers and exceeds the budget of 1.68e+07"
    )
  }
}
