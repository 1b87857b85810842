package ml.regard.engine

import ml.regard.{Rows, SharedSpark}
import ml.regard.kernel.{LeaveOut, LossSums, Terms}
import ml.regard.lattice.Data
import ml.regard.optim.{Batch, LossRequest}
import org.apache.spark.api.java.JavaSparkContext
import org.scalatest.funsuite.AnyFunSuite

/** The broadcast engine at tolerance 0 is the oracle: same rows, same questions. */
class LatticeEngineSuite extends AnyFunSuite {
  private val Size = 20000
  private val Tolerance = 1e-8
  private lazy val session = SharedSpark.session
  private lazy val spark = new JavaSparkContext(session.sparkContext)
  private val folder = SharedSpark.temporaryFolder("lattice")

  private def files(rows: Rows): KeyFiles = {
    val current = session
    import current.implicits._
    val data = (0 until rows.size)
      .map(i => (rows.features(i), rows.values(i), rows.weights(i), Option.empty[String]))
      .toDF("features", "value", "weight", "id")
    val path = folder.resolve(s"keys-${scala.util.Random.nextLong()}").toString
    FileStore.write(data, path, rows.dim, "lattice").keys.asInstanceOf[KeyFiles]
  }

  private def using[E <: Engine, T](engine: E)(question: E => T): T =
    try question(engine)
    finally engine.close()

  private def question(
      w: Array[Double],
      terms: Terms = Terms.CURVATURE,
      batch: Batch = Batch.all,
      fine: Boolean = true
  ): LossRequest = new LossRequest(Array(w), batch, LeaveOut.ROW, terms, fine)

  private def exact(rows: Rows, request: LossRequest): LossSums = {
    val keys = rows.pack
    using(new BroadcastEngine(spark, keys, keys, 4, 2, 0))(_.evaluate(request).head)
  }

  private def assertWithin(found: LossSums, exact: LossSums, tolerance: Double): Unit = {
    assert(found.rows == exact.rows)
    for ((a, b) <- found.toArray.zip(exact.toArray))
      assert(math.abs(a - b) <= tolerance * (math.abs(b) + exact.weight), s"$a instead of $b")
  }

  // In three features pairs cost less than nodes for all of these but the next test's.
  for (name <- Data.names; dim <- if (name == "clustered") 1 to 3 else 1 to 2)
    test(s"loss, gradient and Hessian are those of all pairs: $name, $dim features") {
      val rows = Data(name, Size, dim, seed = dim)
      val keys = files(rows)
      val w = Array.tabulate(dim)(f => 1 / (0.8 + 0.2 * f))
      using(new LatticeEngine(spark, keys, 3, 2, Tolerance)) { engine =>
        assert(engine.isCoarse && engine.numRows == Size && engine.dim == dim)
        val expected = exact(rows, question(w))
        for (fine <- Seq(false, true)) {
          val request = question(w, fine = fine)
          val within = if (fine) 1e-7 else 1e-4
          assertWithin(engine.evaluate(request).head, expected, within)
          // Pairs cost less than nodes in three features, and where keys are spread far.
          if (dim < 3 && name != "heavy-tailed")
            assert(engine.handedOver.getAsDouble < 0.25, s"fine: $fine")
        }
      }
    }

  test("ties are left out with all their keys") {
    for (name <- Seq("duplicates", "whole numbers")) {
      val rows = Data(name, Size, 1, seed = 11)
      val w = Array(Array(1.1))
      val request = new LossRequest(w, Batch.all, LeaveOut.TIES, Terms.CURVATURE, true)
      using(new LatticeEngine(spark, files(rows), 3, 2, Tolerance)) { engine =>
        assertWithin(engine.evaluate(request).head, exact(rows, request), 1e-7)
        assert(engine.handedOver.getAsDouble < 0.01)
      }
    }
  }

  test("most rows are answered by nodes, and those that are not are counted") {
    val rows = Data("uniform", Size, 2, seed = 7)
    using(new LatticeEngine(spark, files(rows), 3, 2, 1e-6)) { engine =>
      assert(!engine.isCoarse)
      engine.evaluate(question(Array(1.0, 1.0), batch = Batch.all))
      assert(engine.handedOver.getAsDouble < 0.01)
    }
  }

  test("nodes of three features, where widths are wide") {
    val rows = Data("uniform", 2 * Size, 3, seed = 12)
    val request = question(Array(0.15, 0.2, 0.1), Terms.VALUE, fine = false)
    using(new LatticeEngine(spark, files(rows), 3, 2, Tolerance)) { engine =>
      assertWithin(engine.evaluate(request).head, exact(rows, request), 1e-4)
      assert(engine.handedOver.getAsDouble < 0.01)
    }
  }

  test("no number of parts changes a bit") {
    for (name <- Seq("uniform", "whole numbers")) {
      val keys = files(Data(name, 40000, 2, seed = 8))
      val request = question(Array(1.2, 0.9), batch = Batch.all)
      val bits = Seq(1, 2, 5).map { parts =>
        using(new LatticeEngine(spark, keys, parts, 2, Tolerance)) { engine =>
          Rows.bits(engine.evaluate(request).head.toArray)
        }
      }
      assert(bits.distinct.size == 1)
    }
  }

  test("widths far too small or too large, and several at once") {
    val rows = Data("clustered", Size, 2, seed = 9)
    val candidates = Array(1e-6, 1e-3, 1, 1e3, 1e9).map(w => Array(w, 2 * w))
    val request = new LossRequest(candidates, Batch.all, LeaveOut.ROW, Terms.VALUE, true)
    val keys = rows.pack
    val found =
      using(new LatticeEngine(spark, files(rows), 3, 2, Tolerance))(_.evaluate(request))
    val exact = using(new BroadcastEngine(spark, keys, keys, 4, 2, 0))(_.evaluate(request))
    for ((a, b) <- found.zip(exact)) assertWithin(a, b, 1e-7)
  }
}
