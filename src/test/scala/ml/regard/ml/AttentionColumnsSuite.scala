package ml.regard.ml

import java.nio.file.Files

import ml.regard.Rows
import ml.regard.Rows.assertClose
import org.apache.spark.ml.{Pipeline, PipelineModel}
import org.apache.spark.ml.linalg.{Vector, Vectors}
import org.apache.spark.sql.{DataFrame, Row}
import org.apache.spark.sql.functions.{col, lit, monotonically_increasing_id, when}
import org.apache.spark.sql.types.{ArrayType, DoubleType}

/** The columns that say which training rows carried a prediction, with their ids. */
class AttentionColumnsSuite extends MlSuite {
  private val rows = Rows.random(2500, 2, seed = 1, weighted = true)
  private lazy val data = {
    val numbered = dataFrame(rows).withColumn("row", monotonically_increasing_id())
    numbered.withColumn("row", when(col("row") % 7 =!= 0, col("row"))).repartition(4).cache()
  }
  private lazy val queries = dataFrame(Rows.random(60, 2, seed = 2)).repartition(3).cache()
  private val probabilities = Array(0.5, 0.05, 1.0)

  private def estimator(engine: String): KernelRegression =
    fixed(0.3)
      .setWeightCol("weight")
      .setEngine(engine)
      .setKeyIdCol("row")
      .setAttentionCol("carriers")
      .setTopKeys(4)
      .setQuantilesCol("spread")
      .setQuantiles(probabilities)

  private lazy val here = estimator("broadcast").fit(data)

  private def saved(model: KernelRegressionModel): String = {
    val path = folder("model").resolve("saved").toString
    model.write.save(path)
    path
  }

  private def answers(model: KernelRegressionModel): Seq[Row] =
    model.transform(queries).orderBy("label").collect().toSeq

  private def carriers(row: Row): Seq[Row] = row.getSeq[Row](row.fieldIndex("carriers"))

  test("each key is one of the table, with its weight in the whole attention") {
    val keys = here.keyTable(spark).orderBy("position").collect()
    val expected = data.collect().map(r => r.getAs[Vector](0).toArray.toSeq -> r.get(3)).toMap
    for (row <- answers(here)) {
      val weights = here.attentionWeights(row.getAs[Vector]("features"))
      val largest = weights.indices.sortBy(j => (-weights(j), j)).take(4)
      assert(carriers(row).map(_.getLong(0)) == largest.map(_.toLong))
      for (key <- carriers(row)) {
        val of = keys(key.getLong(0).toInt)
        assertClose(key.getDouble(1), weights(key.getLong(0).toInt), 1e-12)
        assert(key.getSeq[Double](2) == of.getSeq[Double](1))
        assert(key.getDouble(3) == of.getDouble(2))
        assert(key.getString(4) == of.getAs[String]("id"))
        assert(Option(key.getString(4)) == Option(expected(key.getSeq[Double](2))).map(_.toString))
      }
    }
  }

  test("quantiles are those of the labels under the attention, in the order asked for") {
    val keys = here.keyTable(spark).orderBy("position").collect().map(_.getDouble(2))
    for (row <- answers(here)) {
      val weights = here.attentionWeights(row.getAs[Vector]("features"))
      val sorted = keys.zip(weights).sortBy(_._1)
      val sums = sorted.map(_._2).scanLeft(0.0)(_ + _).tail
      val expected = probabilities.map(p => sorted(sums.indexWhere(_ >= p - 1e-12))._1)
      assert(row.getSeq[Double](row.fieldIndex("spread")) == expected.toSeq)
    }
  }

  test("every engine, and a model that was saved, has the same columns") {
    val expected = answers(here)
    val path = saved(here)
    for (engine <- Seq("broadcast", "partitioned")) {
      val loaded = KernelRegressionModel.load(path, engine)
      assert(loaded.engineUsed == engine && loaded.getTopKeys == 4)
      assert(answers(loaded) == expected, engine)
    }
    // The keys lie in other files, the predictions of nodes may differ in the last digits.
    for (engine <- Seq("partitioned", "lattice")) {
      val model = estimator(engine).setAnswerTolerance(1e-6).fit(data)
      assert(model.engineUsed == engine)
      for ((row, of) <- answers(model).zip(expected))
        for (name <- Seq("carriers", "spread")) assert(row.getAs[Any](name) == of.getAs[Any](name))
      val loaded = KernelRegressionModel.load(saved(model))
      assert(answers(loaded) == answers(model))
    }
  }

