package ml.regard.engine

import scala.jdk.CollectionConverters._

import ml.regard.{Rows, SharedSpark}
import ml.regard.Rows.assertClose
import ml.regard.kernel._
import org.apache.spark.SparkConf
import org.apache.spark.api.java.JavaSparkContext
import org.apache.spark.serializer.KryoSerializer
import org.scalatest.funsuite.AnyFunSuite

/** Scores and ends of intervals against loops over the formulas. */
class CalibrationSuite extends AnyFunSuite {
  private val Rounding = 1e-9
  private val Seed = 7L
  private lazy val session = SharedSpark.session
  private lazy val spark = new JavaSparkContext(session.sparkContext)
  private val w = Array(3.0, 2.0)
  private val shared = Widths.shared(w)

  // Rows of a coarse grid, so that many are tied, one that is like no other, and one far away.
  private def tied(size: Int, seed: Long) = {
    val some = Rows.random(size, 2, seed, weighted = true)
    val grid = some.features.map(_.map(x => (x * 4).round / 4.0))
    grid(0) = Array(14.0, 9.0)
    grid(1) = Array(500.0, 9.0)
    some.copy(features = grid)
  }

  private val keys = tied(1100, seed = 1).pack
  private val rows = Rows.of(keys)
  private lazy val memory = new MemoryStore(keys)
  private lazy val files = {
    val path = SharedSpark.temporaryFolder("calibration").resolve("keys").toString
    memory.save(session, path)
    FileStore.open(session, path, 2, keys.valueCentre, "partitioned")
  }

  private def others(some: Rows, i: Int, leaveOut: LeaveOut): Seq[Int] =
    some.values.indices.filter(j =>
      if (leaveOut == LeaveOut.ROW) j != i
      else !some.features(j).sameElements(some.features(i))
    )

  private def residuals(some: Rows, leaveOut: LeaveOut): Array[Double] =
    Array.tabulate(some.size) { i =>
      some.values(i) - some.select(others(some, i, leaveOut)).pooled(some.features(i), w)
    }

  private def meanSquare(some: Rows, r: Array[Double]): Double =
    r.indices.map(j => some.weights(j) * r(j) * r(j)).sum / some.weights.sum

  /** y^ and s at a query from some of the rows: NUMERICS 7 to the letter. */
  private def asked(some: Rows, r: Array[Double], g: Double, of: Seq[Int], q: Array[Double]) = {
    val rest = some.select(of)
    val n = rest.effectiveKeys(q, w)
    val mean = rest.copy(values = of.map(j => r(j) * r(j)).toArray).pooled(q, w)
    (rest.pooled(q, w), math.sqrt((n * mean + g) / (n + 1) * (1 + 1 / n)))
  }

  private def assertScores(found: Array[Double], leaveOut: LeaveOut)(of: Int => Seq[Int]): Unit = {
    val r = residuals(rows, leaveOut)
    val g = meanSquare(rows, r)
    assert(found.length == rows.size)
    for (i <- found.indices) {
      val (y, s) = asked(rows, r, g, of(i), rows.features(i))
      assertClose(found(i), math.abs(rows.values(i) - y) / s, Rounding)
    }
  }

  for (leaveOut <- Seq(LeaveOut.ROW, LeaveOut.TIES))
    test(s"loo scores are those of the formula, with ties and weights: $leaveOut") {
      val found = Calibration.loo(spark, memory, shared, leaveOut, 0)
      assertScores(found.scores, leaveOut)(others(rows, _, leaveOut))
      assert(found.kind == Calibration.Kind.LOO && found.hasScores)
    }

  test("cv+ scores are those of the keys outside of each row's fold, infinite far from them") {
    val found = Calibration.cvPlus(spark, memory, shared, LeaveOut.ROW, 0, Seed)
    val fold = rows.values.indices.map(j => FoldSums.fold(Seed, j))
    assert(fold.groupBy(identity).values.forall(_.size > 80))
    val far = rows.values.indices.filter(rows.features(_).max > 5.1)
    val (near, away) = found.scores.toSeq.indices.partition(!far.contains(_))
    assert(away.size == 2 && away.forall(found.scores()(_).isInfinite))
    val r = residuals(rows, LeaveOut.ROW)
    for (i <- near) {
      val rest = rows.values.indices.filter(fold(_) != fold(i))
      val (y, s) = asked(rows, r, meanSquare(rows, r), rest, rows.features(i))
      assertClose(found.scores()(i), math.abs(rows.values(i) - y) / s, Rounding)
    }
  }

  private val queries = tied(60, seed = 2).features
  private val block = QueryBlock.of(2, queries)
  private val how = new KeyStore.Answering(w, 0, Precision.FLOAT64, Terms.DETAIL)

  private def ends(calibration: Calibration, store: KeyStore, c: Double): Seq[(Double, Double)] = {
    val shared = calibration.share(spark, store.share(spark, how), c)
    val found = shared.intervals(block, how, shared.predict(block, how))
    found.toSeq.map(pair => (pair(0), pair(1)))
  }

  test("the ends of loo are y^ +- s t") {
    val calibration = Calibration.loo(spark, memory, shared, LeaveOut.ROW, 0)
    val r = residuals(rows, LeaveOut.ROW)
    val all = rows.values.indices
    for (c <- Seq(0.5, 0.9)) {
      val t = calibration.scores.sorted.apply(math.ceil((rows.size + 1) * c).toInt - 1)
      for ((q, (lower, upper)) <- queries.zip(ends(calibration, memory, c))) {
        val (y, s) = asked(rows, r, meanSquare(rows, r), all, q)
        assertClose(lower, y - s * t, Rounding)
        assertClose(upper, y + s * t, Rounding)
      }
    }
    for ((lower, upper) <- ends(calibration, memory, 0.9999))
      assert(lower.isNegInfinity && upper.isPosInfinity)
  }

