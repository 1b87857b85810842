package ml.regard.ml

import ml.regard.Rows.refusal
import org.apache.spark.ml.param.ParamMap

class ParamsSuite extends MlSuite {
  private val names = Set(
    "featuresCol",
    "labelCol",
    "weightCol",
    "predictionCol",
    "errorBoundCol",
    "standardErrorCol",
    "intervalCol",
    "confidence",
    "bandCol",
    "calibration",
    "effectiveKeysCol",
    "supportCol",
    "marginalEffectCol",
    "outsideSupport",
    "supportThreshold",
    "attentionWeightsCol",
    "handleInvalid",
    "width",
    "perFeatureWidth",
    "solver",
    "criterion",
    "leaveOut",
    "validationIndicatorCol",
    "parametrization",
    "lossReduction",
    "stepSize",
    "maxIter",
    "tol",
    "miniBatchFraction",
    "seed",
    "engine",
    "answerTolerance",
    "compact",
    "precision",
    "stagingDir",
    "numPartitions",
    "aggregationDepth",
    "checkpointDir",
    "checkpointInterval",
    "onCancel",
    "errorBoundCol",
    "compact",
    "attentionCol",
    "topKeys",
    "quantilesCol",
    "quantiles",
    "keyIdCol"
  )

  test("explainParams lists every parameter of estimator and model with its default") {
    for (params <- Seq(new KernelRegression(), fixed(1).fit(d2l))) {
      assert(params.params.map(_.name).toSet == names)
      val lines = params.explainParams().linesIterator.toSeq
      for (name <- names) assert(lines.count(_.startsWith(s"$name: ")) == 1, name)
      assert(params.params.forall(_.parent == params.uid))
    }
    val estimator = new KernelRegression()
    assert(estimator.explainParam(estimator.tol).endsWith("(default: 1.0E-8)"))
    assert(estimator.explainParam(estimator.width).endsWith("(undefined)"))
    assert(estimator.setSeed(7).explainParam(estimator.seed).endsWith("(default: 42, current: 7)"))
  }

  test("the defaults are the documented ones") {
    val estimator = new KernelRegression()
    assert(estimator.getFeaturesCol == "features" && estimator.getLabelCol == "label")
    assert(estimator.getPredictionCol == "prediction" && estimator.getWeightCol == "")
    assert(estimator.getAttentionWeightsCol == "" && estimator.getHandleInvalid == "error")
    assert(!estimator.isDefined(estimator.width) && estimator.getPerFeatureWidth)
    assert(estimator.getSolver == "sgd" && estimator.getParametrization == "log")
    assert(estimator.getLossReduction == "mean" && estimator.getStepSize == 1)
    assert(estimator.getMaxIter == 100 && estimator.getTol == 1e-8)
    assert(estimator.getMiniBatchFraction == 0 && estimator.getSeed == 42)
    assert(estimator.getCriterion == "loo" && estimator.getLeaveOut == "row")
    assert(estimator.getValidationIndicatorCol == "")
    assert(estimator.getEngine == "auto" && estimator.getNumPartitions == 0)
    assert(estimator.getAggregationDepth == 2 && estimator.getStagingDir == "")
    assert(estimator.getCheckpointDir == "" && estimator.getCheckpointInterval == 1)
    assert(estimator.getOnCancel == "discard" && estimator.getAnswerTolerance == 1e-8)
    assert(estimator.getPrecision == "float64" && !estimator.getCompact)
    assert(estimator.getErrorBoundCol == "" && estimator.getEffectiveKeysCol == "")
    assert(estimator.getSupportCol == "" && estimator.getMarginalEffectCol == "")
    assert(estimator.getIntervalCol == "" && estimator.getBandCol == "")
    assert(estimator.getConfidence == 0.9)
    assert(estimator.getStandardErrorCol == "" && estimator.getCalibration == "loo")
    assert(estimator.getOutsideSupport == "nearest" && estimator.getSupportThreshold == 0)
    assert(estimator.getAttentionCol == "" && estimator.getTopKeys == 5)
    assert(estimator.getQuantilesCol == "" && estimator.getKeyIdCol == "")
    assert(estimator.getQuantiles.toSeq == Seq(0.1, 0.5, 0.9))
  }

