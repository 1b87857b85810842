package ml.regard.lattice

import scala.util.Random

import _root_.ml.regard.Rows.bits
import org.scalatest.funsuite.AnyFunSuite

/** The loops over rows of nodes, each support against the obvious loop. */
class RowSupportSuite extends AnyFunSuite {
  private val random = new Random(1)
  private val scalar = new ScalarRows
  private def numbers(size: Int) = Array.fill(size)(random.nextGaussian())

  test("this process runs the loops it was asked for") {
    val simd = _root_.ml.regard.kernel.AttentionPooling.support == "simd"
    assert(Footprint.ROWS.getClass.getSimpleName == (if (simd) "SimdRows" else "ScalarRows"))
  }

  /** Rows 2, 3, 4 of a plane, and of each the nodes from one to before another. */
  private def plane(width: Int, first: Int, end: Int): Plane = {
    val plane = new Plane
    plane.width = width
    plane.nodes = numbers(8 * 20 * width)
    plane.step = 20 * width
    plane.base = 3 * width
    plane.firstRow = 2
    plane.endRow = 5
    plane.first = first
    plane.end = end
    plane.rows = numbers(5)
    plane.along = numbers(end)
    plane
  }

  test("planes of all lengths are gathered to the sums of the obvious loop, to the bit") {
    for (width <- Seq(8, 16, 24, 32, 40); end <- 0 to 16; first <- 0 to end) {
      val p = plane(width, first, end)
      val expected = Array.tabulate(width) { t =>
        (2 until 5).foldLeft(0.0) { (sum, b) =>
          val row = (first until end).foldLeft(0.0) { (part, c) =>
            Math.fma(p.along(c), p.nodes(p.base + b * p.step + c * width + t), part)
          }
          Math.fma(p.rows(b), row, sum)
        }
      }
      for (support <- Seq(scalar, Footprint.ROWS)) {
        val sums = numbers(width)
        support.gather(p, sums)
        assert(bits(sums) == bits(expected))
      }
    }
  }

  test("planes of all lengths are scattered, to the bit") {
    for (width <- 1 to 5; end <- 0 to 16; first <- Seq(0, 1, end / 2, end) if first <= end) {
      val p = plane(width, first, end)
      val (before, terms, weight) = (p.nodes, numbers(end * width), random.nextGaussian())
      val expected = before.clone
      for (b <- 2 until 5; i <- first * width until end * width) {
        val at = p.base + b * p.step + i
        expected(at) = Math.fma(weight * p.rows(b), terms(i), before(at))
      }
      for (support <- Seq(scalar, Footprint.ROWS)) {
        p.nodes = before.clone
        support.scatter(p, weight, terms)
        assert(bits(p.nodes) == bits(expected))
      }
    }
  }
}
