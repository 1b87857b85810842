package ml.regard.lattice

import scala.util.Random

import _root_.ml.regard.kernel.Terms
import org.scalatest.funsuite.AnyFunSuite

class LatticePlanSuite extends AnyFunSuite {
  private def box(ranges: Double*) = Array(ranges.map(_ => 0.0).toArray, ranges.toArray)

  private def plan(box: Array[Array[Double]], widths: Array[Double], tolerance: Double) =
    LatticePlan.of(box, widths.map(1 / _), Terms.WIDTHS, tolerance, 100000, 100000, 1L << 24)

  test("the constants of an axis hold wherever query and key are in their cells") {
    val random = new Random(1)
    for (spacing <- Spacing.values) {
      val envelope = spacing.envelope
      info(
        f"$spacing: error ${envelope.error.map(e => f"$e%.2e").mkString(" ")} of ${spacing.error}, " +
          f"gross ${envelope.gross.map(e => f"$e%.1f").mkString(" ")}, broad ${envelope.broadError}%.1e " +
          f"${envelope.broadGross}%.1f, tail ${envelope.tail}%.1e"
      )
      assert(envelope.error(0) <= spacing.error && envelope.error(0) > spacing.error / 2)
      assert(envelope.broadError < 0.5)
      val kernels = spacing.kernels
      val stencil = new Stencil(spacing.order)
      val (query, key) = (new Array[Double](spacing.order), new Array[Double](spacing.order))
      for (_ <- 1 to 20000) {
        val (t, u, cells) = (random.nextDouble(), random.nextDouble(), random.nextInt(60))
        stencil.weights(t, query)
        stencil.weights(u, key)
        def sum(kernel: Array[Double]): Double = {
          var sum = 0.0
          for (a <- query.indices; b <- key.indices) {
            val m = math.abs(cells + a - b)
            if (m < kernel.length) sum += query(a) * key(b) * kernel(m)
          }
          sum
        }
        val x = (cells + t - u) * spacing.spacing
        for (k <- 0 to 2) {
          val kernel = math.pow(x * x, k) * math.exp(-x * x / 2)
          val error = math.abs(sum(kernels.narrow(k)) - kernel)
          assert(error <= envelope.error(k) * math.exp(-x * x / 4), s"$spacing $k $x")
          assert(kernel <= envelope.peak(k) * math.exp(-x * x / 4) * (1 + 1e-12))
        }
        val (broad, found) = (math.exp(-x * x / 4), sum(kernels.broad))
        val near = math.abs(found - broad) <= envelope.broadError * broad
        assert(near || broad <= envelope.tail && math.abs(found) <= envelope.tail, s"$spacing $x")
      }
    }
  }

  test("the finer the tolerance, the dearer the lattice") {
    val costs = Seq(1e-3, 1e-5, 1e-7, 1e-8).map(plan(box(100, 1000), Array(5, 20), _))
    assert(costs.forall(!_.declined))
    assert(costs.map(_.cost) == costs.map(_.cost).sorted)
    assert(costs.head.sentence.matches("a lattice of \\d+ x \\d+ nodes, .* MB, .* multiplications"))
    assert(costs.forall(p => p.bytes == 8L * p.numNodes * (3 + 16 + 1)))
  }

  test("a lattice declines what it cannot do, with the numbers") {
    val small = plan(box(1e5, 1e3), Array(1e-3, 1e-3), 1e-6)
    assert(small.declined && small.numNodes == 0 && small.bytes == 0)
    assert(small.sentence.matches("a lattice of \\S+ numbers exceeds the budget of 1.68e\\+07: .*"))
    val tiny = plan(box(1), Array(1e-140), 1e-6)
    assert(tiny.declined && tiny.sentence.contains("exceeds the budget"))
    val four = plan(box(1, 1, 1, 1), Array(1), 1e-6)
    assert(four.declined)
    assert(four.sentence == "a lattice has at most 3 features, and there are 4")
    val fine = plan(box(1), Array(1), 1e-15)
    assert(
      fine.declined && fine.sentence.contains("of the standard deviation at best, not 1.00e-15")
    )
    val thrown = intercept[IllegalStateException](new LatticeState(fine, 0))
    assert(thrown.getMessage == "there is no lattice: " + fine.sentence)
  }

  test("what is no lattice at all is refused") {
    def refused(ask: => LatticePlan): String = intercept[IllegalArgumentException](ask).getMessage
    assert(
      refused(plan(Array(Array(1.0), Array(0.0)), Array(1), 1e-6)) ==
        "feature 0 must be between finite bounds, but was between 1.0 and 0.0"
    )
    assert(
      refused(plan(box(Double.NaN), Array(1), 1e-6)) ==
        "feature 0 must be between finite bounds, but was between 0.0 and NaN"
    )
    assert(
      refused(plan(box(1, 1, 1), Array(1, 2), 1e-6)) ==
        "inverse widths must be one or one per feature (3), but were 2"
    )
    assert(
      refused(plan(box(1), Array(0), 1e-6)) == "inverse width must be finite, but was Infinity"
    )
    assert(
      refused(plan(box(1), Array(1), 0)) == "tolerance must be positive and finite, but was 0.0"
    )
  }
}
