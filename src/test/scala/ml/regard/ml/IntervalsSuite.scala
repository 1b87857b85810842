package ml.regard.ml

import java.nio.file.{Files, Path}

import scala.util.Random

import ml.regard.Rows
import org.apache.spark.ml.{Pipeline, PipelineModel}
import org.apache.spark.ml.linalg.Vectors
import org.apache.spark.ml.param.ParamMap
import org.apache.spark.sql.{DataFrame, Row}
import org.apache.spark.sql.functions.{col, lit}

/** Prediction intervals and bands as columns. */
class IntervalsSuite extends MlSuite {

  /** x uniform on [0, 5], y = 2 sin x + x^0.8 + noise of a deviation that grows from 0.1 to 1.1. */
  private def noisy(size: Int, seed: Long): Rows = {
    val random = new Random(seed)
    val x = Array.fill(size)(random.nextDouble() * 5)
    val y = x.map(a => 2 * math.sin(a) + math.pow(a, 0.8) + (0.1 + a / 5) * random.nextGaussian())
    Rows(x.map(Array(_)), y, Array.fill(size)(1.0))
  }

  private def model(rows: Rows, calibration: String): KernelRegressionModel =
    new KernelRegression()
      .setEngine("broadcast")
      .setCalibration(calibration)
      .fit(dataFrame(rows).repartition(4))

  /** Whether each row is in its interval, with x. */
  private def covered(model: KernelRegressionModel, fresh: DataFrame, confidence: Double) =
    model
      .setIntervalCol("i")
      .setConfidence(confidence)
      .transform(fresh)
      .select(
        col("features"),
        col("label").between(col("i.lower"), col("i.upper")).as("in")
      )
      .collect()
      .map(row => (row.getAs[org.apache.spark.ml.linalg.Vector](0)(0), row.getBoolean(1)))

  private def share(covered: Array[(Double, Boolean)]): Double =
    covered.count(_._2).toDouble / covered.length

  test("intervals of loo cover what they say, in all and in each tenth of x, over five seeds") {
    for (seed <- 1 to 5) {
      val fitted = model(noisy(10000, seed), "loo")
      val fresh = dataFrame(noisy(20000, 100 + seed)).repartition(4).cache()
      for ((c, within) <- Seq(0.5 -> 0.06, 0.8 -> 0.04, 0.9 -> 0.03, 0.95 -> 0.03)) {
        val found = covered(fitted, fresh, c)
        assert(math.abs(share(found) - c) < 0.02, s"seed $seed, confidence $c")
        val tenths = found.groupBy { case (x, _) => (x * 2).toInt }
        assert(tenths.size == 10)
        for ((tenth, some) <- tenths)
          assert(math.abs(share(some) - c) < within, s"seed $seed, confidence $c, tenth $tenth")
      }
      fresh.unpersist()
    }
  }

  for ((calibration, within) <- Seq("cv+" -> 0.03, "split" -> 0.05))
    test(s"intervals of $calibration cover what they say") {
      val fitted = model(noisy(2000, 11), calibration)
      val fresh = dataFrame(noisy(4000, 12)).cache()
      for (c <- Seq(0.5, 0.9)) assert(math.abs(share(covered(fitted, fresh, c)) - c) < within)
    }

  private val rows = Rows.random(1500, 2, seed = 1, weighted = true)
  private lazy val data = dataFrame(rows).repartition(4).cache()
  private lazy val queries = dataFrame(Rows.random(200, 2, seed = 2)).repartition(3).cache()
  private def estimator(calibration: String, engine: String = "broadcast") = new KernelRegression()
    .setWeightCol("weight")
    .setSolver("fixed")
    .setWidth(0.4)
    .setEngine(engine)
    .setCalibration(calibration)
    .setIntervalCol("i")
    .setBandCol("b")

  private def answers(model: KernelRegressionModel): Seq[Row] =
    model.transform(queries).orderBy("label").collect().toSeq

