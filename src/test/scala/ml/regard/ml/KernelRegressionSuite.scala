package ml.regard.ml

import ml.regard.{Golden, SharedSpark}
import org.apache.spark.ml.{Pipeline, PipelineModel}
import org.apache.spark.ml.evaluation.RegressionEvaluator
import org.apache.spark.ml.feature.VectorAssembler
import org.apache.spark.ml.linalg.{Vector, Vectors}
import org.apache.spark.ml.param.ParamMap
import org.apache.spark.ml.tuning.{CrossValidator, CrossValidatorModel, ParamGridBuilder}
import org.apache.spark.sql.DataFrame
import org.scalatest.funsuite.AnyFunSuite

class KernelRegressionSuite extends AnyFunSuite {
  private lazy val spark = SharedSpark.session
  private lazy val d2l = Golden.dataFrame("golden/d2l/train.csv").cache()
  private lazy val d2lQueries = Golden.dataFrame("golden/d2l/test.csv").drop("label")
  private val d2lSd = Golden.standardDeviation(Golden.csv("golden/d2l/train.csv").map(_.last))
  private val expected = Golden.d2lExpected

  private def textbook = new KernelRegression()
    .setWidth(1 / expected.get("initialInverseWidth").asDouble)
    .setParametrization("inverse")
    .setLossReduction("sum")
    .setStepSize(0.5)
    .setMaxIter(5)

  private def predictions(data: DataFrame): Array[Double] =
    data.select("prediction").collect().map(_.getDouble(0))

  private def bits(values: Array[Double]): Seq[Long] =
    values.toSeq.map(java.lang.Double.doubleToRawLongBits)

  test("the textbook's SGD gives the textbook's losses, widths and predictions") {
    val model = textbook.fit(d2l)
    val losses = model.summary.objectiveHistory
    Golden.assertWithin(losses, Golden.numbers(expected.get("lossPerEpoch")), 1e-9, d2lSd)
    Golden.assertWithin(
      model.summary.inverseWidthHistory.map(_.head),
      Golden.numbers(expected.get("inverseWidthAfterEachEpoch")),
      1e-9,
      0
    )
    Golden.assertWithin(
      predictions(model.transform(d2lQueries)),
      Golden.numbers(expected.get("trainedPrediction")),
      1e-9,
      d2lSd
    )
  }

  test("defaults find the global optimum of the leave-one-out loss") {
    val optimum = expected.get("globalLeaveOneOutOptimum")
    val model = new KernelRegression().setLossReduction("sum").fit(d2l)
    assert(math.abs(model.summary.looLoss / optimum.get("loss").asDouble - 1) < 1e-7)
    assert(math.abs(model.inverseWidths.head / optimum.get("inverseWidth").asDouble - 1) < 1e-3)
  }
}
