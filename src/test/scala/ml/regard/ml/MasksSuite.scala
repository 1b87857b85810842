package ml.regard.ml

import scala.concurrent.Await
import scala.concurrent.duration.Duration
import scala.jdk.CollectionConverters._
import scala.util.Random

import ml.regard.Rows
import ml.regard.Rows.assertClose
import org.apache.spark.ml.Pipeline
import org.apache.spark.ml.linalg.SQLDataTypes.VectorType
import org.apache.spark.ml.linalg.{Vector, Vectors}
import org.apache.spark.sql.{DataFrame, Row}
import org.apache.spark.sql.functions.{col, expr, lit, when}
import org.apache.spark.sql.types._

/** Queries that attend to keys of their own group, and to strictly earlier ones. */
class MasksSuite extends MlSuite {
  private val Rounding = 1e-12
  private val size = 600
  private val rows = Rows.random(size, 2, seed = 1, weighted = true)
  private val random = new Random(2)
  private val groups = Array.fill(size)(random.nextInt(5).toLong)
  private val days = Array.fill(size)(random.nextInt(90))
  private val w = Array(2.0, 1.5)

  /** Rows with a group, a day and what else names the same time. */
  private def table(some: Rows, groups: Array[Long], days: Array[Int]): DataFrame = {
    val schema = new StructType()
      .add("features", VectorType)
      .add("label", DoubleType)
      .add("weight", DoubleType)
      .add("group", LongType)
      .add("day", IntegerType)
    val cells = (0 until some.size).map { i =>
      Row(Vectors.dense(some.features(i)), some.values(i), some.weights(i), groups(i), days(i))
    }
    spark
      .createDataFrame(cells.asJava, schema)
      .withColumn("date", expr("date_add(date '2026-01-01', day)"))
      .withColumn("at", expr("timestamp '2026-01-01 00:00:00' + make_dt_interval(day, 3)"))
      .withColumn("local", expr("timestamp_ntz '2026-01-01 00:00:00' + make_dt_interval(day)"))
  }

  private lazy val data = table(rows, groups, days).repartition(3).cache()
  private val asked = Rows.random(200, 2, seed = 3)
  private val askedGroups = Array.fill(200)(random.nextInt(5).toLong)
  private val askedDays = Array.fill(200)(random.nextInt(95) - 2)
  private lazy val queries = table(asked, askedGroups, askedDays).repartition(2).cache()

  private def estimator: KernelRegression = new KernelRegression()
    .setWeightCol("weight")
    .setSolver("fixed")
    .setWidth(w.map(1 / _))
    .setAnswerTolerance(0)

  private def allowed(group: Long, day: Int, grouped: Boolean, timed: Boolean): Seq[Int] =
    (0 until size).filter(j => (!grouped || groups(j) == group) && (!timed || days(j) < day))

  private def byLabel(scored: DataFrame): Map[Double, Row] =
    scored.collect().map(row => row.getAs[Double]("label") -> row).toMap

  /** Every prediction is that of the keys that the naive filter lets through. */
  private def assertFiltered(scored: DataFrame, grouped: Boolean, timed: Boolean): Unit = {
    val found = byLabel(scored)
    assert(found.size == asked.size)
    for (i <- asked.values.indices) {
      val few = rows.select(allowed(askedGroups(i), askedDays(i), grouped, timed))
      val y = found(asked.values(i)).getAs[Double]("prediction")
      if (few.size == 0) assert(y.isNaN)
      else assertClose(y, few.pooled(asked.features(i), w), Rounding)
    }
  }

  test("a query attends to keys of its own group") {
    val model = estimator.setGroupCol("group").fit(data)
    assert(model.isMasked && model.engineUsed == "broadcast")
    assertFiltered(model.transform(queries), grouped = true, timed = false)
  }

  for (time <- Seq("day", "date", "at", "local"))
    test(s"a query attends to strictly earlier keys: $time") {
      val model = estimator.setTimeCol(time).fit(data)
      assertFiltered(model.transform(queries), grouped = false, timed = true)
    }

