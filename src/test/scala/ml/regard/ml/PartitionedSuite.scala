package ml.regard.ml

import java.nio.file.{Files, Path}

import ml.regard.Rows
import ml.regard.Rows.assertClose
import org.apache.spark.ml.linalg.Vectors
import org.apache.spark.sql.{DataFrame, Row}

/** The partitioned engine through the Spark ML surface: what the broadcast engine answers. */
class PartitionedSuite extends MlSuite {
  private val Close = 1e-12
  private val rows = Rows.random(2500, 2, seed = 1, weighted = true)
  private lazy val data = dataFrame(rows).repartition(4).cache()
  private lazy val queries = dataFrame(Rows.random(300, 2, seed = 2)).repartition(3).cache()

  private def estimator(engine: String): KernelRegression =
    new KernelRegression().setWeightCol("weight").setEngine(engine)

  private lazy val here = estimator("broadcast").fit(data)
  private lazy val there = estimator("partitioned").fit(data)

  private def predicted(model: KernelRegressionModel): Seq[Double] =
    model.transform(queries).orderBy("label").collect().map(_.getAs[Double]("prediction")).toSeq

  test("a fit has the widths, the loss and the steps of the broadcast engine") {
    assert(there.summary.engine == "partitioned" && here.summary.engine == "broadcast")
    assert(
      there.summary.engineReason.startsWith("engine partitioned (as asked for): keys [2500 x 2]")
    )
    for (f <- 0 to 1) assertClose(there.widths()(f), here.widths()(f), 1e-9)
    assertClose(there.summary.looLoss, here.summary.looLoss, Close)
    assertClose(there.summary.looRSquared, here.summary.looRSquared, Close)
    assert(there.summary.totalIterations == here.summary.totalIterations)
    assert(there.summary.passes == here.summary.passes)
    assert(there.summary.rows == 2500 && there.numKeys == 2500 && there.numFeatures == 2)
  }

  test("its first gradients are those of the broadcast engine") {
    def norm(engine: String) =
      estimator(engine).setWidth(0.4).setMaxIter(1).fit(data).summary.gradientNormHistory.head
    assertClose(norm("partitioned"), norm("broadcast"), Close)
  }

  test("mini-batches take the same rows") {
    def fit(engine: String) =
      estimator(engine).setMiniBatchFraction(0.1).setMaxIter(4).setWidth(0.4).fit(data)
    val (one, other) = (fit("broadcast"), fit("partitioned"))
    for (f <- 0 to 1) assertClose(other.widths()(f), one.widths()(f), 1e-9)
    assertClose(other.summary.looLoss, one.summary.looLoss, Close)
    assert(one.summary.passes == 4 * 0.1 + 1024.0 / 2500)
  }

  test("transform predicts, with attention weights, what the broadcast engine predicts") {
    for (f <- Seq("label", "prediction")) assert(there.transform(queries).columns.contains(f))
    val both = Seq(here, there).map { model =>
      model.copy(org.apache.spark.ml.param.ParamMap.empty).setAttentionWeightsCol("a")
    }
    val Seq(one, other) = both.map(_.transform(queries).orderBy("label").collect().toSeq)
    for ((a, b) <- one.zip(other)) {
      assertClose(b.getAs[Double]("prediction"), a.getAs[Double]("prediction"), 1e-9)
      val (v, w) = (
        a.getAs[org.apache.spark.ml.linalg.Vector]("a"),
        b.getAs[org.apache.spark.ml.linalg.Vector]("a")
      )
      for (j <- 0 until v.size) assert(math.abs(v(j) - w(j)) < 1e-9)
    }
  }

  test("a model is loaded for either engine and predicts the same bits") {
    val path = folder("model").resolve("saved").toString
    here.write.save(path)
    val memory = KernelRegressionModel.load(path)
    val files = KernelRegressionModel.load(path, "partitioned")
    assert(memory.engineUsed == "broadcast" && files.engineUsed == "partitioned")
    assert(predicted(files) == predicted(here) && predicted(memory) == predicted(here))
    val q = Vectors.dense(1.0, 2.0)
    assert(files.predict(q) == here.predict(q))
    assert(bits(files.attentionWeights(q)) == bits(here.attentionWeights(q)))
    assert(files.averagePooling == here.averagePooling)
    assert(files.keyTable(spark).count() == 2500)
  }

