package ml.regard.lattice

import java.io.{ByteArrayInputStream, ByteArrayOutputStream, ObjectInputStream, ObjectOutputStream}
import java.util.concurrent.ForkJoinPool

import _root_.ml.regard.Rows
import _root_.ml.regard.Rows.{assertClose, bits}
import _root_.ml.regard.kernel.{
  AttentionPooling,
  LeaveOneOut,
  LeaveOut,
  LossSums,
  PackedKeys,
  QueryBlock,
  Sums,
  Terms,
  TrainingQueries
}
import org.scalatest.funsuite.AnyFunSuite

class LatticeSuite extends AnyFunSuite {
  private val Rounding = 1e-12

  private def all(keys: PackedKeys): Array[Int] = (0 until keys.numKeys).toArray

  /** The leave-one-out sums through a lattice, with exact sums for queries not certified. */
  private def loss(keys: PackedKeys, sums: LatticeSums, leaveOut: LeaveOut): (LossSums, Int) = {
    val plan = sums.plan
    val rows = TrainingQueries.of(keys, all(keys), leaveOut)
    val answers = sums.answers(rows.sites)
    val state = answers.state
    def certified(i: Int) = answers.certified(rows.query(i), rows.twinWeight(i), rows.twinValue(i))
    val missing = (0 until rows.size).filterNot(certified).map(rows.query(_)).distinct.toArray
    val block = rows.block.select(missing)
    state.replace(missing, AttentionPooling.pool(keys, block, plan.inverseWidths, plan.terms))
    val met = rows.met(state)
    val loss = new LossSums(plan.inverseWidths.length, plan.terms)
    for (i <- 0 until rows.size) LeaveOneOut.add(rows, i, met, loss)
    (loss, missing.length)
  }

  test("loss, gradient and Hessian are those of the exact sums") {
    val Tolerance = 1e-7
    for (dim <- 1 to 3; leaveOut <- Seq(LeaveOut.ROW, LeaveOut.TIES, LeaveOut.NONE)) {
      val rows = Rows.random(700, dim, seed = dim, weighted = true)
      val keys = rows.pack
      for (w <- Seq(Array(1.1), Array.tabulate(dim)(f => 0.8 + 0.3 * f)).distinctBy(_.length)) {
        val plan = Lattices.plan(Data.box(rows), w, tolerance = Tolerance)
        val (found, missing) = loss(keys, Lattices.state(plan, keys).sums, leaveOut)
        val exact = LeaveOneOut.sums(keys, all(keys), w, leaveOut, Terms.CURVATURE)
        assert(missing < 350, s"$dim features: $missing of 700 rows not certified")
        for ((a, b) <- found.toArray.zip(exact.toArray))
          assert(math.abs(a - b) <= 700 * Tolerance * (1 + math.abs(b) / 700), s"$a $b")
      }
    }
  }

  test("ties are left out with all their keys, also where a site is cut into many") {
    // Ten places with 400 rows each: blocks of 1,024 rows cut sites.
    val base = Rows.random(4000, 1, seed = 9, weighted = true)
    val rows = base.copy(features = Array.tabulate(4000)(i => Array(i % 10 / 2.0)))
    val keys = rows.pack
    assert(keys.numSites > 10)
    val sums =
      Lattices.state(Lattices.plan(Data.box(rows), Array(1.5), tolerance = 1e-8), keys).sums
    for (leaveOut <- Seq(LeaveOut.ROW, LeaveOut.TIES)) {
      val (found, missing) = loss(keys, sums, leaveOut)
      assert(missing == 0)
      val exact = LeaveOneOut.sums(keys, all(keys), Array(1.5), leaveOut, Terms.CURVATURE)
      assertClose(found.loss, exact.loss, 1e-6)
      assertClose(found.gradient.head, exact.gradient.head, 1e-5)
    }
  }

  test("parts of the keys merge to the whole, and equal orders give equal bits") {
    val rows = Data("heavy-tailed", 5000, 2, seed = 3)
    val keys = rows.pack
    val box = Data.box(rows)
    val plan = Lattices.plan(box, Array(2.0, 3.0))
    val whole = Lattices.state(plan, keys)
    def merged: LatticeState =
      (0 until keys.numBlocks)
        .map(b => copyOf(new LatticeState(plan, keys.valueCentre).add(keys.block(b))))
        .reduceLeft((a, b) => a.merge(b))
    assert(merged.sites == whole.sites && merged.outlying == whole.outlying)
    assert(whole.outlying > 0 && whole.sites + whole.outlying == keys.numSites)
    assert(merged.tiles == whole.tiles)
    val queries = Lattices.rows(Data.points(box, 100, seed = 1))
    val answers = copyOf(whole.sums).answers(queries)
    val others = copyOf(merged.sums.answers(queries))
    val again = merged.sums.answers(queries)
    for (i <- 0 until 100 if answers.certified(i)) {
      assertClose(others.state.pooled(i), answers.state.pooled(i), 1e-9)
      assert(bits(Sums.derivatives(others.state, i)) == bits(Sums.derivatives(again.state, i)))
    }
  }