  test("ids change no bit of a prediction, and no order of keys that differ in more") {
    val without = estimator("broadcast").setKeyIdCol("").fit(data)
    assert(
      bits(predictions(without.transform(queries))) == bits(predictions(here.transform(queries)))
    )
    val order = Seq(here, without).map { model =>
      model.keyTable(spark).orderBy("position").drop("id").collect().toSeq
    }
    assert(order.head == order.last)
    assert(answers(without).flatMap(carriers).forall(_.isNullAt(4)))
  }

  test("rows that are equal but for their ids are in the order of these, in every engine") {
    val twins = dataFrame((0 until 3000).map(i => key(i / 1500, i / 1000)): _*)
      .withColumn("row", (monotonically_increasing_id() * 7919) % 3000)
    val tables = for (engine <- Seq("broadcast", "partitioned")) yield {
      val fitted = fixed(1).setEngine(engine).setKeyIdCol("row").fit(twins.repartition(5))
      fitted.keyTable(spark).orderBy("position").collect().toSeq
    }
    assert(tables.head == tables.last)
    val groups = tables.head.groupBy(r => (r.getSeq[Double](1), r.getDouble(2))).values
    for (ids <- groups.map(_.map(_.getAs[String]("id")))) assert(ids == ids.sorted)
  }

  test("a name may be of any atomic type; an array is refused before any work") {
    for (cast <- Seq("string", "date", "boolean", "decimal(9,2)", "timestamp", "binary")) {
      val named = d2l.withColumn("name", lit("1").cast("int").cast("string"))
      val value = if (cast == "date" || cast == "timestamp") lit("2026-01-02") else lit("1")
      val model =
        fixed(1).setKeyIdCol("name").fit(named.withColumn("name", value.cast(cast)))
      assert(model.keyTable(spark).head().getAs[String]("id") != null, cast)
    }
    val message = sentence(fixed(1).setKeyIdCol("features").fit(d2l))
    assert(message.contains("column features (keyIdCol) must be of an atomic type"), message)
    assert(sentence(fixed(1).setKeyIdCol("no").fit(d2l)).contains("column no (keyIdCol) is not in"))
  }

  test("a row that cannot be scored has nulls; types are what the schema says") {
    val bad = dataFrame(key(1, 0), Row(null, 0.0, 1.0), Row(Vectors.dense(Double.NaN), 0.0, 1.0))
    val model =
      fixed(0.5).fit(d2l).setAttentionCol("a").setQuantilesCol("q").setHandleInvalid("keep")
    val scored = model.transform(bad).collect()
    assert(scored.count(_.getAs[Any]("a") != null) == 1)
    assert(scored.count(_.getAs[Any]("q") != null) == 1)
    val schema = model.transformSchema(bad.schema)
    assert(schema("q").dataType == ArrayType(DoubleType, containsNull = false))
    val fields = schema("a").dataType.asInstanceOf[ArrayType].elementType.simpleString
    val said = "struct<position:bigint,weight:double,key:array<double>,value:double,id:string>"
    assert(fields == said)
  }

  test("a compact model refuses them by name") {
    val line = dataFrame(Rows.random(3000, 1, seed = 3))
    val compact = fixed(0.3).setCompact(true).setAnswerTolerance(1e-4).fit(line)
    for (
      (ask, name) <- Seq[(KernelRegressionModel => Any, String)](
        (_.setAttentionCol("a"), "a (attentionCol)"),
        (_.setQuantilesCol("q"), "q (quantilesCol)")
      )
    ) {
      val model = compact.copy(org.apache.spark.ml.param.ParamMap.empty)
      ask(model)
      val message = sentence(model.transform(line))
      assert(message == s"a compact model has no keys, and so no column $name")
    }
  }

  test("a pipeline keeps the columns, and a stream has them") {
    val path = folder("pipeline").resolve("saved").toString
    new Pipeline().setStages(Array(estimator("broadcast"))).fit(data).write.save(path)
    val pipeline = PipelineModel.load(path)
    def carried(scored: DataFrame) =
      scored.orderBy("label").select("carriers", "spread").collect().toSeq
    val expected = carried(here.transform(queries))
    assert(carried(pipeline.transform(queries)) == expected)
    val source = Files.createDirectories(folder("source").resolve("in")).toString
    queries.write.mode("overwrite").parquet(source)
    val stream = spark.readStream.schema(queries.schema).parquet(source)
    val query =
      pipeline.transform(stream).writeStream.format("memory").queryName("carried").start()
    try query.processAllAvailable()
    finally query.stop()
    assert(carried(spark.table("carried")) == expected)
  }

  test("many keys a row are asked for in smaller blocks of rows") {
    val model = fixed(0.5).fit(d2l).setAttentionCol("a").setTopKeys(1 << 20)
    val scored = model.transform(d2lQueries).collect()
    for (row <- scored) assert(row.getSeq[Row](row.fieldIndex("a")).size == 50)
  }
}