  test("a partitioned fit is saved, and loaded for either engine") {
    val path = folder("model").resolve("saved").toString
    there.write.save(path)
    val files = KernelRegressionModel.load(path)
    assert(files.engineUsed == "partitioned")
    val memory = KernelRegressionModel.load(path, "broadcast")
    assert(predicted(files) == predicted(there))
    for ((a, b) <- predicted(memory).zip(predicted(there))) assertClose(a, b, Close)
    // A loaded model that stays in its files can be saved elsewhere.
    val again = folder("model").resolve("again").toString
    files.write.save(again)
    assert(predicted(KernelRegressionModel.load(again)) == predicted(there))
  }

  test("keys whose files were replaced by others are refused by their hash") {
    val paths = Seq(1L, 2L).map { seed =>
      val path = folder("model").resolve("saved")
      fixed(0.5).fit(dataFrame(Rows.random(50, 1, seed = seed))).write.save(path.toString)
      path
    }
    val Seq(one, other) = paths.map(_.resolve("keys"))
    for (file <- parquet(one)) Files.delete(file)
    for (file <- parquet(other)) Files.copy(file, one.resolve(file.getFileName))
    for (engine <- Seq("broadcast", "partitioned")) {
      val message = sentence(KernelRegressionModel.load(paths.head.toString, engine))
      assert(message.contains("is damaged, or was replaced while it was read"), message)
    }
  }

  private def parquet(folder: Path): Seq[Path] =
    names(folder).toSeq.filterNot(_.startsWith("_")).map(folder.resolve(_))

  test("bad rows are counted, skipped or refused as by the broadcast engine") {
    val bad = dataFrame(
      key(1, 2),
      key(2, 3, 0),
      Row(Vectors.dense(Double.NaN), 1.0, 1.0),
      Row(null, 1.0, 1.0),
      Row(Vectors.dense(-0.0), null, 1.0),
      key(4, 4, -1),
      key(-0.0, 5),
      key(0.0, 6)
    )
    def summary(engine: String) =
      fixed(1).setWeightCol("weight").setEngine(engine).setHandleInvalid("skip").fit(bad)
    val (one, other) = (summary("broadcast"), summary("partitioned"))
    for (model <- Seq(one, other)) {
      assert(model.summary.rows == 8 && model.summary.rejectedRows == 4)
      assert(model.summary.zeroWeightRows == 1 && model.numKeys == 3)
    }
    assertClose(other.predict(Vectors.dense(0.5)), one.predict(Vectors.dense(0.5)), Close)
    val refused = sentence(fixed(1).setWeightCol("weight").setEngine("partitioned").fit(bad))
    assert(refused.startsWith("4 of 8 training rows cannot be used; the first: features"))
    def refusal(data: DataFrame) = sentence(fixed(1).setEngine("partitioned").fit(data))
    assert(refusal(bad.limit(0)) == "the training data has no rows")
    val mixed = dataFrame(key(1, 1), Row(Vectors.dense(1, 2), 1.0, 1.0))
    assert(refusal(mixed).contains("must have 1 features, as the first has, but one has 2"))
  }

  test("the staging folder is the one that is set, and is empty after a fit that failed") {
    val staging = folder("staging")
    val model = fixed(1).setEngine("partitioned").setStagingDir(staging.toString).fit(d2l)
    assert(names(staging).size == 1 && names(staging).head.startsWith("regard-keys-"))
    assert(names(staging.resolve(names(staging).head)) == Set("keys"))
    assert(model.numKeys == 50)
    val other = folder("staging")
    sentence(
      fixed(1)
        .setEngine("partitioned")
        .setStagingDir(other.toString)
        .fit(dataFrame(key(Double.NaN, 1)))
    )
    assert(names(other).isEmpty)
  }

  test("a model with its keys in files works on a stream") {
    val path = folder("model").resolve("saved").toString
    here.write.save(path)
    val model = KernelRegressionModel.load(path, "partitioned")
    val source = folder("source").toString + "/in"
    queries.write.parquet(source)
    val stream = spark.readStream.schema(queries.schema).parquet(source)
    val query = model.transform(stream).writeStream.format("memory").queryName("streamed").start()
    try query.processAllAvailable()
    finally query.stop()
    val streamed =
      spark.table("streamed").orderBy("label").collect().map(_.getAs[Double]("prediction"))
    assert(streamed.toSeq == predicted(here))
  }
}
