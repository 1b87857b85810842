package ml.regard.ml

import ml.regard.DataException
import ml.regard.Rows.assertClose
import org.apache.spark.ml.feature.VectorAssembler
import org.apache.spark.ml.linalg.{Vector, Vectors}
import org.apache.spark.ml.param.ParamMap
import org.apache.spark.sql.{DataFrame, Row}
import org.apache.spark.sql.functions.{col, lit}
import org.apache.spark.sql.types.{BooleanType, IntegerType, StringType}

/** What cannot be used is refused with one sentence, or skipped and counted. */
class BadInputSuite extends MlSuite {
  private val good = Seq(key(0, 1), key(1, 2), key(2, 4))
  private val learner = new KernelRegression().setWeightCol("weight")
  private val known = fixed(1).setWeightCol("weight")
  private lazy val model = fixed(1).fit(dataFrame(good: _*))

  private val badFeatures = Seq[(Vector, String)](
    (null, "its features are null"),
    Vectors.dense(Double.NaN) -> "feature 0 is NaN",
    Vectors.dense(Double.PositiveInfinity) -> "feature 0 is Infinity",
    Vectors.dense(-1e151) -> "feature 0 is -1.0E151, beyond 1.0E150"
  )
  private val badRows: Seq[(Row, String)] =
    badFeatures.map { case (v, why) => Row(v, 1.0, 1.0) -> why } ++ Seq(
      Row(Vectors.dense(1), null, 1.0) -> "label is null",
      Row(Vectors.dense(1), Double.NaN, 1.0) -> "label is NaN",
      Row(Vectors.dense(1), Double.NegativeInfinity, 1.0) -> "label is -Infinity",
      Row(Vectors.dense(1), 1.0, null) -> "weight is null",
      Row(Vectors.dense(1), 1.0, Double.NaN) -> "weight is NaN",
      Row(Vectors.dense(1), 1.0, Double.PositiveInfinity) -> "weight is Infinity",
      Row(Vectors.dense(1), 1.0, -2.0) -> "weight is negative"
    )

  test("fit, error: the sentence has the count and the first example") {
    for ((bad, why) <- badRows) {
      val message = sentence(known.fit(dataFrame((good :+ bad) ++ Seq(bad, good.head): _*)))
      assert(message.startsWith("2 of 6 training rows cannot be used; the first: features "))
      assert(message.endsWith(s": $why (handleInvalid is error)"), message)
    }
    val label = dataFrame(good :+ Row(Vectors.dense(7), Double.NaN, 1.0): _*)
    assert(
      sentence(known.fit(label)) == "1 of 4 training rows cannot be used; the first: features " +
        "[7.0], label NaN, weight 1.0: label is NaN (handleInvalid is error)"
    )
  }

  test("fit, skip and keep: such rows are dropped and counted, and change nothing") {
    val clean = known.fit(dataFrame(good: _*))
    for (handle <- Seq("skip", "keep"); (bad, _) <- badRows) {
      val model = known
        .copy(ParamMap.empty)
        .setHandleInvalid(handle)
        .fit(dataFrame(bad +: good :+ bad: _*))
      assert(model.numKeys == 3)
      assert(model.summary.rows == 5 && model.summary.rejectedRows == 2)
      val query = Vectors.dense(0.7)
      assert(model.predict(query) == clean.predict(query))
    }
  }

  test("fit: a bad weight does not matter when there is no weight column") {
    assert(fixed(1).fit(dataFrame(good :+ Row(Vectors.dense(1), 1.0, null): _*)).numKeys == 4)
  }

  private def bad = badFeatures.map { case (v, _) => Row(v, 0.0, 0.0) }
  private def queries: DataFrame =
    dataFrame(Seq(bad.head, key(0.5, 0)) ++ bad.tail :+ key(1.5, 0): _*)
      .select("features", "label")

  test("transform, error: the job fails with what is wrong and the row") {
    for ((bad, why) <- badFeatures) {
      val data = dataFrame(key(0.5, 0), Row(bad, 0.0, 0.0)).select("features")
      val said = messages(intercept[Exception](model.transform(data).collect()))
      val expected =
        s"a row cannot be scored: $why, in column features = $bad (handleInvalid is error)"
      assert(said.exists(_.contains(expected)), said)
    }
  }

