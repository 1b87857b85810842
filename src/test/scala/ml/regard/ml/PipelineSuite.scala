package ml.regard.ml

import ml.regard.Golden
import ml.regard.Rows.assertClose
import org.apache.spark.ml.{Pipeline, PipelineModel}
import org.apache.spark.ml.evaluation.RegressionEvaluator
import org.apache.spark.ml.feature.VectorAssembler
import org.apache.spark.ml.tuning._
import org.apache.spark.sql.DataFrame

/** Regard among the other stages of Spark ML. */
class PipelineSuite extends MlSuite {
  private lazy val raw: DataFrame = {
    import spark.implicits._
    Golden
      .csv("golden/mcycle/mcycle.csv")
      .toSeq
      .map(r => (r(0), r(1)))
      .toDF("times", "accel")
      .cache()
  }
  private def assembler =
    new VectorAssembler().setInputCols(Array("times")).setOutputCol("features")
  private def regression = fixed(0.9).setLabelCol("accel")
  private def evaluator = new RegressionEvaluator().setLabelCol("accel").setMetricName("rmse")

  test("a pipeline is fitted, saved, loaded and predicts the same bits") {
    val pipeline = new Pipeline().setStages(Array(assembler, regression))
    val path = folder("pipeline")
    pipeline.write.overwrite().save(path.resolve("estimator").toString)
    val loaded = Pipeline.load(path.resolve("estimator").toString)
    val model = loaded.fit(raw)
    assert(
      bits(predictions(model.transform(raw))) == bits(predictions(pipeline.fit(raw).transform(raw)))
    )
    model.write.save(path.resolve("model").toString)
    val again = PipelineModel.load(path.resolve("model").toString)
    assert(bits(predictions(again.transform(raw))) == bits(predictions(model.transform(raw))))
    assert(again.stages.last.isInstanceOf[KernelRegressionModel])
  }

  test("an evaluator measures the fit that golden/mcycle's statsmodels values measure") {
    val reference = Golden.mcycleExpected.get("statsmodels")
    val width = Golden.numbers(reference.get("bandwidth")).head
    val pipeline = new Pipeline().setStages(Array(assembler, regression.setWidth(width)))
    val truth = Golden.csv("golden/mcycle/mcycle.csv").map(_.last)
    val squares =
      truth.zip(Golden.numbers(reference.get("fitted"))).map { case (v, y) => (v - y) * (v - y) }
    assertClose(
      evaluator.evaluate(pipeline.fit(raw).transform(raw)),
      math.sqrt(squares.sum / squares.length),
      Reference
    )
  }

  test("CrossValidator chooses a width, and is saved and loaded with its grid") {
    val data = assembler.transform(raw).cache()
    val estimator = regression
    val grid = new ParamGridBuilder()
      .addGrid(estimator.width, Seq(Array(0.9), Array(30.0)))
      .build()
    val validator = new CrossValidator()
      .setEstimator(estimator)
      .setEvaluator(evaluator)
      .setEstimatorParamMaps(grid)
      .setNumFolds(3)
      .setSeed(1)
    val path = folder("validator")
    validator.write.save(path.resolve("estimator").toString)
    val model = CrossValidator.load(path.resolve("estimator").toString).fit(data)
    // Width 30 on times from 2 to 58 is close to average pooling.
    assert(model.avgMetrics(0) < 0.75 * model.avgMetrics(1))
    assert(model.bestModel.asInstanceOf[KernelRegressionModel].getWidth.toSeq == Seq(0.9))
    model.write.save(path.resolve("model").toString)
    val loaded = CrossValidatorModel.load(path.resolve("model").toString)
    assert(bits(loaded.avgMetrics) == bits(model.avgMetrics))
    assert(bits(predictions(loaded.transform(data))) == bits(predictions(model.transform(data))))
    data.unpersist()
  }

  test("CrossValidator over the step size of the textbook's SGD") {
    val estimator = new KernelRegression()
      .setWidth(1 / Golden.d2lExpected.get("initialInverseWidth").asDouble)
      .setParametrization("inverse")
      .setLossReduction("sum")
      .setMaxIter(3)
    val grid = new ParamGridBuilder().addGrid(estimator.stepSize, Seq(1e-9, 0.05)).build()
    val model = new CrossValidator()
      .setEstimator(estimator)
      .setEvaluator(new RegressionEvaluator())
      .setEstimatorParamMaps(grid)
      .setNumFolds(2)
      .setSeed(2)
      .fit(d2l)
    // Nothing is learned at the rate 1e-9, and width 1.1 is far too wide.
    assert(model.avgMetrics(1) < model.avgMetrics(0))
    assert(model.bestModel.asInstanceOf[KernelRegressionModel].getStepSize == 0.05)
  }

  test("TrainValidationSplit chooses a width") {
    val data = assembler.transform(raw)
    val estimator = regression
    val grid =
      new ParamGridBuilder().addGrid(estimator.width, Seq(Array(30.0), Array(0.9))).build()
    val model = new TrainValidationSplit()
      .setEstimator(estimator)
      .setEvaluator(evaluator)
      .setEstimatorParamMaps(grid)
      .setTrainRatio(0.7)
      .setSeed(3)
      .fit(data)
    assert(model.validationMetrics(1) < model.validationMetrics(0))
    val path = folder("split").resolve("model").toString
    model.write.save(path)
    val loaded = TrainValidationSplitModel.load(path)
    assert(loaded.bestModel.asInstanceOf[KernelRegressionModel].getWidth.toSeq == Seq(0.9))
  }
}