  test("the state of keys that are near each other is small") {
    val rows = Rows.random(20000, 2, seed = 8)
    val keys = rows.pack
    val plan = Lattices.plan(Data.box(rows), Array(80.0), Terms.VALUE, budget = 1L << 26)
    val parts =
      (0 until keys.numBlocks).map(b => new LatticeState(plan, keys.valueCentre).add(keys.block(b)))
    val whole = Lattices.state(plan, keys)
    assert(whole.tiles == plan.numNodes / Tiling.NODES)
    // One block of twenty has a twentieth of the tiles, and those at its rim.
    for (part <- parts) assert(part.tiles < whole.tiles / 5)
    assert(bytesOf(parts.head).length < bytesOf(whole).length / 5)
  }

  test("a sparse lattice answers rows as the whole one does, to the bit") {
    val rows = Data("knots", 500, 3, seed = 6)
    val (keys, box) = (rows.pack, Data.box(rows))
    def plan(budget: Long) = Lattices.plan(box, Array(2.0), Terms.VALUE, budget = budget)
    val (sparse, dense) = (plan(1L << 24), plan(1L << 25))
    assert(sparse.sparse && !dense.sparse && !dense.declined)
    assert(
      sparse.sentence.matches("a lattice of .* nodes in at most \\d+ of 343 tiles, .*"),
      sparse.sentence
    )
    assert(sparse.bytes <= (8L << 24))
    val state = Lattices.state(sparse, keys)
    assert(state.tiles < 100)
    assert(
      state.sentence.matches("\\d+ sites lie in \\d+ tiles of 4096 nodes, and \\d+ outside .*")
    )
    val (some, all) = (state.sums, Lattices.state(dense, keys).sums)
    val queries = TrainingQueries.of(keys, this.all(keys), LeaveOut.ROW).sites
    val (found, expected) = (some.answers(queries), all.answers(queries))
    val certified = (0 until found.size).filter(i => found.certified(i))
    assert(certified.size > 400)
    for (i <- 0 until found.size) assert(found.certified(i) == expected.certified(i))
    assert(
      bits(certified.map(found.state.pooled(_)).toArray) ==
        bits(certified.map(expected.state.pooled(_)).toArray)
    )
    // Amid the knots there are no keys, and no nodes.
    val amid = some.answers(Lattices.rows(Array(Array(5.0, 5.0, 5.0))))
    assert(!amid.certified(0) && amid.state.pooled(0).isNaN)
  }

  test("the loss through a sparse lattice is that of the exact sums") {
    val rows = Data("knots", 2000, 3, seed = 7)
    val keys = rows.pack
    val plan = Lattices.plan(Data.box(rows), Array(10.0, 8.0, 9.0), budget = 1L << 26)
    assert(plan.sparse)
    val (found, missing) = loss(keys, Lattices.state(plan, keys).sums, LeaveOut.ROW)
    val exact =
      LeaveOneOut.sums(keys, all(keys), plan.inverseWidths, LeaveOut.ROW, Terms.CURVATURE)
    assert(missing < 400, s"$missing of 2000 rows not certified")
    for ((a, b) <- found.toArray.zip(exact.toArray))
      assert(math.abs(a - b) <= 2000 * 1e-6 * (1 + math.abs(b) / 2000), s"$a $b")
  }

  test("more tiles than the budget has room for are not kept") {
    val rows = Rows.random(2000, 3, seed = 7)
    val keys = rows.pack
    val plan = Lattices.plan(Data.box(rows), Array(10.0), budget = 1L << 22)
    assert(plan.sparse)
    val state = Lattices.state(plan, keys)
    assert(state.overflowed && state.tiles == 0)
    assert(
      state.sentence.matches(
        "2000 sites lie in more than the \\d+ tiles of 4096 nodes that a budget of 4194304 numbers has room for"
      )
    )
    assert(intercept[IllegalStateException](state.sums).getMessage == state.sentence)
    val one = new LatticeState(plan, keys.valueCentre)
    one.add(keys.feature(0, 0) +: Array(keys.feature(0, 1), keys.feature(0, 2), 1.0, 0.0, 0.0), 0)
    assert(!one.overflowed && one.merge(state).overflowed)
  }