  test("transform, skip: such rows are dropped, the others keep their predictions") {
    val skipping = model.copy(ParamMap.empty).setHandleInvalid("skip")
    val scored = skipping.setAttentionWeightsCol("a").transform(queries)
    val expected = Seq(0.5, 1.5).map(x => model.predict(Vectors.dense(x)))
    assert(predictions(scored).toSeq == expected)
    for (row <- attention(scored, "a")) assertClose(row.sum, 1, 1e-14)
  }

  test("transform, keep: such rows get NaN and no attention weights, and keep their place") {
    val keeping = model.copy(ParamMap.empty).setHandleInvalid("keep")
    val scored = keeping.setAttentionWeightsCol("a").transform(queries).collect()
    assert(scored.length == 6)
    val predicted = scored.map(_.getDouble(2))
    assert(predicted(1) == model.predict(Vectors.dense(0.5)))
    assert(predicted.last == model.predict(Vectors.dense(1.5)))
    assert(Seq(0, 2, 3, 4).forall(predicted(_).isNaN))
    assert(scored.map(_.isNullAt(3)).toSeq == Seq(true, false, true, true, true, false))
  }

  test("a missing column is named, with its role and what there is") {
    val data = dataFrame(good: _*)
    val has = "is not in the data, which has features, label, weight"
    assert(sentence(fixed(1).setFeaturesCol("f").fit(data)) == s"column f (featuresCol) $has")
    assert(sentence(fixed(1).setLabelCol("y").fit(data)) == s"column y (labelCol) $has")
    assert(sentence(fixed(1).setWeightCol("w").fit(data)) == s"column w (weightCol) $has")
    assert(
      sentence(model.transform(data.drop("features"))) ==
        "column features (featuresCol) is not in the data, which has label, weight"
    )
  }

  test("a column of the wrong type is named with its type") {
    for ((kind, value) <- Seq(StringType -> "1", BooleanType -> true)) {
      val data = typed(kind, Row(Vectors.dense(1), value, 1.0))
      assert(
        sentence(fixed(1).fit(data)) ==
          s"column label (labelCol) must be a number, but its type is ${kind.simpleString}"
      )
    }
    val data = dataFrame(good: _*)
    assert(
      sentence(fixed(1).setWeightCol("features").fit(data)) ==
        s"column features (weightCol) must be a number, but its type is ${data.schema.head.dataType.simpleString}"
    )
    assert(
      sentence(fixed(1).setFeaturesCol("label").fit(data)) ==
        "column label (featuresCol) must be a vector, but its type is double"
    )
    assert(
      sentence(model.transform(data.select(col("label").as("features")))) ==
        "column features (featuresCol) must be a vector, but its type is double"
    )
  }

  test("labels and weights of any number type are numbers") {
    val whole = typed(IntegerType, Row(Vectors.dense(0), 1, 1.0), Row(Vectors.dense(4), 5, 3.0))
    for (kind <- Seq("int", "bigint", "float", "decimal(10,2)", "tinyint")) {
      val data = whole.select(
        col("features"),
        col("label").cast(kind).as("label"),
        col("weight").cast(kind).as("weight")
      )
      assert(fixed(1).setWeightCol("weight").fit(data).averagePooling == 4) // (1 + 3 * 5) / 4
    }
  }

  test("an output column that is there already is refused, by fit and by transform") {
    val data = dataFrame(good: _*).withColumn("prediction", lit(1.0))
    val expected =
      "output column prediction is already in the data, which has features, label, weight, prediction"
    assert(sentence(fixed(1).fit(data)) == expected)
    assert(sentence(model.transform(data)) == expected)
    val same = fixed(1).setAttentionWeightsCol("prediction")
    assert(
      sentence(same.fit(data.drop("prediction"))) == expected
    )
  }

  test("queries of another dimension: by metadata before any job, and by row") {
    import spark.implicits._
    val raw = Seq((1.0, 2.0)).toDF("a", "b")
    val assembled = new VectorAssembler()
      .setInputCols(Array("a", "b"))
      .setOutputCol("features")
      .transform(raw)
    val expected = "column features (featuresCol) must have the model's 1 features, but has 2"
    assert(sentence(model.transform(assembled)) == expected)
    val unknown = dataFrame(Row(Vectors.dense(1, 2), 0.0, 0.0))
    for (handle <- Seq("error", "skip", "keep")) {
      val scored = model
        .copy(ParamMap.empty)
        .setHandleInvalid(handle)
        .transform(unknown)
      assert(messages(intercept[Exception](scored.collect())).exists(_.contains(expected)))
    }
  }