  test("the ends of cv+ are those of all y^ and s without a fold and all scores, sorted") {
    val few = tied(300, seed = 3).pack
    val some = Rows.of(few)
    val store = new MemoryStore(few)
    val calibration = Calibration.cvPlus(spark, store, shared, LeaveOut.ROW, 0, Seed)
    val fold = some.values.indices.map(j => FoldSums.fold(Seed, j))
    val r = residuals(some, LeaveOut.ROW)
    for (c <- Seq(0.5, 0.9)) {
      val found = ends(calibration, store, c)
      for (i <- queries.indices if queries(i).max < 5.1) {
        val without = (0 until FoldSums.FOLDS).map { k =>
          val rest = some.values.indices.filter(fold(_) != k)
          asked(some, r, meanSquare(some, r), rest, queries(i))
        }
        def end(sign: Int) = {
          val all = fold.zip(calibration.scores).map { case (k, score) =>
            sign * without(k)._1 + without(k)._2 * score
          }
          sign * all.sorted.apply(math.ceil(301 * c).toInt - 1)
        }
        assertClose(found(i)._1, end(-1), Rounding)
        assertClose(found(i)._2, end(1), Rounding)
      }
      // Beside the keys that are far from all others there may be nothing without their fold.
      assert(found.forall { case (lower, upper) => lower < upper })
    }
  }

  private val held = tied(250, seed = 4)
  private def heldOut(tasks: Int) = {
    val chunks = held.values.indices.grouped(90).map { part =>
      val chunk = new RowChunk(2)
      part.foreach(i => chunk.add(held.features(i), held.values(i), held.weights(i)))
      chunk
    }
    spark.parallelize(chunks.toSeq.asJava, tasks)
  }

  test("split scores are those of rows that are no keys") {
    val found = Calibration.split(spark, memory, heldOut(2), shared, LeaveOut.ROW, 0)
    val r = residuals(rows, LeaveOut.ROW)
    val expected = held.values.indices.map { i =>
      val (y, s) =
        asked(rows, r, meanSquare(rows, r), rows.values.indices, held.features(i))
      math.abs(held.values(i) - y) / s
    }
    assert(found.scores.length == 250)
    for ((a, b) <- found.scores.zip(expected.sorted)) assertClose(a, b, Rounding)
  }

  test("both stores, and any number of tasks, have the same bits") {
    for (tolerance <- Seq(0, 1e-6)) {
      def all(store: KeyStore, tasks: Int) = {
        val three = Seq(
          Calibration.loo(spark, store, shared, LeaveOut.ROW, tolerance),
          Calibration.cvPlus(spark, store, shared, LeaveOut.ROW, tolerance, Seed),
          Calibration.split(spark, store, heldOut(tasks), shared, LeaveOut.ROW, tolerance)
        )
        three.flatMap(c => Rows.bits(c.scores)) ++
          three.flatMap(ends(_, store, 0.8)).flatMap { case (a, b) => Rows.bits(Array(a, b)) }
      }
      assert(all(memory, 1) == all(files, 3))
    }
    val whole = TrainingQueries.of(
      keys.`with`(Array(squares)),
      Array.range(0, keys.numKeys),
      LeaveOut.ROW
    )
    val loo = Calibration.loo(spark, memory, shared, LeaveOut.ROW, 0)
    val atOnce = LocalScale.scores(keys.`with`(Array(squares)), whole, w, 0, loo.meanSquare)
    assert(Rows.bits(atOnce) == Rows.bits(loo.scores))
  }

  private lazy val squares = {
    val found = Calibration.loo(spark, memory, shared, LeaveOut.ROW, 0).residuals
    (0 until keys.numBlocks).toArray.flatMap(b => found.squares(keys.block(b)))
  }

  test("what is broadcast survives Kryo, to the last bit") {
    val kryo = new KryoSerializer(new SparkConf()).newInstance()
    val found = Calibration.loo(spark, memory, shared, LeaveOut.ROW, 0)
    val copy = kryo.deserialize[Calibration](kryo.serialize(found))
    assert(copy.kind == found.kind && copy.meanSquare == found.meanSquare)
    assert(Rows.bits(copy.scores) == Rows.bits(found.scores))
    for (beside <- Seq[Beside](found.residuals, new FoldsBeside(found.residuals, Seed))) {
      val again = kryo.deserialize[Beside](kryo.serialize(beside))
      val asking = TrainingQueries.of(keys, Array(3, 1030), LeaveOut.NONE)
      def pooled(further: Beside) = {
        val state =
          AttentionPooling.pool(new KeysBeside(keys, further), asking.block, w, Terms.DETAIL)
        Rows.bits(Array.tabulate(further.numOthers)(state.pooled(1, _)))
      }
      assert(pooled(again) == pooled(beside))
    }
    assert(kryo.deserialize[Beside](kryo.serialize[Beside](Beside.None.NONE)) eq Beside.None.NONE)
  }

  test("where all errors are 0, so are scores and intervals") {
    val flat = rows.copy(values = rows.values.map(_ => 3.0)).pack
    val store = new MemoryStore(flat)
    for (
      calibration <- Seq(
        Calibration.loo(spark, store, shared, LeaveOut.ROW, 0),
        Calibration.cvPlus(spark, store, shared, LeaveOut.ROW, 0, Seed)
      )
    ) {
      assert(calibration.scores.filter(!_.isInfinite).forall(_ == 0))
      assert(ends(calibration, store, 0.9).count(_ == (3.0, 3.0)) >= queries.length - 2)
    }
  }
}
