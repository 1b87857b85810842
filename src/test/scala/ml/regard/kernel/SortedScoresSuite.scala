package ml.regard.kernel

import scala.util.Random

import ml.regard.Rows.{assertClose, refusal}
import org.scalatest.funsuite.AnyFunSuite

class SortedScoresSuite extends AnyFunSuite {
  private val inf = Double.PositiveInfinity

  test("the rank is ceil((n + 1) confidence), of the confidence as written") {
    for (
      (n, c, rank) <- Seq(
        (9, 0.9, 9),
        (9, 0.95, 10),
        (99, 0.9, 90),
        (100, 0.9, 91),
        (19, 0.95, 19),
        (9, 0.1, 1),
        (2, 0.1, 1), // 3 * 0.1 is more than 0.3 in doubles
        (29, 0.1, 3),
        (0, 0.5, 1)
      )
    ) assert(SortedScores.rank(n, c) == rank, s"$n, $c")
  }

  test("scores are counted from the smallest; above the last they are infinite, and NaN is none") {
    val scores = SortedScores.of(Array(3.0, Double.NaN, 1, 2, inf))
    assert(scores.count == 4)
    assert((1L to 5L).map(scores.atRank) == Seq(1, 2, 3, inf, inf))
    assert(scores.quantile(0.4) == 2 && scores.quantile(0.9) == inf)
    assert(SortedScores.of(Array()).quantile(0.01) == inf)
    assert(scores.upTo(5, 1, 2) == 2 && scores.upTo(4.9, 1, 2) == 1 && scores.upTo(0, 1, 2) == 0)
    assert(scores.upTo(inf, 0, 1) == 4 && scores.upTo(inf, Double.NaN, 1) == 0)
  }

  test("fewer scores stand for all, rounded up by less than one of them stands for") {
    for (n <- Seq(10, 101, 2500, 25001)) {
      val random = new Random(n)
      val all = SortedScores.of(Array.fill(n)(random.nextDouble()))
      assert(all.thinned(n) eq all)
      for (most <- Seq(1, 7, 10, 1000) if most < n) {
        val few = all.thinned(most)
        val step = (n + most - 1) / most
        assert(few.count == n && few.atRank(n) == all.atRank(n) && few.atRank(n + 1) == inf)
        for (k <- 1L to n by math.max(1, n / 500)) {
          assert(few.atRank(k) >= all.atRank(k))
          assert(few.atRank(k) <= all.atRank(math.min(n, k + step - 1)))
          val x = all.atRank(k)
          assert(few.upTo(x, 0, 1) <= all.upTo(x, 0, 1))
          assert(few.upTo(few.atRank(k), 0, 1) >= k)
        }
      }
    }
  }

  test("quantiles of the normal distribution") {
    // Python: [statistics.NormalDist().inv_cdf(p) for p in (...)], the same source; scipy agrees
    for (
      (p, z) <- Seq(
        0.5 -> 0.0,
        0.75 -> 0.6744897501960817,
        0.95 -> 1.6448536269514715,
        0.975 -> 1.9599639845400536,
        0.001 -> -3.090232306167813,
        1e-12 -> -7.034483825301132,
        1e-30 -> -11.464024688443617
      )
    ) assertClose(NormalQuantile.of(p), z, 1e-14)
    for (p <- Seq(0.0, 1.0, Double.NaN))
      assert(refusal(NormalQuantile.of(p)) == s"probability must be in (0, 1), but was $p")
  }
}
