package ml.regard.lattice

import java.util.{List => JavaList}

import scala.jdk.CollectionConverters._
import scala.util.Random

import _root_.ml.regard.Rows
import _root_.ml.regard.kernel.{PackedKeys, Terms}
import org.scalatest.funsuite.AnyFunSuite

/** A state as rows, in any order, and back: the same bits for every query. */
class NodeTableSuite extends AnyFunSuite {
  private val some = Rows.random(4000, 2, seed = 3, weighted = true)
  private val keys = some.pack
  private val box = Array(Array(0.5, 0.5), Array(4.0, 4.0))
  private val widths = Array(2.0, 3.0)

  private def lattice: NodeState = Lattices.state(
    Lattices.plan(box, widths, Terms.VALUE, 1e-7, LatticePlan.BUDGET),
    keys
  )

  private def grid: NodeState = {
    val values = Array.tabulate(2)(f => some.features.map(_(f)).distinct.sorted.take(40))
    val few = Array.tabulate(500)(i => Array(values(0)(i % 40), values(1)(i * 7 % 40)))
    val packed = Rows(few, some.values.take(500), some.weights.take(500)).pack
    val plan = ValueGridPlan.of(values, widths, Terms.VALUE, 1e-7, true, LatticePlan.BUDGET)
    val state = plan.noSites(packed.valueCentre)
    packed.blocks.forEachRemaining(state.add(_))
    state
  }

  private def answers(state: NodeState): Seq[Long] = {
    val random = new Random(1)
    val queries = Array.fill(300)(Array.fill(2)(5 * random.nextDouble()))
    val found = state.sums.answers(Lattices.rows(queries))
    val pooled = found.state
    Rows.bits(
      Array.tabulate(queries.length)(i => pooled.pooled(i)) ++
        Array.tabulate(queries.length)(i => found.errorBound(i))
    )
  }

  for ((kind, made) <- Seq("lattice" -> (() => lattice), "grid" -> (() => grid)))
    test(s"rows of a $kind make a state with the same answers, and the same rows again") {
      val state = made()
      val rows = new Random(5).shuffle(state.rows.asScala.toSeq)
      val again = NodeTable.state(rows.asJava)
      assert(answers(again) == answers(state))
      assert(again.sentence == state.sentence || kind == "grid")
      assert(hash(again.rows) == hash(state.rows))
      assert(NodeTable.inverseWidths(rows.asJava).sameElements(widths))
      assert(NodeTable.tolerance(rows.asJava) == 1e-7)
    }

  private def hash(rows: JavaList[NodeRow]): Long = rows.asScala.map(_.contentHash).sum

  test("sites outside of the box are among the rows") {
    val outlying = lattice.rows.asScala.filter(_.kind == "outlying")
    val state = lattice.asInstanceOf[LatticeState]
    assert(state.outlying > 1024 && outlying.size > 1)
    assert(outlying.map(_.numbers.length).sum == 5 * state.outlying)
  }

  test("each bit of each row counts in the hash") {
    val row = new NodeRow("tile", 3, 1.0, 2.0)
    val others = Seq(
      new NodeRow("node", 3, 1.0, 2.0),
      new NodeRow("tile", 4, 1.0, 2.0),
      new NodeRow("tile", 3, 2.0, 1.0),
      new NodeRow("tile", 3, 1.0, math.nextUp(2.0)),
      new NodeRow("tile", 3, 1.0)
    )
    assert(others.forall(_.contentHash != row.contentHash))
  }

  test("rows that are missing, or say nothing together, are refused with a sentence") {
    def refused(rows: Seq[NodeRow]): String =
      intercept[IllegalArgumentException](NodeTable.state(rows.asJava)).getMessage
    val rows = lattice.rows.asScala.toSeq
    for (kind <- Seq("lattice", "widths", "totals"))
      assert(refused(rows.filter(_.kind != kind)).contains(s"one row $kind"))
    assert(refused(rows.filter(_.kind != "axis")) == "there are no rows axis")
    val twice = rows ++ rows.filter(_.kind == "axis").take(1)
    assert(refused(twice).startsWith("row axis 0 is one too many"))
    val broken = rows :+ new NodeRow("outlying", 99, 1.0)
    assert(refused(broken).startsWith("rows outlying must hold groups of 5 numbers"))
    val other = rows.map(row =>
      if (row.kind != "lattice") row
      else new NodeRow("lattice", row.number, row.numbers.take(3) :+ 99.0: _*)
    )
    assert(refused(other).startsWith("there is no spacing of"))
    val places = grid.rows.asScala.toSeq :+ new NodeRow("node", 99, 1e6, 1.0, 1.0, 1.0)
    assert(refused(places) == "there is no node 1000000")
  }

  test("only sums of the terms VALUE are saved") {
    val plan = Lattices.plan(box, widths, Terms.WIDTHS)
    intercept[IllegalStateException](Lattices.state(plan, keys: PackedKeys).rows)
  }
}