  test("groups and times together, saved, loaded, in a pipeline and on a stream") {
    val whole = estimator.setGroupCol("group").setTimeCol("at")
    val model = whole.fit(data)
    assertFiltered(model.transform(queries), grouped = true, timed = true)
    val path = folder("model").resolve("saved").toString
    model.write.save(path)
    val loaded = KernelRegressionModel.load(path)
    assertFiltered(loaded.transform(queries), grouped = true, timed = true)
    val pipeline = new Pipeline().setStages(Array(whole)).fit(data)
    assertFiltered(pipeline.transform(queries), grouped = true, timed = true)
    val input = folder("stream").resolve("in").toString
    queries.write.parquet(input)
    val query = loaded
      .transform(spark.readStream.schema(queries.schema).parquet(input))
      .writeStream
      .format("memory")
      .queryName("masked")
      .start()
    try query.processAllAvailable()
    finally query.stop()
    assertFiltered(spark.table("masked"), grouped = true, timed = true)
    assert(
      loaded.keyTable(spark).columns.toSeq ==
        Seq("position", "features", "value", "weight", "id", "group", "time")
    )
  }

  test("all columns of a masked query are those of the keys that it may attend to") {
    val model = estimator
      .setGroupCol("group")
      .setTimeCol("day")
      .fit(data)
      .setEffectiveKeysCol("n")
      .setSupportCol("s")
      .setMarginalEffectCol("m")
      .setAttentionWeightsCol("a")
      .setAttentionCol("top")
      .setTopKeys(2)
      .setQuantilesCol("q")
      .setQuantiles(Array(0.5))
    val found = byLabel(model.transform(queries))
    for (i <- asked.values.indices) {
      val row = found(asked.values(i))
      val few = rows.select(allowed(askedGroups(i), askedDays(i), grouped = true, timed = true))
      val query = asked.features(i)
      val quantiles = row.getSeq[Double](row.fieldIndex("q"))
      val top = row.getSeq[Row](row.fieldIndex("top"))
      if (few.size == 0) {
        assert(row.getAs[Double]("n") == 0 && row.getAs[Double]("s") == 0 && top.isEmpty)
        assert(quantiles.forall(_.isNaN))
      } else {
        assertClose(row.getAs[Double]("n"), few.effectiveKeys(query, w), Rounding)
        assertClose(row.getAs[Double]("s"), few.support(query, w), Rounding)
        for ((a, b) <- row.getAs[Vector]("m").toArray.zip(few.marginalEffect(query, w)))
          assertClose(a, b, 1e-11)
        val sorted = few.values.zip(few.attention(query, w)).sortBy(_._1)
        val sums = sorted.map(_._2).scanLeft(0.0)(_ + _).tail
        assert(quantiles == Seq(sorted(sums.indexWhere(_ >= 0.5))._1))
        val weights = few.attention(query, w).sorted.reverse
        for ((key, a) <- top.zip(weights)) assertClose(key.getAs[Double]("weight"), a, Rounding)
      }
    }
  }

  test("the leave-one-out loss is that of the naive filter, and what has no key is counted") {
    for ((grouped, timed) <- Seq((true, false), (false, true), (true, true))) {
      val some = estimator
      if (grouped) some.setGroupCol("group")
      if (timed) some.setTimeCol("day")
      val summary = some.fit(data).summary
      var loss = 0.0
      var weight = 0.0
      var without = 0
      for (i <- 0 until size) {
        val others = allowed(groups(i), days(i), grouped, timed).filter(_ != i)
        if (others.isEmpty) without += 1
        else {
          val r = rows.values(i) - rows.select(others).pooled(rows.features(i), w)
          loss += rows.weights(i) * r * r
          weight += rows.weights(i)
        }
      }
      assertClose(summary.looLoss, loss / weight, Rounding)
      assert(summary.rowsWithoutKeys == without && summary.lossRows == size - without)
    }
  }

  for (solver <- Seq("sgd", "newton"))
    test(s"one group alone learns the same widths: $solver") {
      def learned(some: DataFrame, group: String) = new KernelRegression()
        .setWeightCol("weight")
        .setSolver(solver)
        .setGroupCol(group)
        .fit(some)
      val alone = learned(data.where("group = 3"), "")
      val masked = learned(data.where("group = 3"), "group")
      assert(masked.inverseWidths.toSeq == alone.inverseWidths.toSeq)
    }

  test("bits depend on neither partitions nor the order of rows") {
    def answers(some: DataFrame, partitions: Int) = {
      val model = new KernelRegression()
        .setGroupCol("group")
        .setTimeCol("day")
        .setNumPartitions(partitions)
        .fit(some)
      bits(model.inverseWidths ++ predictions(model.transform(queries).orderBy("label")))
    }
    val expected = answers(data, 1)
    assert(answers(data.orderBy(col("label")), 3) == expected)
    assert(answers(data.repartition(7), 0) == expected)
  }