  test("training rows of different dimensions are refused, in one partition or in two") {
    val mixed = dataFrame(key(1, 1), Row(Vectors.dense(1, 2), 2.0, 1.0))
    for (data <- Seq(mixed, mixed.orderBy("label").repartitionByRange(2, col("label")))) {
      val message = sentence(fixed(1).fit(data))
      assert(message == "all training rows must have 1 features, as the first has, but one has 2")
    }
  }

  test("vectors without features are unusable rows") {
    val empty = dataFrame(good :+ Row(Vectors.dense(Array.empty[Double]), 1.0, 1.0): _*)
    assert(sentence(fixed(1).fit(empty)).contains("it has no features (handleInvalid is error)"))
    assert(fixed(1).setHandleInvalid("skip").fit(empty).numKeys == 3)
  }

  test("no rows, no usable rows, no positive weight") {
    assert(sentence(known.fit(dataFrame(good: _*).limit(0))) == "the training data has no rows")
    val unusable = dataFrame(badRows.take(2).map(_._1): _*)
    assert(
      sentence(fixed(1).setHandleInvalid("skip").fit(unusable)) ==
        "none of the 2 training rows can be used"
    )
    val weightless = dataFrame(key(0, 1, 0), key(1, 2, 0), key(2, 3, -0.0))
    assert(sentence(known.fit(weightless)) == "all 3 weights are zero")
  }

  test("one row cannot be learned from, but can be attended to") {
    val one = dataFrame(key(0, 5), key(1, 7, 0))
    assert(
      sentence(learner.fit(one)) == "leave-one-out needs two rows with positive weight that may " +
        "attend to each other, but there is 1"
    )
    val model = known.fit(one)
    assert(model.predict(Vectors.dense(100)) == 5)
    assert(model.summary.looLoss.isNaN && model.summary.looRSquared.isNaN)
    assert(model.summary.rowsWithoutKeys == 1 && model.summary.zeroWeightRows == 1)
  }

  test("rows of weight zero are no keys, whatever they hold") {
    val with0 = known.fit(dataFrame(good :+ key(1, 1e6, 0): _*))
    val without = known.fit(dataFrame(good: _*))
    assert(with0.numKeys == 3 && with0.summary.zeroWeightRows == 1)
    val query = Vectors.dense(1.1)
    assert(with0.predict(query) == without.predict(query))
    assert(with0.summary.looLoss == without.summary.looLoss)
  }

  test("a width whose inverse is out of range is refused before any work") {
    val thrown = intercept[IllegalArgumentException](fixed(1e-200).fit(d2l))
    assert(thrown.getMessage.contains("parameter width given invalid value [1.0E-200]"))
  }

  test("columns may have any name") {
    val odd = d2l.withColumnRenamed("features", "the.features").withColumnRenamed("label", "a`b")
    val model = fixed(0.5).setFeaturesCol("the.features").setLabelCol("a`b").fit(odd)
    val same = predictions(fixed(0.5).fit(d2l).transform(d2l))
    assert(bits(predictions(model.transform(odd))) == bits(same))
  }

  test("learning that diverges says so") {
    val message = sentence(
      new KernelRegression()
        .setWidth(1)
        .setParametrization("inverse")
        .setStepSize(1e200)
        .fit(d2l)
    )
    assert(message.startsWith("learning diverged at step 1 of step size 1.0E200"))
  }

  test("the sentence of a fit reaches the caller as it is, not wrapped by a job that failed") {
    val thrown = intercept[DataException](known.fit(dataFrame(good :+ badRows.head._1: _*)))
    assert(thrown.getCause == null)
    assert(thrown.isInstanceOf[IllegalArgumentException])
  }

  test("a query with a null vector is no vector") {
    assert(Columns.problem(null.asInstanceOf[Vector]) == "its features are null")
    assert(Columns.problem(Vectors.dense(1, 2)) == null)
    assert(Columns.problem("label", 0.0) == null)
  }
}