  test("what convolutions hold on the way counts, too") {
    // Few points, far apart: between them lie more tiles than around them.
    val rows = Rows.random(60, 3, seed = 7)
    val keys = rows.pack
    def state(budget: Long) =
      Lattices.state(Lattices.plan(Data.box(rows), Array(20.0), Terms.VALUE, budget = budget), keys)
    val roomy = state(1L << 28)
    assert(!roomy.overflowed)
    val tight = state(roomy.numbers - 1)
    assert(tight.overflowed && tight.tiles == roomy.tiles)
    assert(
      tight.sentence.endsWith(
        s"sums need ${roomy.numbers} numbers, and the budget is ${roomy.numbers - 1}"
      )
    )
  }

  test("bits do not depend on the number of threads") {
    for (dim <- 1 to 3) {
      val rows = Rows.random(2000, dim, seed = dim)
      val plan = Lattices.plan(Data.box(rows), Array(if (dim == 1) 2000.0 else 3.0))
      val state = Lattices.state(plan, rows.pack)
      val queries = Lattices.rows(Data.points(Data.box(rows), 100, seed = 1))
      def answers(threads: Int) = {
        val pool = new ForkJoinPool(threads)
        try {
          val state1 = pool.submit(() => state.sums.answers(queries).state).get
          (0 until 100).flatMap(i => bits(Sums.derivatives(state1, i)))
        } finally pool.shutdown()
      }
      assert(answers(1) == answers(3))
    }
  }

  private def bytesOf(value: Any): Array[Byte] = {
    val bytes = new ByteArrayOutputStream
    val out = new ObjectOutputStream(bytes)
    out.writeObject(value)
    out.close()
    bytes.toByteArray
  }

  private def copyOf[T](value: T): T =
    new ObjectInputStream(new ByteArrayInputStream(bytesOf(value))).readObject.asInstanceOf[T]

  test("constant values give that constant") {
    for (dim <- 1 to 3) {
      val rows = Rows.random(300, dim, seed = dim).copy(values = Array.fill(300)(7.25))
      val box = Data.box(rows)
      val sums = Lattices.state(Lattices.plan(box, Array(0.9)), rows.pack).sums
      val answers = sums.answers(Lattices.rows(Data.points(box, 200, seed = 2)))
      val bounded = (0 until 200).filterNot(i => answers.bounds(i)(0).isInfinite)
      assert(bounded.size > 150)
      for (i <- bounded) assertClose(answers.state.pooled(i), 7.25, Rounding)
    }
  }

  test("moving keys and queries together changes nothing") {
    val rows = Rows.random(500, 1, seed = 4)
    def answers(by: Double) = {
      val moved = rows.copy(features = rows.features.map(_.map(x => x + by)))
      val plan = Lattices.plan(Array(Array(by), Array(5 + by)), Array(3.0))
      Lattices.state(plan, moved.pack).sums.answers(Lattices.rows(Array(Array(2.5 + by))))
    }
    // Near 1e9 features have a grid of 1e-7: exact sums move by as much.
    val exact = rows.copy(features = rows.features.map(_.map(x => (x + 1e9) - 1e9)))
    assertClose(answers(1e9).state.pooled(0), exact.pooled(Array(2.5), Array(3.0)), 1e-6)
    assert(answers(1e9).certified(0) && answers(0).certified(0))
  }

  test("an inverse width of 0 ignores the feature") {
    val rows = Rows.random(300, 2, seed = 6)
    val one = rows.copy(features = rows.features.map(_.take(1)))
    val box = Data.box(rows)
    val sums = Lattices.state(Lattices.plan(box, Array(2.0, 0.0)), rows.pack).sums
    val queries = Data.points(box, 20, seed = 2)
    val answers = sums.answers(Lattices.rows(queries))
    val exact =
      AttentionPooling.pool(
        one.pack,
        QueryBlock.of(1, queries.map(_.take(1))),
        Array(2.0),
        Terms.VALUE
      )
    for (i <- 0 until 20) {
      assert(answers.certified(i))
      assertClose(answers.state.pooled(i), exact.pooled(i), 1e-6)
    }
  }

  test("more sites outside of the box than are kept are only counted") {
    val plan = Lattices.plan(Array(Array(0.0), Array(1.0)), Array(1.0), Terms.VALUE)
    val state = new LatticeState(plan, 0)
    val more = new LatticeState(plan, 0)
    for (i <- 1 to 60000) {
      state.add(Array(1.0 + i, 1.0, 0.0, 0.0), 0)
      more.add(Array(-i.toDouble, 1.0, 0.0, 0.0), 0)
    }
    assert(!state.overflowed && state.outlying == 60000)
    state.merge(more)
    assert(state.overflowed && state.outlying == 120000)
    val thrown = intercept[IllegalStateException](state.sums)
    assert(thrown.getMessage == "at most 100000 sites may be outside of the box, but 120000 are")
  }
}