  test("fitBefore: widths and residuals are of the earlier rows, keys are all") {
    def some = new KernelRegression().setWeightCol("weight").setTimeCol("date")
    val early = some.fit(data.where("date < date '2026-02-15'"))
    val model = some.setFitBefore("2026-02-15").fit(data)
    for ((a, b) <- model.inverseWidths.zip(early.inverseWidths)) assertClose(a, b, Rounding)
    assertClose(model.summary.looLoss, early.summary.looLoss, Rounding)
    assert(model.numKeys == size && early.numKeys < size)
    val later = model.copy(org.apache.spark.ml.param.ParamMap.empty).setAnswerTolerance(0)
    val found = byLabel(later.setStandardErrorCol("e").transform(queries))
    val residuals = byLabel(
      early.setAnswerTolerance(0).transform(data.where("date < date '2026-02-15'"))
    ).map { case (label, row) => label -> (label - row.getAs[Double]("prediction")) }
    val known = residuals.filterNot(_._2.isNaN)
    val weightOf = rows.values.zip(rows.weights).toMap
    val g = known.map { case (v, r) => weightOf(v) * r * r }.sum / known.keys.map(weightOf).sum
    val inverse = model.inverseWidths
    for (i <- asked.values.indices) {
      val few = rows.select(allowed(0, askedDays(i), grouped = false, timed = true))
      if (few.size > 0) {
        val row = found(asked.values(i))
        assertClose(row.getAs[Double]("prediction"), few.pooled(asked.features(i), inverse), 1e-11)
        // A key that was not learned from counts as an average one.
        val squares = few.values.map(v => known.get(v).fold(g)(r => r * r))
        val e = math.sqrt(few.squaredAttention(asked.features(i), inverse, squares))
        assertClose(row.getAs[Double]("e"), e, 1e-9)
      }
    }
  }

  test("a row without a group or a time attends to none, and none to it; it is counted") {
    val holes = data
      .withColumn("group", when(col("day") =!= 7, col("group")))
      .withColumn("day", when(col("day") =!= 8, col("day")))
    val lost = days.count(day => day == 7 || day == 8)
    val model = estimator.setGroupCol("group").setTimeCol("day").fit(holes)
    assert(model.numKeys == size - lost && model.summary.rows == size)
    assert(model.summary.rejectedRows == 0 && model.summary.rowsWithoutKeys >= lost)
    val asking = queries
      .withColumn("group", when(col("label") > 1, col("group")))
      .withColumn("day", when(col("label") < 3, lit(1000)))
    for (row <- model.transform(asking).collect()) {
      val label = row.getAs[Double]("label")
      assert(row.getAs[Double]("prediction").isNaN == !(label > 1 && label < 3))
    }
  }

  test("rows that are held out attend to keys as the mask says") {
    val held = data.withColumn("held", col("label") > 2.5)
    val model = new KernelRegression()
      .setValidationIndicatorCol("held")
      .setGroupCol("group")
      .setTimeCol("day")
      .fit(held)
    assert(model.numKeys == rows.values.count(_ <= 2.5))
  }

