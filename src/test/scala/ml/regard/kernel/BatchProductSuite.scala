package ml.regard.kernel

import ml.regard.Rows.{assertClose, refusal}
import org.scalatest.funsuite.AnyFunSuite

class BatchProductSuite extends AnyFunSuite {
  private def matrix(rows: Int, columns: Int)(cell: (Int, Int) => Double) =
    Array.tabulate(rows, columns)(cell)

  test("the textbook's shapes: (2, 1, 4) x (2, 4, 6) is (2, 1, 6)") {
    val left = Array.fill(2)(matrix(1, 4)((_, _) => 1))
    val right = Array.fill(2)(matrix(4, 6)((_, _) => 1))
    val product = BatchProduct.multiply(left, right)
    assert(product.length == 2 && product.forall(_.length == 1))
    assert(product.forall(_.head.toSeq == Seq.fill(6)(4.0))) // a sum of four ones
  }

  test("the textbook's weighted average: weights 0.1 over the values 0 to 19") {
    // Means of 0..9 and 10..19.
    val weights = Array.fill(2)(Array(Array.fill(10)(0.1)))
    val values = Array.tabulate(2, 10)((i, j) => Array((10 * i + j).toDouble))
    val product = BatchProduct.multiply(weights, values)
    assertClose(product(0)(0)(0), 4.5, 1e-15)
    assertClose(product(1)(0)(0), 14.5, 1e-15)
  }

  test("each pair of matrices is multiplied on its own") {
    // [1 2; 3 4] [5 6; 7 8] = [19 22; 43 50], and the identity leaves [1 2 3] as it is.
    val left = Array(Array(Array(1.0, 2.0), Array(3.0, 4.0)), Array(Array(1.0, 2.0, 3.0)))
    val right = Array(
      Array(Array(5.0, 6.0), Array(7.0, 8.0)),
      matrix(3, 3)((i, j) => if (i == j) 1 else 0)
    )
    val product = BatchProduct.multiply(left, right)
    assert(product(0).map(_.toSeq).toSeq == Seq(Seq(19, 22), Seq(43, 50)))
    assert(product(1).map(_.toSeq).toSeq == Seq(Seq(1, 2, 3)))
    assert(BatchProduct.multiply(Array(), Array()).isEmpty)
  }

  test("shapes that do not agree are refused") {
    val one = Array(matrix(1, 2)((_, _) => 1))
    assert(
      refusal(BatchProduct.multiply(one, one ++ one)) ==
        "the right batch must have length 1, but has 2"
    )
    assert(
      refusal(BatchProduct.multiply(one, Array(matrix(3, 1)((_, _) => 1)))) ==
        "a row of left matrix 0 must have length 3, but has 2"
    )
    assert(
      refusal(BatchProduct.multiply(one, Array(Array(Array(1.0), Array(1.0, 2.0))))) ==
        "a row of right matrix 0 must have length 1, but has 2"
    )
  }
}