  test("setters set what they name") {
    val estimator = new KernelRegression()
      .setFeaturesCol("f")
      .setLabelCol("l")
      .setWeightCol("w")
      .setPredictionCol("p")
      .setAttentionWeightsCol("a")
      .setErrorBoundCol("b")
      .setStandardErrorCol("r")
      .setIntervalCol("n")
      .setConfidence(0.75)
      .setBandCol("d")
      .setCalibration("cv+")
      .setEffectiveKeysCol("e")
      .setSupportCol("s")
      .setMarginalEffectCol("m")
      .setOutsideSupport("mean")
      .setSupportThreshold(0.5)
      .setCompact(true)
      .setHandleInvalid("keep")
      .setWidth(Array(1.0, 2.0))
      .setPerFeatureWidth(false)
      .setSolver("fixed")
      .setCriterion("aicc")
      .setLeaveOut("ties")
      .setValidationIndicatorCol("v")
      .setParametrization("inverse")
      .setLossReduction("sum")
      .setStepSize(0.25)
      .setMaxIter(7)
      .setTol(0.5)
      .setMiniBatchFraction(0.125)
      .setSeed(9)
      .setEngine("broadcast")
      .setAnswerTolerance(0.25)
      .setPrecision("float32")
      .setStagingDir("s")
      .setNumPartitions(3)
      .setAggregationDepth(4)
      .setCheckpointDir("c")
      .setCheckpointInterval(5)
      .setOnCancel("keep")
      .setErrorBoundCol("e")
      .setCompact(true)
      .setAttentionCol("t")
      .setTopKeys(3)
      .setQuantilesCol("q")
      .setQuantiles(Array(0.25, 1))
      .setKeyIdCol("i")
    val set = estimator.extractParamMap().toSeq.map(pair => pair.param.name -> pair.value).toMap
    assert(set("width").asInstanceOf[Array[Double]].toSeq == Seq(1, 2))
    assert(set("quantiles").asInstanceOf[Array[Double]].toSeq == Seq(0.25, 1))
    assert(
      set -- Seq("width", "quantiles") == Map(
        "featuresCol" -> "f",
        "labelCol" -> "l",
        "weightCol" -> "w",
        "predictionCol" -> "p",
        "attentionWeightsCol" -> "a",
        "errorBoundCol" -> "b",
        "standardErrorCol" -> "r",
        "intervalCol" -> "n",
        "confidence" -> 0.75,
        "bandCol" -> "d",
        "calibration" -> "cv+",
        "effectiveKeysCol" -> "e",
        "supportCol" -> "s",
        "marginalEffectCol" -> "m",
        "outsideSupport" -> "mean",
        "supportThreshold" -> 0.5,
        "compact" -> true,
        "handleInvalid" -> "keep",
        "perFeatureWidth" -> false,
        "solver" -> "fixed",
        "criterion" -> "aicc",
        "leaveOut" -> "ties",
        "validationIndicatorCol" -> "v",
        "parametrization" -> "inverse",
        "lossReduction" -> "sum",
        "stepSize" -> 0.25,
        "maxIter" -> 7,
        "tol" -> 0.5,
        "miniBatchFraction" -> 0.125,
        "seed" -> 9L,
        "engine" -> "broadcast",
        "answerTolerance" -> 0.25,
        "precision" -> "float32",
        "stagingDir" -> "s",
        "numPartitions" -> 3,
        "aggregationDepth" -> 4,
        "checkpointDir" -> "c",
        "checkpointInterval" -> 5,
        "onCancel" -> "keep",
        "errorBoundCol" -> "e",
        "compact" -> true,
        "attentionCol" -> "t",
        "topKeys" -> 3,
        "quantilesCol" -> "q",
        "keyIdCol" -> "i"
      )
    )
  }