  for (solver <- Seq("sgd", "newton"); perFeature <- Seq(true, false))
    test(s"own widths are those of each group alone: $solver, per feature $perFeature") {
      def learning = new KernelRegression()
        .setWeightCol("weight")
        .setSolver(solver)
        .setPerFeatureWidth(perFeature)
        .setAnswerTolerance(0)
        .setCalibration("loo")
      // A group of one row has no widths to learn.
      val most = rows.values.max
      val cut = data
        .withColumn("group", when(col("label") === most, lit(99)).otherwise(col("group")))
        .where("group < 3 or group = 99")
      val model = learning.setGroupCol("group").setGroupWidths("own").fit(cut)
      val found = byLabel(
        model
          .copy(org.apache.spark.ml.param.ParamMap.empty)
          .setEffectiveKeysCol("n")
          .setMarginalEffectCol("m")
          .setStandardErrorCol("e")
          .transform(queries.where("group < 3"))
      )
      var loss = 0.0
      var weight = 0.0
      for (group <- 0 until 3) {
        val alone = learning.fit(cut.where(s"group = $group"))
        assert(model.widthsByGroup.get(s"$group").toSeq == alone.widths.toSeq)
        loss += alone.summary.looLoss * column(cut.where(s"group = $group"), "weight").sum
        weight += column(cut.where(s"group = $group"), "weight").sum
        val expected = byLabel(
          alone
            .setEffectiveKeysCol("n")
            .setMarginalEffectCol("m")
            .transform(queries.where(s"group = $group"))
        )
        for ((label, row) <- expected) {
          for (name <- Seq("prediction", "n"))
            assertClose(found(label).getAs[Double](name), row.getAs[Double](name), Rounding)
          val effects = found(label).getAs[Vector]("m").toArray
          for ((a, b) <- effects.zip(row.getAs[Vector]("m").toArray)) assertClose(a, b, 1e-11)
          assert(found(label).getAs[Double]("e") > 0)
        }
      }
      assert(model.widthsByGroup.size == 4)
      val summary = model.summary
      assertClose(summary.looLoss, loss / weight, Rounding)
      assert(summary.rowsWithoutKeys == 1)
      assert(summary.looRSquared > 0.3 && summary.looRSquared < 1 && summary.passes > 3)
      val path = folder("model").resolve("saved").toString
      model.write.save(path)
      val loaded = KernelRegressionModel.load(path)
      assert(
        byLabel(loaded.transform(queries)).view
          .mapValues(_.getAs[Double]("prediction"))
          .toMap
          .filterNot(_._2.isNaN) ==
          byLabel(model.transform(queries)).view
            .mapValues(_.getAs[Double]("prediction"))
            .toMap
            .filterNot(_._2.isNaN)
      )
      assert(
        intercept[IllegalStateException](model.widths).getMessage ==
          "each group of this model has its own widths"
      )
    }

  test("many groups take no more jobs than few") {
    def lastJob(): Int = {
      val action = spark.sparkContext.parallelize(Seq(1), 1).countAsync()
      Await.ready(action, Duration.Inf)
      action.jobIds.head
    }
    def jobs(groups: Int, widths: String): Int = {
      val some = data.withColumn("group", col("day") % groups)
      val learning = new KernelRegression().setGroupCol("group").setGroupWidths(widths)
      val before = lastJob()
      learning.setSolver("fixed").setWidth(0.5).fit(some)
      lastJob() - before
    }
    for (widths <- Seq("shared", "own")) assert(jobs(80, widths) == jobs(2, widths))
  }

  for (calibration <- Seq("loo", "cv+", "split"))
    test(s"intervals of one group are those of its rows alone: $calibration") {
      def told(some: KernelRegression) = byLabel(
        some
          .setSolver("fixed")
          .setWidth(w.map(1 / _))
          .setWeightCol("weight")
          .setCalibration(calibration)
          .fit(data.where("group = 3"))
          .setIntervalCol("i")
          .setConfidence(0.8)
          .transform(queries.where("group = 3"))
      ).map { case (label, row) => label -> row.getAs[Row]("i") }
      val alone = told(new KernelRegression())
      assert(alone.size > 20 && alone.values.forall(_.getDouble(0) < 10))
      // Of a query without a key, nothing is said.
      val nobody = new KernelRegression()
        .setGroupCol("group")
        .setCalibration(calibration)
        .fit(data)
        .setIntervalCol("i")
        .transform(queries.withColumn("group", lit(77)))
      for (row <- nobody.select("i.*").collect())
        assert(row.getDouble(0).isNaN && row.getDouble(1).isNaN)
      assert(told(new KernelRegression().setGroupCol("group")) == alone)
      assert(told(new KernelRegression().setGroupCol("group").setGroupWidths("own")) == alone)
    }

