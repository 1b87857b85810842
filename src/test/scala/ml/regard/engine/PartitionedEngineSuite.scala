package ml.regard.engine

import scala.util.Random

import ml.regard.{DataException, Rows, SharedSpark}
import ml.regard.Rows.assertClose
import ml.regard.kernel.{AttentionPooling, LeaveOut, LossSums, PackedKeys, Precision}
import ml.regard.kernel.{QueryBlock, Terms}
import ml.regard.optim.{Batch, LossRequest}
import ml.regard.optim.LocalObjective.Asking
import org.apache.spark.api.java.JavaSparkContext
import org.apache.spark.sql.DataFrame
import org.apache.spark.sql.functions.{col, lit, when}
import org.scalatest.funsuite.AnyFunSuite

/** The broadcast engine is the oracle: same rows, same questions. */
class PartitionedEngineSuite extends AnyFunSuite {
  private val Rounding = 1e-12
  private lazy val session = SharedSpark.session
  private lazy val spark = new JavaSparkContext(session.sparkContext)
  private val folder = SharedSpark.temporaryFolder("keys")
  private val inverseWidths = Array(1.5, 0.7)

  private def newPath(): String = folder.resolve(s"keys-${Random.nextLong()}").toString

  private def dataFrame(rows: Rows): DataFrame = {
    val current = session
    import current.implicits._
    (0 until rows.size)
      .map(i => (rows.features(i), rows.values(i), rows.weights(i), Option.empty[String]))
      .toDF("features", "value", "weight", "id")
      .repartition(5)
  }

  private def engine(keys: KeyFiles, tasks: Int, depth: Int, roundBytes: Long): PartitionedEngine =
    new PartitionedEngine(
      spark,
      keys,
      KeyPart.inFiles(spark, keys, tasks),
      depth,
      roundBytes,
      0
    )

  private def store(rows: Rows): FileStore =
    FileStore.write(dataFrame(rows), newPath(), rows.dim, "partitioned")

  private def files(store: FileStore): KeyFiles = store.keys.asInstanceOf[KeyFiles]

  private def broadcast(keys: PackedKeys)(question: Engine => LossSums): LossSums = {
    val engine = new BroadcastEngine(spark, keys, keys, 3, 2, 0)
    try question(engine)
    finally engine.close()
  }

  private def bits(sums: LossSums): Seq[Long] =
    Rows.bits(Array(sums.loss, sums.weight, sums.rSquared) ++ sums.gradient) ++
      sums.gaussNewton.toSeq.flatMap(Rows.bits) :+ sums.rows

  private def assertSame(actual: LossSums, expected: LossSums): Unit = {
    assert(actual.rows == expected.rows && actual.noKeys == expected.noKeys)
    assertClose(actual.loss, expected.loss, Rounding)
    assertClose(actual.weight, expected.weight, Rounding)
    for (g <- expected.gradient.indices) {
      assertClose(actual.gradient()(g), expected.gradient()(g), Rounding, expected.loss)
      for (h <- expected.gradient.indices)
        assertClose(actual.gaussNewton()(g)(h), expected.gaussNewton()(g)(h), Rounding)
    }
  }

  test("loss, gradient and curvature are those of the broadcast engine, at awkward sizes") {
    for (n <- Seq(1, 2, 3, 17, 1023, 1024, 1025, 2049)) {
      val rows = Rows.random(n, 2, seed = n, weighted = true)
      val engine = store(rows).objective(spark, 2, 2, 0)
      assert(engine.numRows == n && engine.dim == 2)
      val expected = broadcast(rows.pack)(_.lossAndGradient(inverseWidths, Batch.all))
      assertSame(engine.lossAndGradient(inverseWidths, Batch.all), expected)
    }
  }

  test("keys of several segments are merged, for one width and for one per feature") {
    val n = 2 * KeyFiles.SEGMENT_SIZE + 1025
    val rows = Rows.random(n, 2, seed = 1, weighted = true)
    val stored = store(rows)
    assert(files(stored).numSegments == 3)
    val batch = Batch.of(0.004, 7, 3)
    for (w <- Seq(inverseWidths, Array(1.1), Array(40.0, 90.0))) {
      val expected = broadcast(rows.pack)(_.lossAndGradient(w, batch))
      assertSame(stored.objective(spark, 0, 2, 0).lossAndGradient(w, batch), expected)
    }
  }

