package ml.regard.ml

import ml.regard.{Golden, Rows}
import ml.regard.Rows.assertClose
import ml.regard.kernel.Precision
import org.apache.spark.ml.attribute.AttributeGroup
import org.apache.spark.ml.feature.VectorAssembler
import org.apache.spark.ml.param.ParamMap
import org.apache.spark.ml.linalg.{SparseVector, Vector, Vectors}
import org.apache.spark.sql.{Row, SparkSession}
import org.apache.spark.sql.execution.streaming.runtime.MemoryStream
import org.apache.spark.sql.functions.{array, col, current_timestamp, lit, struct, udf}

class TransformSuite extends MlSuite {
  private lazy val model = fixed(0.5).fit(d2l)

  test("input columns keep their order, types and values, and the prediction comes last") {
    val mixed = d2l.select(
      lit("text").as("first"),
      col("features"),
      col("label").cast("decimal(20,10)").as("amount"),
      array(lit(1), lit(2)).as("list"),
      struct(lit(3L).as("x"), lit("y").as("y")).as("nested"),
      lit(null).cast("date").as("nothing"),
      current_timestamp().as("when")
    )
    val input = mixed.cache()
    val scored = model.transform(input)
    assert(scored.columns.toSeq == input.columns.toSeq :+ "prediction")
    assert(scored.schema.map(_.dataType).init == input.schema.map(_.dataType))
    assert(scored.drop("prediction").collect().toSeq == input.collect().toSeq)
    assert(scored.columns.last == "prediction" && !scored.schema.last.nullable)
    input.unpersist()
  }

  test("the schema that transformSchema announces is the schema of the result") {
    val announced = model.copy(ParamMap.empty).setAttentionWeightsCol("a")
    val schema = announced.transformSchema(d2lQueries.schema)
    assert(schema.fieldNames.toSeq == Seq("features", "prediction", "a"))
    val scored = announced.transform(d2lQueries).schema
    assert(scored.map(f => (f.name, f.dataType)) == schema.map(f => (f.name, f.dataType)))
  }

  test("columns keep their metadata, so that later stages know what the features are") {
    import spark.implicits._
    val assembled = new VectorAssembler()
      .setInputCols(Array("minute", "distance"))
      .setOutputCol("features")
      .transform(Seq((1.0, 2.0, 3.0), (4.0, 5.0, 6.0)).toDF("minute", "distance", "label"))
    val scored = fixed(1).fit(assembled).transform(assembled)
    val names =
      AttributeGroup.fromStructField(scored.schema("features")).attributes.get.map(_.name.get)
    assert(names.toSeq == Seq("minute", "distance"))
  }

  test("a stream keeps its event time, whatever its columns are called") {
    val stream = spark.readStream
      .format("rate")
      .load()
      .withWatermark("timestamp", "10 seconds")
      .select(
        col("timestamp").as("the.`time`"),
        udf((i: Long) => Vectors.dense(i.toDouble)).apply(col("value")).as("features")
      )
    val before = stream.schema("the.`time`").metadata
    assert(before.contains("spark.watermarkDelayMs"))
    assert(model.transform(stream).schema("the.`time`").metadata == before)
  }

  test("precision reaches the answers, and answerTolerance too") {
    val rows = Rows.random(9000, 2, seed = 3)
    val range = rows.values.max - rows.values.min
    val queries = dataFrame(Rows.random(300, 2, seed = 4))
    def answers(change: KernelRegressionModel => Any) = {
      val changed = learned.copy(ParamMap.empty)
      change(changed)
      predictions(changed.transform(queries))
    }
    lazy val learned = fixed(0.4).setAnswerTolerance(0).fit(dataFrame(rows))
    val exact = answers(identity)
    val within = Seq[(KernelRegressionModel => Any, Double)](
      (_.setPrecision("float32"), Precision.FLOAT32_ERROR * range),
      (_.setAnswerTolerance(1e-3), 1e-3 * Golden.standardDeviation(rows.values))
    )
    for ((change, most) <- within) {
      val moved = answers(change).zip(exact).map { case (a, b) => math.abs(a - b) }.max
      assert(moved > 0 && moved < most)
    }
  }

  test("columns can have other names, and an empty name leaves a column out") {
    val renamed = d2l.toDF("my features", "my label")
    val model = fixed(0.5)
      .setFeaturesCol("my features")
      .setLabelCol("my label")
      .setPredictionCol("my prediction")
      .fit(renamed)
    val scored = model.transform(renamed)
    assert(scored.columns.toSeq == Seq("my features", "my label", "my prediction"))
    val plain = predictions(this.model.transform(d2l))
    assert(bits(column(scored, "my prediction")) == bits(plain))
    val weights = model.setPredictionCol("").setAttentionWeightsCol("a").transform(renamed)
    assert(weights.columns.toSeq == Seq("my features", "my label", "a"))
    assert(model.setAttentionWeightsCol("").transform(renamed).columns.length == 2)
  }

  test("more rows than a block are predicted row by row") {
    val queries = spark
      .range(2500)
      .repartition(1)
      .sortWithinPartitions("id")
      .select(col("id"), udf((i: Long) => Vectors.dense(i / 500.0)).apply(col("id")).as("features"))
    val scored = model.transform(queries).select("id", "prediction").collect()
    assert(scored.map(_.getLong(0)).toSeq == (0L until 2500))
    for (i <- Seq(0, 1023, 1024, 1025, 2048, 2499))
      assert(scored(i).getDouble(1) == model.predict(Vectors.dense(i / 500.0)))
  }

  test("sparse vectors are queries and keys like dense ones") {
    val dense = dataFrame(Row(Vectors.dense(0, 2), 1.0, 1.0), Row(Vectors.dense(3, 0), 2.0, 1.0))
    val sparse = dataFrame(
      Row(new SparseVector(2, Array(1), Array(2.0)), 1.0, 1.0),
      Row(new SparseVector(2, Array(0), Array(3.0)), 2.0, 1.0)
    )
    val a = predictions(fixed(2).fit(dense).transform(sparse))
    assert(bits(a) == bits(predictions(fixed(2).fit(sparse).transform(dense))))
    // Squared distance 13, width 2: the other key weighs e = exp(-13 / 8).
    val e = math.exp(-13.0 / 8)
    assertClose(a(0), (1 + 2 * e) / (1 + e), 1e-14)
  }

  test("transform evaluates nothing") {
    val throws = udf((_: Vector) => { throw new IllegalStateException("evaluated"); 1.0 })
    val trap = d2lQueries.withColumn("trap", throws(col("features")))
    val scored = model.transform(trap)
    assert(scored.columns.contains("prediction"))
    assert(messages(intercept[Exception](scored.collect())).exists(_.contains("evaluated")))
  }

  test("transform works on a stream") {
    val implicits = spark.implicits
    import implicits._
    implicit val session: SparkSession = spark
    val input = MemoryStream[Double]
    val vectors = udf((x: Double) => Vectors.dense(x))
    val scored = model.transform(input.toDF().select(vectors(col("value")).as("features")))
    assert(scored.isStreaming)
    val query = scored.select("prediction").writeStream.format("memory").queryName("scored").start()
    try {
      for (batch <- Seq(Seq(0.5, 1.5), Seq(4.0))) {
        input.addData(batch)
        query.processAllAvailable()
      }
    } finally query.stop()
    val expected = Seq(0.5, 1.5, 4.0).map(x => model.predict(Vectors.dense(x)))
    assert(predictions(spark.table("scored")).toSet == expected.toSet)
  }

  test("no rows give no predictions") {
    assert(model.transform(d2lQueries.limit(0)).count() == 0)
  }
}