  for (calibration <- Seq("loo", "cv+", "split"))
    test(s"$calibration: same bits on other partitions, saved and loaded for either engine") {
      val model = estimator(calibration).fit(data)
      val expected = answers(model)
      assert(answers(estimator(calibration).fit(data.repartition(7))) == expected)
      val path = folder("model").resolve("saved").toString
      model.write.save(path)
      val tables = if (calibration == "split") Set("scores") else Set[String]()
      assert(names(Path.of(path)) == Set("metadata", "keys", "residuals") ++ tables)
      for (engine <- Seq("broadcast", "partitioned")) {
        val loaded = KernelRegressionModel.load(path, engine)
        assert(answers(loaded) == expected)
        val again = folder("model").resolve("again").toString
        loaded.write.save(again)
        assert(answers(KernelRegressionModel.load(again, engine)) == expected)
      }
    }

  test("with engine partitioned the intervals are those of broadcast but for rounding") {
    for (calibration <- Seq("loo", "cv+", "split")) {
      val one = answers(estimator(calibration).fit(data))
      val other = answers(estimator(calibration, "partitioned").fit(data))
      for {
        (a, b) <- one.zip(other)
        name <- Seq("i", "b")
        end <- Seq("lower", "upper")
      } Rows.assertClose(b.getAs[Row](name).getAs(end), a.getAs[Row](name).getAs(end), 1e-9)
    }
  }

  test("split holds out a fifth, the same rows whatever the engine and the partitions") {
    val some = data.union(dataFrame(key2(0), key2(0)))
    val summaries = for {
      engine <- Seq("broadcast", "partitioned")
      parts <- Seq(1, 5)
    } yield {
      val model = estimator("split", engine).fit(some.repartition(parts))
      val summary = model.summary
      assert(summary.zeroWeightRows == 2 && summary.rejectedRows == 0)
      assert(summary.rows == model.numKeys + 2 + summary.heldOutRows)
      (
        summary.heldOutRows,
        model.keyTable(spark).select("value").collect().map(_.getDouble(0)).toSet
      )
    }
    assert(summaries.distinct.size == 1)
    assert(math.abs(summaries.head._1 - 300) < 60)
    val other = estimator("split").setSeed(5).fit(some)
    assert(other.keyTable(spark).collect().map(_.getDouble(2)).toSet != summaries.head._2)
    assert(estimator("loo").fit(some).summary.heldOutRows == 0)
  }

  private def key2(weight: Double) = Row(Vectors.dense(1.0, 2.0), 3.0, weight)

  test("the band is the prediction and normal quantiles of standard errors") {
    val model = estimator("loo").fit(data).setStandardErrorCol("e").setConfidence(0.95)
    for (row <- answers(model)) {
      val (y, e) = (row.getAs[Double]("prediction"), row.getAs[Double]("e"))
      val Row(lower: Double, upper: Double) = row.getAs[Row]("b")
      Rows.assertClose(lower, y - 1.959963984540054 * e, 1e-12)
      Rows.assertClose(upper, y + 1.959963984540054 * e, 1e-12)
    }
  }

  test("the prediction has the same bits with and without intervals of cv+") {
    val model = estimator("cv+").fit(data)
    val plain = model.copy(ParamMap(model.intervalCol -> "", model.bandCol -> ""))
    def bitsOf(some: KernelRegressionModel) =
      bits(answers(some).map(_.getAs[Double]("prediction")).toArray)
    assert(bitsOf(plain) == bitsOf(model))
  }

  test("rows that cannot be scored have no interval and no band") {
    val model = estimator("loo").fit(data).setHandleInvalid("keep")
    val row = model.transform(dataFrame(Row(null, 1.0, 1.0))).head()
    for (name <- Seq("i", "b")) assert(row.isNullAt(row.fieldIndex(name)))
  }

  test("a pipeline keeps the columns, and a stream has them") {
    val fitted = new Pipeline().setStages(Array(estimator("cv+").setConfidence(0.8))).fit(data)
    val path = folder("pipeline").resolve("model").toString
    fitted.write.save(path)
    val pipeline = PipelineModel.load(path)
    val source = folder("stream").toString
    queries.write.mode("overwrite").parquet(source)
    val stream = spark.readStream.schema(queries.schema).parquet(source)
    val query = pipeline.transform(stream).writeStream.format("memory").queryName("ends").start()
    try query.processAllAvailable()
    finally query.stop()
    val streamed = spark.table("ends").orderBy("label").collect().toSeq
    assert(streamed == fitted.transform(queries).orderBy("label").collect().toSeq)
  }