  test("neither the number of tasks nor that of rounds changes a bit") {
    val rows = Rows.random(3 * KeyFiles.SEGMENT_SIZE, 2, seed = 2, weighted = true)
    val keys = files(store(rows))
    val batch = Batch.of(0.005, 1, 1)
    val answers = for {
      (tasks, depth) <- Seq(1 -> 2, 2 -> 1, 3 -> 2, 7 -> 3)
      roundBytes <- Seq(1L, 3000L, PartitionedEngine.ROUND_BYTES)
      if roundBytes > 1 || tasks == 2
      few = if (roundBytes == 1) Batch.of(0.0001, 1, 1) else batch
    } yield (
      roundBytes == 1,
      bits(
        engine(keys, tasks, depth, roundBytes)
          .lossAndGradient(inverseWidths, few)
      )
    )
    assert(answers.filterNot(_._1).map(_._2).distinct.size == 1)
    // One row a round, against all rows in one.
    val few = engine(keys, 3, 2, PartitionedEngine.ROUND_BYTES)
      .lossAndGradient(inverseWidths, Batch.of(0.0001, 1, 1))
    assert(few.rows > 1)
    assert(answers.filter(_._1).map(_._2) == Seq(bits(few)))
  }

  test("the losses of candidates are those of the broadcast engine") {
    val rows = Rows.random(2100, 2, seed = 3, weighted = true)
    val candidates = Array(Array(1.0, 1.0), Array(2.0, 0.5), Array(9.0, 0.0))
    val losses = store(rows).objective(spark, 3, 2, 0).losses(candidates, Batch.all)
    for (c <- candidates.indices)
      assertSame(losses(c), broadcast(rows.pack)(_.losses(candidates, Batch.all)(c)))
  }

  /** How many Spark jobs a question takes. */
  private def jobs(question: => Any): Int = {
    val group = s"jobs-${Random.nextLong()}"
    spark.setJobGroup(group, group)
    try question
    finally spark.clearJobGroup()
    spark.statusTracker.getJobIdsForGroup(group).length
  }

  test("one more reading answers for the far queries of all candidates, with the bits of each") {
    val rows = Rows.random(2100, 2, seed = 11, weighted = true)
    val keys = files(store(rows))
    def fresh = engine(keys, 3, 2, PartitionedEngine.ROUND_BYTES)
    // Of 2,100 rows on [0, 5]^2, all are far, some are far, and none is.
    val candidates = Array(Array(1e6), Array(3000.0), Array(1000.0), Array(1.0))
    val asking = fresh
    var losses = Array.empty[LossSums]
    assert(jobs { losses = asking.losses(candidates, Batch.all) } == 3)
    for ((candidate, c) <- candidates.zipWithIndex) {
      assert(bits(losses(c)) == bits(fresh.losses(Array(candidate), Batch.all).head))
      assertSame(losses(c), broadcast(rows.pack)(_.losses(candidates, Batch.all)(c)))
    }
  }

  test("rows that are asked about again are not read again") {
    val keys = files(store(Rows.random(2100, 2, seed = 12)))
    val asking = engine(keys, 3, 2, PartitionedEngine.ROUND_BYTES)
    val batches = Seq(Batch.all, Batch.of(0.1, 3, 1), Batch.of(0.1, 3, 2))
    for (batch <- batches) {
      assert(jobs(asking.lossAndGradient(inverseWidths, batch)) == 2)
      for (w <- Seq(Array(0.9), Array(2.0, 3.0))) {
        var sums: LossSums = null
        assert(jobs { sums = asking.lossAndGradient(w, batch) } == 1)
        val fresh = engine(keys, 3, 2, PartitionedEngine.ROUND_BYTES).lossAndGradient(w, batch)
        assert(bits(sums) == bits(fresh))
      }
    }
    def leavingOut(leaveOut: LeaveOut) =
      asking.evaluate(new LossRequest(Array(inverseWidths), batches.last, leaveOut, Terms.VALUE))
    assert(jobs(leavingOut(LeaveOut.NONE)) == 2)
    assert(jobs(leavingOut(LeaveOut.ROW)) == 2)
    // Of rows that fit no round none are kept: five rounds of two jobs.
    val tight = engine(keys, 3, 2, 420 * 8 * (2 + 7))
    for (_ <- 1 to 2) assert(jobs(tight.lossAndGradient(inverseWidths, Batch.all)) == 10)
  }