  test("bad values are refused where they are set") {
    val estimator = new KernelRegression()
    val attempts = Seq[() => Any](
      () => estimator.setWidth(0.0),
      () => estimator.setWidth(-1.0),
      () => estimator.setWidth(Double.NaN),
      () => estimator.setWidth(Double.PositiveInfinity),
      () => estimator.setWidth(Array(1.0, 0.0)),
      () => estimator.setWidth(Array.empty[Double]),
      () => estimator.setSolver("newton-ish"),
      () => estimator.setParametrization("width"),
      () => estimator.setLossReduction("max"),
      () => estimator.setHandleInvalid("ignore"),
      () => estimator.setEngine("carrier pigeon"),
      () => estimator.setStepSize(0),
      () => estimator.setStepSize(Double.NaN),
      () => estimator.setMaxIter(-1),
      () => estimator.setTol(-1e-9),
      () => estimator.setMiniBatchFraction(-0.1),
      () => estimator.setCriterion("bic"),
      () => estimator.setMiniBatchFraction(1.1),
      () => estimator.setNumPartitions(-1),
      () => estimator.setAggregationDepth(0),
      () => estimator.setCheckpointInterval(0),
      () => estimator.setCheckpointInterval(-2),
      () => estimator.setAnswerTolerance(-1e-12),
      () => estimator.setPrecision("float16"),
      () => estimator.setOnCancel("shrug"),
      () => estimator.setOutsideSupport("far"),
      () => estimator.setSupportThreshold(1.5),
      () => estimator.setCalibration("cv"),
      () => estimator.setConfidence(0),
      () => estimator.setConfidence(1),
      () => estimator.setConfidence(Double.NaN),
      () => estimator.setTopKeys(0),
      () => estimator.setQuantiles(Array(0.5, 1.5)),
      () => estimator.setQuantiles(Array.empty[Double])
    )
    for ((attempt, i) <- attempts.zipWithIndex) {
      val message = refusal(attempt())
      assert(message.contains("given invalid value"), s"attempt $i: $message")
    }
    assert(refusal(estimator.setSolver("x")).contains("parameter solver given invalid value x"))
    assert(estimator.extractParamMap().toSeq.map(_.param.name).toSet == names - "width")
  }

  test("a copy has its own values, and those of an extra ParamMap") {
    val estimator = new KernelRegression().setStepSize(0.5).setWidth(2)
    val extra = ParamMap(estimator.maxIter -> 3, estimator.stepSize -> 0.25)
    val copy = estimator.copy(extra)
    assert(copy.uid == estimator.uid && copy.getClass == estimator.getClass)
    assert(copy.getMaxIter == 3 && copy.getStepSize == 0.25 && copy.getWidth.toSeq == Seq(2))
    copy.setTol(0.1)
    assert(estimator.getMaxIter == 100 && estimator.getStepSize == 0.5 && estimator.getTol == 1e-8)
  }

  test("fit takes a ParamMap, and an array of them") {
    val estimator = fixed(1)
    val half = ParamMap(estimator.width -> Array(0.5))
    assert(estimator.fit(d2l, half).widths.toSeq == Seq(0.5))
    val models = estimator.fit(d2l, Seq(half, ParamMap(estimator.width -> Array(4.0))))
    assert(models.map(_.widths.head) == Seq(0.5, 4))
    assert(estimator.getWidth.toSeq == Seq(1))
  }

  test("a model has its estimator's values and uid, and a copy keeps keys, parent and summary") {
    val estimator = fixed(0.5).setPredictionCol("p").setHandleInvalid("keep").setSeed(3)
    val model = estimator.fit(d2l)
    assert(model.uid == estimator.uid && model.parent == estimator)
    assert(model.getPredictionCol == "p" && model.getSeed == 3)
    val copy = model.copy(ParamMap(model.predictionCol -> "q"))
    assert(copy.getPredictionCol == "q" && model.getPredictionCol == "p")
    assert(copy.getHandleInvalid == "keep" && copy.parent == estimator && copy.hasSummary)
    assert(
      bits(column(copy.transform(d2lQueries), "q")) == bits(
        column(model.transform(d2lQueries), "p")
      )
    )
    val extra = ParamMap(model.predictionCol -> "r")
    assert(model.transform(d2lQueries, extra).columns.toSeq == Seq("features", "r"))
  }

  test("the caller cannot write to widths through the arrays that go in and out") {
    val widths = Array(0.5)
    val estimator = new KernelRegression().setSolver("fixed").setWidth(widths)
    widths(0) = 99
    val model = estimator.fit(d2l)
    model.widths()(0) = 99
    model.inverseWidths()(0) = 99
    model.summary.inverseWidthHistory
    assert(model.widths.toSeq == Seq(0.5))
  }

  test("a model says what it is") {
    val model = fixed(0.5).fit(d2l)
    val expected =
      s"KernelRegressionModel: uid=${model.uid}, numKeys=50, numFeatures=1, widths=[0.5]"
    assert(model.toString == expected)
    assert(model.numKeys == 50 && model.numFeatures == 1)
  }

  test("every public no-argument method that returns a parameter is one that users can find") {
    val accessors = classOf[KernelRegression].getMethods.toSeq
      .filter(m => m.getParameterCount == 0)
      .filter(m => classOf[org.apache.spark.ml.param.Param[_]].isAssignableFrom(m.getReturnType))
      .map(_.getName)
    assert(accessors.toSet == names)
  }
}
