package ml.regard.optim

import ml.regard.Rows.refusal
import org.scalatest.funsuite.AnyFunSuite

class BatchSuite extends AnyFunSuite {
  private val numRows = 100000

  private def positions(batch: Batch, from: Int = 0): Set[Int] =
    (from until numRows).filter(batch.contains(_)).toSet

  test("the share of the rows is near the fraction") {
    for (fraction <- Seq(0.01, 0.1, 0.5, 0.99); step <- 1 to 3) {
      val deviation = math.sqrt(numRows * fraction * (1 - fraction)) // binomial
      val count = positions(Batch.of(fraction, 42, step)).size
      assert(math.abs(count - numRows * fraction) < 4 * deviation)
    }
  }

  test("equal seeds and steps choose equal rows, wherever the rows are looked at") {
    val batch = Batch.of(0.3, 7, 5)
    assert(positions(batch) == positions(Batch.of(0.3, 7, 5)))
    assert(positions(batch, from = 1024) == positions(batch).filter(_ >= 1024))
  }

  test("another step or another seed chooses rows of its own") {
    val chosen = positions(Batch.of(0.5, 7, 1))
    for (other <- Seq(Batch.of(0.5, 7, 2), Batch.of(0.5, 8, 1), Batch.of(0.5, 1, 7))) {
      // Independent choices share a quarter of the rows; 4 binomial deviations are about 550.
      assert(math.abs(chosen.intersect(positions(other)).size - numRows / 4) < 600)
    }
  }

  test("a larger fraction keeps the rows of a smaller one") {
    assert(positions(Batch.of(0.1, 3, 3)).subsetOf(positions(Batch.of(0.2, 3, 3))))
  }

  test("all rows are all rows") {
    assert(Batch.all.isAll && Batch.all.fraction == 1)
    assert(Batch.of(1, 5, 5).isAll && !Batch.of(0.999, 5, 5).isAll)
    assert(positions(Batch.all).size == numRows)
    assert(positions(Batch.of(1, 5, 5)).size == numRows)
  }

  test("a fraction outside (0, 1] is refused") {
    for (bad <- Seq(0.0, -0.1, 1.0001, Double.NaN))
      assert(refusal(Batch.of(bad, 1, 1)) == s"fraction must be in (0, 1], but was $bad")
  }
}