  test("ties are left out with all their keys, in whatever blocks they are, and counted") {
    // A tie of 30, of 700 and of 2,100 keys: within a block, across an edge, over whole blocks.
    val places = Seq(0.0 -> 900, 1.0 -> 30, 2.0 -> 700, 3.0 -> 2100, 4.0 -> 1, 5.0 -> 90)
    val some = Rows.random(places.map(_._2).sum, 1, seed = 13, weighted = true)
    val features = places.flatMap { case (x, size) => Seq.fill(size)(Array(x)) }.toArray
    val values = some.values.map(v => (10 * v).round / 10.0)
    val rows = Rows(features, values, some.weights)
    val keys = files(store(rows))
    val packed = rows.pack
    for (alike <- Seq(false, true)) {
      assert(keys.tiedKeys(alike) == packed.tiedKeys(alike))
      assert(keys.tiedKeys(alike) > 3000 && keys.tiedKeys(alike) < rows.size)
    }
    for (terms <- Seq(Terms.VALUE, Terms.CURVATURE)) {
      val request = new LossRequest(Array(Array(0.9)), Batch.of(0.5, 1, 1), LeaveOut.TIES, terms)
      val found = engine(keys, 3, 2, PartitionedEngine.ROUND_BYTES).evaluate(request).head
      assertSame(found, broadcast(packed)(_.evaluate(request).head))
    }
  }

  test("a batch without rows has sums over nothing") {
    val rows = Rows.random(30, 2, seed = 4)
    val empty =
      (1L to 1000L).map(Batch.of(0.001, 5, _)).find(b => !(0 until 30).exists(b.contains(_)))
    val sums = store(rows).objective(spark, 2, 2, 0).lossAndGradient(inverseWidths, empty.get)
    assert(sums.rows == 0 && sums.loss == 0)
  }

  test("rows sorted over the cluster are the keys that packing makes, to the last bit") {
    // Ties in features, in features and value, and whole twins.
    val random = new Random(5)
    val rows = Rows(
      Array.fill(5000, 2)(random.nextInt(7) - 3.0),
      Array.fill(5000)(random.nextInt(3).toDouble),
      Array.fill(5000)(1.0 + random.nextInt(2))
    )
    val stored = store(rows)
    assert(stored.keys.contentHash == rows.pack.contentHash)
    assert(
      Rows.of(stored.sample(spark)).features.toSeq.map(_.toSeq) ==
        Rows.of(rows.pack).features.toSeq.map(_.toSeq)
    )
    assertClose(stored.keys.valueCentre, rows.pack.valueCentre, Rounding)
  }

  test("so are they when parts are merged, with and without a curve, and with many twins") {
    val n = 2 * KeyFiles.SEGMENT_SIZE + 1
    val random = new Random(6)
    val twins = Array.fill(n)(random.nextInt(3) - 1.0)
    for (
      rows <- Seq(1, 2, 6, 7).map(Rows.random(n, _, seed = 13, weighted = true)) :+
        Rows(twins.map(Array(_)), twins.map(_.abs), Array.fill(n)(1.0))
    ) {
      val stored = store(rows)
      assert(files(stored).numKeys == n)
      assert(stored.keys.contentHash == rows.pack.contentHash)
    }
  }