  private def edit(path: Path)(change: String => String): Unit = {
    Files.deleteIfExists(path.resolveSibling(s".${path.getFileName}.crc"))
    Files.writeString(path, change(Files.readString(path)))
  }

  test("a model of format 3 has residuals and no scores: a band, and a sentence for intervals") {
    val path = folder("model").resolve("saved")
    val model = estimator("loo").fit(data)
    model.write.save(path.toString)
    val residuals = path.resolve("residuals").toString
    val old = spark.read.parquet(residuals).drop("score").collect()
    spark
      .createDataFrame(
        java.util.Arrays.asList(old: _*),
        spark.read.parquet(residuals).drop("score").schema
      )
      .write
      .mode("overwrite")
      .parquet(residuals)
    val metadata = names(path.resolve("metadata")).filter(_.startsWith("part-")).head
    edit(path.resolve("metadata").resolve(metadata)) {
      _.replace("\"formatVersion\":4", "\"formatVersion\":3")
        .replaceAll("\"calibration\":\"loo\",\"calibrationSeed\":0,\"numScores\":1500,?", "")
        .replace(",}", "}")
    }
    val loaded = KernelRegressionModel.load(path.toString, "broadcast")
    val refused = "the model has residuals but no scores, and so no column i (intervalCol): " +
      "it was saved by an older Regard, fit it again"
    assert(sentence(loaded.transform(queries)) == refused)
    loaded.setIntervalCol("")
    assert(answers(loaded).map(_.getAs[Row]("b")) == answers(model).map(_.getAs[Row]("b")))
    val again = folder("model").resolve("again").toString
    loaded.write.save(again)
    val kept = KernelRegressionModel.load(again, "partitioned").setIntervalCol("i")
    assert(sentence(kept.transform(queries)) == refused)
  }

  test("what cannot be had is refused by name before any work") {
    val none = estimator("none").fit(data)
    for ((name, param) <- Seq("i" -> "intervalCol", "b" -> "bandCol")) {
      val one = none.copy(ParamMap.empty).setIntervalCol("").setBandCol("")
      one.set(one.getParam(param), name)
      assert(
        sentence(one.transform(queries)) ==
          s"the model has no residuals, and so no column $name ($param): " +
          "fit it with calibration loo and another engine than lattice"
      )
    }
    val latticed = estimator("loo", "lattice").fit(data)
    assert(
      sentence(latticed.transform(queries)) ==
        "engine lattice has no column i (intervalCol): take engine partitioned, broadcast or auto"
    )
    val compact = estimator("loo", "lattice").setCompact(true).fit(data)
    assert(
      sentence(compact.transform(queries)) ==
        "a compact model has no keys, and so no column i (intervalCol)"
    )
    for (calibration <- Seq("cv+", "split")) {
      assert(
        sentence(estimator(calibration, "lattice").fit(data)) ==
          s"calibration $calibration needs engine broadcast or partitioned, but the engine is lattice"
      )
      val folds = data.withColumn("day", lit(1))
      assert(
        Rows.refusal(estimator(calibration).setLeaveOut("day").fit(folds)) ==
          s"calibration $calibration takes rows apart that leaveOut day says depend on each other: " +
          "take calibration loo"
      )
    }
  }

  test("rows that are all held out leave no key, and none held out leave infinite ends") {
    val one = key(1, 2)
    def of(seed: Long) = fixed(1).setCalibration("split").setSeed(seed)
    def holds(seed: Long) = HeldOut.of(of(seed)).holds(Array(1.0), 2, 1, null)
    val (held, kept) = (1L to 200).partition(holds)
    assert(held.size > 20 && held.size < 60)
    for (engine <- Seq("broadcast", "partitioned")) {
      def fit(seed: Long) = of(seed).setEngine(engine).fit(dataFrame(one, one))
      assert(
        sentence(fit(held.head)) ==
          "calibration split holds out 2 rows and leaves no key: it needs more rows"
      )
      val row = fit(kept.head).setIntervalCol("i").transform(dataFrame(one)).head()
      assert(row.getAs[Row]("i") == Row(Double.NegativeInfinity, Double.PositiveInfinity))
    }
  }
}
