package ml.regard.engine

import scala.util.Random

import ml.regard.Rows
import ml.regard.kernel.{Loo, LossSums, Terms}
import org.apache.spark.SparkConf
import org.apache.spark.serializer.{JavaSerializer, KryoSerializer}
import org.scalatest.funsuite.AnyFunSuite

class BlockTreeSuite extends AnyFunSuite {
  private val inverseWidths = Array(1.0, 2.0)
  private val keys = Rows.random(400, 2, seed = 1, weighted = true).pack
  // Ten rows a block; every tree takes copies, because adding changes the left operand.
  private val blocks = (0 until 40).map(b => (10 * b until 10 * b + 10).toArray)
  private def fresh(block: Int): LossSums =
    Loo.lossAndGradient(keys, blocks(block), inverseWidths)
  private val zero = new LossSums(2, Terms.WIDTHS)
  private val cached = blocks.indices.map(fresh)

  private def sums(block: Int): Array[LossSums] = Array(
    new LossSums(2, Terms.WIDTHS).merge(cached(block))
  )

  private def bits(sums: LossSums): Seq[Long] =
    Rows.bits(Array(sums.loss, sums.weight, sums.rSquared) ++ sums.gradient) ++
      sums.gaussNewton.toSeq.flatMap(Rows.bits) :+ sums.rows

  private def tree(numBlocks: Int, order: Seq[Int]): BlockTree[LossSums] =
    order.foldLeft(new BlockTree[LossSums](numBlocks))((tree, block) =>
      tree.add(block, sums(block))
    )

  /** The definition: node (level, index) adds its two children, where both exist. */
  private def node(level: Int, index: Int, numBlocks: Int): LossSums =
    if (level == 0) sums(index).head
    else {
      val left = node(level - 1, 2 * index, numBlocks)
      val rightExists = (2 * index + 1) << (level - 1) < numBlocks
      if (rightExists) left.merge(node(level - 1, 2 * index + 1, numBlocks)) else left
    }

  test("blocks in order give the sums of the fixed tree, to the last bit") {
    for (n <- 1 to 40)
      assert(bits(tree(n, 0 until n).root.head) == bits(node(6, 0, n)), s"$n blocks")
  }

  test("the order of additions matters to the bits, so that these tests can fail") {
    val inOrder = (0 until 40).map(cached).foldLeft(zero)((all, one) => all.merge(one))
    assert(bits(inOrder) != bits(node(6, 0, 40)))
  }

  test("every order of a few blocks gives the same bits") {
    for (n <- 1 to 6; order <- (0 until n).permutations)
      assert(bits(tree(n, order).root.head) == bits(node(6, 0, n)))
  }

  test("any order and any grouping of 1 to 40 blocks give the same bits") {
    val random = new Random(2)
    for (n <- 1 to 40; groups <- Seq(1, 2, 3, 7, n)) {
      val order = random.shuffle((0 until n).toList)
      val parts = order.grouped((n + groups - 1) / groups).map(tree(n, _)).toList
      val merged = random.shuffle(new BlockTree[LossSums](n) :: parts).reduce((a, b) => a.merge(b))
      assert(bits(merged.root.head) == bits(node(6, 0, n)), s"$n blocks in $groups groups")
    }
  }

  test("several candidates are summed side by side") {
    val tree = new BlockTree[LossSums](2)
    tree.add(1, Array(sums(1).head, sums(3).head)).add(0, Array(sums(0).head, sums(2).head))
    assert(bits(tree.root()(0)) == bits(sums(0).head.merge(sums(1).head)))
    assert(bits(tree.root()(1)) == bits(sums(2).head.merge(sums(3).head)))
  }

  test("missing blocks are noticed") {
    for (n <- 1 to 9; missing <- 0 until n) {
      val thrown =
        intercept[IllegalStateException](tree(n, (0 until n).filter(_ != missing)).root)
      assert(thrown.getMessage == s"blocks are missing from the tree of $n")
    }
  }

  test("a block that comes twice is noticed") {
    val twice = tree(3, Seq(0))
    assertThrows[IllegalStateException](twice.add(0, Array(sums(0).head)))
  }

  test("a tree survives Kryo and Java serialisation on its way to another executor") {
    val serializers = Seq(new KryoSerializer(new SparkConf()), new JavaSerializer(new SparkConf()))
    for (serializer <- serializers.map(_.newInstance())) {
      def sent(tree: BlockTree[LossSums]) =
        serializer.deserialize[BlockTree[LossSums]](serializer.serialize(tree))
      val merged = sent(tree(5, Seq(4, 0, 2))).merge(sent(tree(5, Seq(3, 1))))
      assert(bits(merged.root.head) == bits(node(6, 0, 5)))
    }
  }
}