  test("queries that meet keys from files have the bits of keys in memory") {
    val rows = Rows.random(KeyFiles.SEGMENT_SIZE + 100, 2, seed = 6, weighted = true)
    val packed = new MemoryStore(rows.pack)
    packed.save(session, newPath())
    val path = newPath()
    packed.save(session, path)
    val stored = FileStore.open(session, path, 2, packed.keys.valueCentre, "partitioned")
    val queries = QueryBlock.of(2, Rows.random(70, 2, seed = 7).features)
    val how = new KeyStore.Answering(inverseWidths, 1e-8, Precision.FLOAT64, Terms.VALUE)
    val (here, there) = (packed.share(spark, how).keys, stored.share(spark, how).keys)
    for (terms <- Terms.values) {
      val pooled = AttentionPooling.pool(here, queries, inverseWidths, terms)
      val streamed = AttentionPooling.pool(there, queries, inverseWidths, terms)
      for (i <- 0 until 70) assert(pooled.pooled(i) == streamed.pooled(i))
    }
    for (narrow <- Seq(Array(30.0), Array(3.0, 90.0)); tolerance <- Seq(0, 1e-3)) {
      val near = new KeyStore.Answering(narrow, tolerance, Precision.FLOAT64, Terms.VALUE)
      val (one, other) = (packed.share(spark, near), stored.share(spark, near))
      val (pooled, streamed) = (one.predict(queries, near), other.predict(queries, near))
      for (i <- 0 until 70) assert(pooled.pooled(i) == streamed.pooled(i))
    }
    val weights = AttentionPooling.weights(here, queries, inverseWidths)
    val streamed = AttentionPooling.weights(there, queries, inverseWidths)
    for (i <- 0 until 70) assert(Rows.bits(weights(i)) == Rows.bits(streamed(i)))
  }

  test("a sample of many keys is an even part of them, the same always") {
    val rows = Rows.random(4 * KeyFiles.SEGMENT_SIZE, 1, seed = 8)
    val stored = store(rows)
    val sample = Rows.of(stored.sample(spark))
    // Binomial(65536, 1/4): mean 16384, standard deviation 111.
    assert(math.abs(sample.size - KeyFiles.SEGMENT_SIZE) < 5 * 111)
    val mean = sample.features.map(_.head).sum / sample.size
    assert(math.abs(mean - 2.5) < 5 * 5 / math.sqrt(12) / math.sqrt(sample.size))
    assert(Rows.of(stored.sample(spark)).values.toSeq == sample.values.toSeq)
  }

  private def refused(path: String)(parts: String*): Unit = {
    val message = Rows.refusal {
      val stored = FileStore.open(session, path, 2, 0, "partitioned")
      stored.keys.blocks.forEachRemaining(_ => ())
    }
    for (part <- parts) assert(message.contains(part), message)
  }

  test("a key table that lost a file, its order or a cell is refused with one sentence") {
    val stored = store(Rows.random(3000, 2, seed = 9))
    val table = stored.table(session)
    def rewritten(change: DataFrame => DataFrame): String = {
      val path = newPath()
      change(table).write.parquet(path)
      path
    }
    val half = col("position") < 1500
    refused(rewritten(_.where(!half).coalesce(1)))("damaged", "position 0 should come next")
    refused(rewritten(_.where(col("position") =!= 5).coalesce(1)))(
      "2999 rows",
      "positions 0 to 2999"
    )
    refused(rewritten(_.orderBy(col("position").desc).coalesce(1)))("position 2999 follows -1")
    refused(rewritten(_.drop("position").coalesce(1)))("has no column of positions")
    refused(rewritten(_.drop("weight").orderBy("position").coalesce(1)))("no column weight")
    refused(
      rewritten(
        _.withColumn("value", when(half, col("value"))).orderBy("position").coalesce(1)
      )
    )("the key at position 1500 has a null")
    refused(
      rewritten(
        _.withColumn("features", when(half, col("features")).otherwise(lit(Array(1.0))))
          .orderBy("position")
          .coalesce(1)
      )
    )("the key at position 1500 has not 2 features")
    refused(
      rewritten(_.withColumn("weight", lit(0.0)).orderBy("position").coalesce(1))
    )("weight must be positive, but was 0.0")
  }

  test("a file that is no Parquet is refused by its name") {
    val path = folder.resolve("text")
    java.nio.file.Files.createDirectories(path)
    java.nio.file.Files.writeString(path.resolve("part-0.parquet"), "not so")
    val thrown =
      intercept[DataException](FileStore.open(session, path.toString, 2, 0, "partitioned"))
    assert(thrown.getMessage.contains("part-0.parquet cannot be read"))
  }

  test("saved again, the files are copied and hold the same keys") {
    val stored = store(Rows.random(3000, 2, seed = 10))
    val path = newPath()
    stored.save(session, path)
    val copied = FileStore.open(session, path, 2, stored.keys.valueCentre, "partitioned")
    assert(copied.keys.contentHash == stored.keys.contentHash)
  }
}