  test("intervals of many groups, and under a time mask, cover about what they say") {
    val more = Rows.random(4000, 1, seed = 11)
    val random = new Random(12)
    def groupsOf(n: Int) = Array.fill(n)(random.nextInt(8).toLong)
    val days = Array.fill(4000)(random.nextInt(90))
    val training = table(more, groupsOf(4000), days).cache()
    val fresh = Rows.random(2000, 1, seed = 13)
    val asking = table(fresh, groupsOf(2000), Array.fill(2000)(100)).cache()
    def some(calibration: String) =
      new KernelRegression().setGroupCol("group").setCalibration(calibration)
    val kinds = Seq(
      some("loo"),
      some("loo").setGroupWidths("own"),
      some("split"),
      some("split").setGroupWidths("own"),
      some("cv+"),
      some("loo").setTimeCol("day"),
      some("split").setTimeCol("day").setFitBefore("60")
    )
    for (kind <- kinds) {
      val scored = kind.fit(training).setIntervalCol("i").setConfidence(0.8).transform(asking)
      val covered = scored.where("label between i.lower and i.upper").count() / 2000.0
      assert(math.abs(covered - 0.8) < 0.05, s"$covered ${kind.extractParamMap()}")
    }
  }

  test("what cannot be is refused in a sentence") {
    def refusal(block: => Any) = intercept[IllegalArgumentException](block).getMessage
    val masked = estimator.setGroupCol("group").setTimeCol("day")
    assert(sentence(estimator.setGroupCol("features").fit(data)).contains("(groupCol) must be of"))
    assert(
      sentence(estimator.setTimeCol("label").fit(data)) == "column label (timeCol) must be a " +
        "timestamp, a date or a whole number, but its type is double"
    )
    assert(
      refusal(estimator.setTimeCol("day").setLeaveOut("ties").fit(data)) == "timeCol leaves out " +
        "every row that is not earlier, and needs leaveOut row, but leaveOut is ties"
    )
    assert(refusal(estimator.setTimeCol("day").setCriterion("aicc").fit(data)).contains("aicc"))
    assert(
      refusal(estimator.setFitBefore("1").fit(data)) == "fitBefore needs timeCol, which is not set"
    )
    assert(
      refusal(estimator.setGroupWidths("own").fit(data)) ==
        "groupWidths own needs groupCol, which is not set"
    )
    assert(
      sentence(estimator.setTimeCol("date").setFitBefore("soon").fit(data)) ==
        "fitBefore must be a date, as timeCol date is, but was soon"
    )
    assert(
      sentence(estimator.setTimeCol("date").setFitBefore("1999-01-01").fit(data)) ==
        "no training row is earlier than fitBefore 1999-01-01"
    )
    assert(
      refusal(estimator.setTimeCol("day").setFitBefore("3").setCalibration("cv+").fit(data)) ==
        "calibration cv+ takes all keys apart, but fitBefore learns from some alone: take " +
        "calibration loo or split"
    )
    for (engine <- Seq("partitioned", "lattice"))
      assert(
        sentence(masked.copy(org.apache.spark.ml.param.ParamMap.empty).setEngine(engine).fit(data))
          == s"groupCol group needs engine broadcast, but the engine is $engine"
      )
    val model = masked.fit(data)
    assert(sentence(model.transform(queries.drop("day"))).contains("column day (timeCol) is not"))
    assert(
      sentence(model.transform(queries.drop("day").withColumnRenamed("date", "day"))) ==
        "column day (timeCol) is a date, but the times of the model's keys are of the kind whole number"
    )
    val bare = model.copy(org.apache.spark.ml.param.ParamMap.empty).setGroupCol("")
    assert(
      sentence(bare.transform(queries)) ==
        "the keys of the model have groups, and so its queries need a groupCol"
    )
    assert(
      sentence(fixed(1).fit(d2l).setTimeCol("x").transform(d2l)) ==
        "the keys of the model have no times, and so timeCol x says nothing"
    )
    assert(
      intercept[IllegalStateException](model.predict(Vectors.dense(1, 2))).getMessage ==
        "a query of this model needs a group or a time, which transform takes from its columns"
    )
    val path = folder("model").resolve("saved").toString
    model.write.save(path)
    for (engine <- Seq("partitioned", "lattice"))
      assert(
        sentence(KernelRegressionModel.load(path, engine)) == s"the keys of the model at $path " +
          s"have groups or times: it needs engine broadcast or auto, not $engine"
      )
    val none = data.withColumn("group", lit(null).cast("string"))
    assert(
      sentence(estimator.setGroupCol("group").fit(none)).startsWith("none of the 600 training")
    )
    val alone = data.withColumn("group", col("label"))
    assert(
      sentence(
        new KernelRegression().setGroupCol("group").fit(alone)
      ) == "leave-one-out needs two " +
        "rows with positive weight that may attend to each other, but there is none among the 600 " +
        "to learn from"
    )
  }
}
