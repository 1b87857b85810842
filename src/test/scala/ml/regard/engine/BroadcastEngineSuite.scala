package ml.regard.engine

import ml.regard.{Rows, SharedSpark}
import ml.regard.Rows.assertClose
import ml.regard.kernel.{Loo, LossSums, PackedKeys}
import ml.regard.optim.Batch
import ml.regard.optim.LocalObjective.Asking
import org.apache.spark.SparkException
import org.apache.spark.api.java.JavaSparkContext
import org.scalatest.funsuite.AnyFunSuite

class BroadcastEngineSuite extends AnyFunSuite {
  private val Rounding = 1e-12
  private lazy val spark = new JavaSparkContext(SharedSpark.session.sparkContext)
  private lazy val keys = Rows.random(5000, 2, seed = 1, weighted = true).pack
  private val inverseWidths = Array(1.5, 0.7)

  private def withEngine[T](keys: PackedKeys, partitions: Int, depth: Int = 2)(
      body: BroadcastEngine => T
  ): T = {
    val engine = new BroadcastEngine(spark, keys, keys, partitions, depth, 0)
    try body(engine)
    finally engine.close()
  }

  private def bits(sums: LossSums): Seq[Long] =
    Rows.bits(Array(sums.loss, sums.weight, sums.rSquared) ++ sums.gradient) ++
      sums.gaussNewton.toSeq.flatMap(Rows.bits) :+ sums.rows

  test("loss and gradient are those of leave-one-out without Spark, the same bits always") {
    val alone = Loo.lossAndGradient(keys, (0 until 5000).toArray, inverseWidths)
    val inParts = for ((partitions, depth) <- Seq(1 -> 2, 2 -> 1, 3 -> 2, 7 -> 3)) yield {
      withEngine(keys, partitions, depth) { engine =>
        assert(engine.numRows == 5000)
        engine.lossAndGradient(inverseWidths, Batch.all)
      }
    }
    assert(inParts.map(bits).distinct.size == 1)
    val sums = inParts.head
    assert(sums.rows == 5000 && sums.noKeys == 0)
    assertClose(sums.loss, alone.loss, Rounding)
    assertClose(sums.weight, alone.weight, Rounding)
    for (g <- 0 to 1) {
      assertClose(sums.gradient()(g), alone.gradient()(g), Rounding, alone.loss)
      for (h <- 0 to 1) assertClose(sums.gaussNewton()(g)(h), alone.gaussNewton()(g)(h), Rounding)
    }
  }

  test("the losses of candidates are those of each alone") {
    val few = Rows.random(2100, 2, seed = 2, weighted = true).pack
    val candidates = Array(Array(1.0, 1.0), Array(2.0, 0.5), Array(9.0, 0.0))
    val inParts = Seq(1, 3).map(withEngine(few, _)(_.losses(candidates, Batch.all)))
    for ((candidate, c) <- candidates.zipWithIndex) {
      assert(inParts.map(losses => bits(losses(c))).distinct.size == 1)
      val alone = Loo.loss(few, (0 until 2100).toArray, candidate)
      assertClose(inParts.head(c).loss, alone.loss, Rounding)
    }
  }

  test("a mini-batch looks at its rows, against all keys") {
    val few = Rows.random(2100, 2, seed = 3).pack
    val batch = Batch.of(0.1, 7, 3)
    val chosen = (0 until 2100).filter(batch.contains(_)).toArray
    val inParts = Seq(1, 2, 7).map(withEngine(few, _)(_.lossAndGradient(inverseWidths, batch)))
    assert(inParts.map(bits).distinct.size == 1)
    assert(inParts.head.rows == chosen.length)
    val alone = Loo.lossAndGradient(few, chosen, inverseWidths)
    assertClose(inParts.head.loss, alone.loss, Rounding)
  }

  test("with a tolerance keys are passed over, and the errors of the rows stay within it") {
    val rows = Rows.random(9000, 2, seed = 6, weighted = true)
    val many = rows.pack
    val Seq(exact, fast) = Seq(0, 1e-3).map { tolerance =>
      val engine = new BroadcastEngine(spark, many, many, 3, 2, tolerance)
      try engine.losses(Array(Array(2.0)), Batch.all).head
      finally engine.close()
    }
    assert(bits(fast) != bits(exact), "nothing was passed over")
    // The root of a loss is the length of its residuals: what moves each of them moves it no more.
    val weight = rows.weights.sum
    val mean = rows.values.zip(rows.weights).map { case (v, c) => c * v }.sum / weight
    val variance =
      rows.values.zip(rows.weights).map { case (v, c) => c * (v - mean) * (v - mean) }.sum / weight
    val moved = math.abs(math.sqrt(fast.meanLoss) - math.sqrt(exact.meanLoss))
    assert(moved <= 1e-3 * math.sqrt(variance))
  }

  test("the caller may write to the inverse widths afterwards") {
    val few = Rows.random(20, 2, seed = 4).pack
    withEngine(few, 1) { engine =>
      val w = inverseWidths.clone()
      val before = engine.lossAndGradient(w, Batch.all)
      w(0) = 99
      assert(bits(engine.lossAndGradient(inverseWidths, Batch.all)) == bits(before))
    }
  }

  test("a closed engine has released its keys and refuses to evaluate") {
    val few = Rows.random(20, 2, seed = 5).pack
    val engine = new BroadcastEngine(spark, few, few, 1, 2, 0)
    engine.lossAndGradient(inverseWidths, Batch.all)
    engine.close()
    val thrown = intercept[SparkException](engine.lossAndGradient(inverseWidths, Batch.all))
    val causes = Iterator.iterate[Throwable](thrown)(_.getCause).takeWhile(_ != null)
    assert(causes.exists(_.getMessage.contains("after it was destroyed")))
  }
}
