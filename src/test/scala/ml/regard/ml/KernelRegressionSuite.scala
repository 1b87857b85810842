package ml.regard.ml

import ml.regard.{Golden, Rows}
import ml.regard.Rows.{assertClose, refusal}
import org.apache.spark.ml.linalg.Vectors
import org.apache.spark.ml.param.ParamMap
import org.apache.spark.sql.Row
import org.apache.spark.sql.functions.{col, rand}

/** What is learned and predicted, against the reference data. */
class KernelRegressionSuite extends MlSuite {
  private val expected = Golden.d2lExpected
  private lazy val mcycle = Golden.dataFrame("golden/mcycle/mcycle.csv").cache()
  private val mcycleSd = Golden.standardDeviation(Rows.csv("golden/mcycle/mcycle.csv").values)

  private def textbook = new KernelRegression()
    .setWidth(1 / expected.get("initialInverseWidth").asDouble)
    .setParametrization("inverse")
    .setLossReduction("sum")
    .setStepSize(0.5)
    .setMaxIter(5)

  private def golden(name: String): Array[Double] = Golden.numbers(expected.get(name))

  /** |a - b| <= 1e-9, element by element: attention weights reach 4e-268. */
  private def assertAttention(actual: Array[Double], expected: Array[Double]): Unit = {
    assert(actual.length == expected.length)
    for ((a, b) <- actual.zip(expected)) assert(math.abs(a - b) <= Reference)
  }

  test("the textbook's SGD gives the textbook's losses, widths and predictions") {
    val model = textbook.fit(d2l)
    val losses = model.summary.objectiveHistory
    Golden.assertWithin(losses, golden("lossPerEpoch"), Reference, d2lSd)
    Golden.assertWithin(
      model.summary.inverseWidthHistory.map(_.head),
      golden("inverseWidthAfterEachEpoch"),
      Reference,
      0
    )
    Golden.assertWithin(
      predictions(model.transform(d2lQueries)),
      golden("trainedPrediction"),
      Reference,
      d2lSd
    )
    val rows = attention(model.setAttentionWeightsCol("a").transform(d2lQueries), "a")
    assertAttention(rows.head, golden("trainedAttentionRow0"))
    assertAttention(rows.last, golden("trainedAttentionRowLast"))
  }

  test("non-parametric attention of width 1 gives the textbook's predictions and weights") {
    val model = fixed(1).setAttentionWeightsCol("a").fit(d2l)
    val scored = model.transform(d2lQueries).cache()
    Golden.assertWithin(predictions(scored), golden("nonparametricPrediction"), Reference, d2lSd)
    val rows = attention(scored, "a")
    assertAttention(rows.head, golden("nonparametricAttentionRow0"))
    assertAttention(rows.last, golden("nonparametricAttentionRowLast"))
    for (row <- rows) assertClose(row.sum, 1, 1e-12)
    scored.unpersist()
  }

  test("average pooling is the mean of the labels") {
    val model = fixed(1).fit(d2l)
    assertClose(model.averagePooling, expected.get("averagePooling").asDouble, Reference)
  }

  test("a single query is predicted and looked at like a row of a table") {
    val model = fixed(0.3).setAttentionWeightsCol("a").fit(d2l)
    val scored = model.transform(d2lQueries)
    val query = Vectors.dense(0.0) // the first query of the textbook
    assert(bits(Array(model.predict(query))) == bits(predictions(scored).take(1)))
    assert(bits(model.attentionWeights(query)) == bits(attention(scored, "a").head))
    assert(
      refusal(model.predict(Vectors.dense(1, 2))) == "a query must have length 1, but has 2"
    )
  }

  test("defaults find the global optimum of the leave-one-out loss") {
    val optimum = expected.get("globalLeaveOneOutOptimum")
    val model = new KernelRegression().setLossReduction("sum").fit(d2l)
    assert(math.abs(model.summary.looLoss / optimum.get("loss").asDouble - 1) < 1e-7)
    assert(math.abs(model.inverseWidths.head / optimum.get("inverseWidth").asDouble - 1) < 1e-3)
  }

  test("the errors against the textbook's truth") {
    val truth = Golden.csv("golden/d2l/test.csv").map(_.last)
    def error(model: KernelRegressionModel) = {
      val residuals =
        predictions(model.transform(d2lQueries)).zip(truth).map { case (p, t) => p - t }
      residuals.map(r => r * r).sum / truth.length
    }
    val mse = expected.get("mseAgainstTruth")
    assertClose(error(fixed(1).fit(d2l)), mse.get("nonparametric").asDouble, Reference)
    assertClose(error(textbook.fit(d2l)), mse.get("trained").asDouble, Reference)
    // The width of the optimum is found to 1e-3, which moves the error less than that.
    assertClose(error(new KernelRegression().fit(d2l)), mse.get("optimum").asDouble, 1e-3, 0)
  }

  test("the motorcycle data: the width and loss of the refined optimum") {
    val optimum = Golden.mcycleExpected.get("optimum")
    val model = new KernelRegression().setLossReduction("sum").fit(mcycle)
    assertClose(model.widths.head, Golden.numbers(optimum.get("bandwidth")).head, 1e-3, 0)
    assertClose(model.summary.looLoss, optimum.get("looSse").asDouble, 1e-7, 0)
    assertClose(model.summary.looRSquared, Golden.mcycleExpected.get("looRSquared").asDouble, 1e-6)
  }

  test("the motorcycle data: fitted values at the width of statsmodels") {
    // statsmodels KernelReg(reg_type="lc", bw="cv_ls"), see golden/mcycle/expected.json.
    val reference = Golden.mcycleExpected.get("statsmodels")
    val model = fixed(Golden.numbers(reference.get("bandwidth")).head).fit(mcycle)
    Golden.assertWithin(
      predictions(model.transform(mcycle)),
      Golden.numbers(reference.get("fitted")),
      Reference,
      mcycleSd
    )
    assertClose(model.summary.looLoss * 133, reference.get("looSse").asDouble, Reference, 0)
  }

  test("the same bits on any number of tasks and for any arrangement of the rows") {
    val rows = Rows.random(2100, 2, seed = 1, weighted = true)
    val data = dataFrame(rows).cache()
    val learner = new KernelRegression()
      .setWeightCol("weight")
      .setWidth(0.5)
      .setMaxIter(2)
      .setMiniBatchFraction(1)
    val arranged = Seq(
      learner.copy(ParamMap.empty).setNumPartitions(1).fit(data),
      learner.copy(ParamMap.empty).setNumPartitions(2).fit(data.repartition(3)),
      learner.copy(ParamMap.empty).setNumPartitions(3).fit(data.orderBy(rand(5))),
      learner.copy(ParamMap.empty).setNumPartitions(7).fit(data.repartition(5, col("label")))
    )
    assert(arranged.map(model => bits(model.inverseWidths)).distinct.size == 1)
    assert(arranged.map(model => bits(model.summary.objectiveHistory)).distinct.size == 1)
    assert(arranged.map(model => bits(Array(model.summary.looRSquared))).distinct.size == 1)
    val queries = data.limit(50).select("features").cache()
    val scored = arranged.map(model => bits(predictions(model.transform(queries))))
    assert(scored.distinct.size == 1)
    // Against leave-one-out without Spark: the loss before the first step.
    val few = Rows.of(rows.pack)
    val loss = few.looLoss(Array(2.0, 2.0)) / rows.weights.sum
    assertClose(arranged.head.summary.objectiveHistory.head, loss, Reference)
    data.unpersist()
    queries.unpersist()
  }

  test("the textbook's SGD and mini-batches have the same bits on any number of tasks") {
    for (learner <- Seq(textbook, textbook.setMiniBatchFraction(0.5), mini)) {
      val widths = Seq(1, 2, 3, 7).map { n =>
        bits(learner.setNumPartitions(n).fit(d2l.repartition(n)).inverseWidths)
      }
      assert(widths.distinct.size == 1)
    }
  }

  private def mini = new KernelRegression().setMiniBatchFraction(0.5).setMaxIter(5)

  test("the seed chooses the mini-batches") {
    val widths = Seq(1L, 1L, 2L).map(seed => bits(mini.setSeed(seed).fit(d2l).inverseWidths))
    assert(widths(0) == widths(1) && widths(0) != widths(2))
  }

  test("a row of weight 2 predicts like the row given twice") {
    val once = dataFrame(key(0, 1), key(1, 5, 2), key(3, -2))
    val twice = dataFrame(key(0, 1), key(1, 5), key(1, 5), key(3, -2))
    val queries = dataFrame(key(0.3, 0), key(1, 0), key(2.5, 0)).select("features")
    val weighted = fixed(0.8).setWeightCol("weight").fit(once)
    val doubled = fixed(0.8).fit(twice)
    for (
      (a, b) <- predictions(weighted.transform(queries))
        .zip(predictions(doubled.transform(queries)))
    ) assertClose(a, b, 1e-14)
    assertClose(weighted.averagePooling, 9.0 / 4, 1e-15) // (1 + 2 * 5 - 2) / 4
    // Without the weight column the weights do not count.
    assertClose(fixed(0.8).fit(once).averagePooling, 4.0 / 3, 1e-15)
  }

  test("one width per feature, or one for all") {
    val rows = Rows.random(150, 2, seed = 2)
    val data = dataFrame(rows)
    val each = new KernelRegression().setLossReduction("sum").fit(data)
    val shared =
      new KernelRegression().setLossReduction("sum").setPerFeatureWidth(false).fit(data)
    assert(each.widths.distinct.length == 2)
    assert(shared.widths.length == 2 && shared.widths.distinct.length == 1)
    assert(each.summary.inverseWidthHistory.head.length == 2)
    assert(shared.summary.inverseWidthHistory.head.length == 1)
    assertClose(each.summary.looLoss, rows.looLoss(each.inverseWidths), Reference)
    assertClose(shared.summary.looLoss, rows.looLoss(shared.inverseWidths), Reference)
    assert(each.summary.looLoss < shared.summary.looLoss)
  }

  test("given widths may be one for all features or one for each") {
    val rows = Rows.random(20, 3, seed = 3)
    val data = dataFrame(rows)
    def widths(estimator: KernelRegression) = estimator.fit(data).widths.toSeq
    val each = new KernelRegression().setSolver("fixed").setWidth(Array(0.5, 1.0, 4.0))
    assert(widths(each) == Seq(0.5, 1, 4))
    assert(widths(fixed(0.25)) == Seq(0.25, 0.25, 0.25))
    assert(widths(fixed(0.25).setPerFeatureWidth(false)) == Seq(0.25, 0.25, 0.25))
    val query = rows.features.head.map(_ + 0.1)
    assertClose(
      each.fit(data).predict(Vectors.dense(query)),
      rows.pooled(query, Array(2.0, 1.0, 0.25)),
      1e-12
    )
    assert(
      refusal(each.setPerFeatureWidth(false).fit(data)) ==
        "width must be one number, but was [0.5, 1.0, 4.0]"
    )
    assert(
      refusal(each.setPerFeatureWidth(true).setWidth(Array(1.0, 2.0)).fit(data)) ==
        "width must be one number or one per feature (3), but was [1.0, 2.0]"
    )
    assert(
      refusal(new KernelRegression().setSolver("fixed").fit(data)) ==
        "solver fixed needs width, which is not set"
    )
  }

  test("the summary holds what learning did") {
    val rows = Rows.random(60, 2, seed = 4, weighted = true)
    val data = dataFrame(
      (0 until 60).map(i =>
        Row(Vectors.dense(rows.features(i)), rows.values(i), rows.weights(i))
      ) ++
        Seq(
          Row(Vectors.dense(1, 1), 1.0, 0.0),
          Row(Vectors.dense(1, 1), null, 1.0)
        ): _*
    )
    val model =
      new KernelRegression().setWeightCol("weight").setHandleInvalid("skip").fit(data)
    val summary = model.summary
    assert(model.hasSummary)
    val steps = summary.totalIterations
    assert(steps > 1 && summary.objectiveHistory.length == steps)
    assert(summary.gradientNormHistory.length == steps)
    assert(summary.inverseWidthHistory.length == steps)
    assert(summary.gradientNormHistory.last < 1e-2 * summary.gradientNormHistory.head)
    // The scan, and the steps of up to six starts.
    val scan = summary.scanValues.length
    assert(scan > 97 && summary.scanWidths.length == scan)
    assert(summary.passes > scan + steps && summary.passes < scan + steps + 100)
    assert(summary.passesHistory.last <= summary.passes - scan)
    assert(summary.rowsHistory.toSeq.distinct == Seq(1))
    assert(summary.effectiveDegreesOfFreedom > 1 && summary.effectiveDegreesOfFreedom < 60)
    assert(summary.lossWithout.length == 2 && summary.tiedRows == 0 && summary.lossRows == 60)
    assert(summary.looLossWithoutTies == summary.looLoss)
    assertClose(summary.looLoss, rows.looLoss(model.inverseWidths) / rows.weights.sum, Reference)
    assert(summary.rows == 62 && summary.rejectedRows == 1 && summary.zeroWeightRows == 1)
    assert(summary.rowsWithoutKeys == 0)
    assert(summary.stopReason == "the next step promised less than tol 1.0E-8 of the criterion")
    assert(
      summary.engineReason.startsWith(
        "engine broadcast (chosen): keys [62 x 2] take 0.00307 MB, " +
          "twice, and spark.driver.memory "
      ) // (8 2 + 36) 62 = 3224 bytes; the estimate counts all rows
    )
    assert(summary.seconds > 0)
  }

  test("a summary of given widths has no steps") {
    val summary = fixed(0.5).setEngine("broadcast").fit(d2l).summary
    assert(summary.totalIterations == 0 && summary.objectiveHistory.isEmpty)
    assert(summary.passes == 1 && summary.stopReason == "the widths were given")
    assert(
      summary.engineReason.startsWith("engine broadcast (as asked for): keys [50 x 1]")
    )
    assertClose(summary.looLoss, d2lRows.looLoss(Array(2.0)) / 50, Reference)
  }

  test("no steps keep the start, with all rows and with mini-batches") {
    for (fraction <- Seq(1.0, 0.5); parametrization <- Seq("log", "inverse")) {
      val model = new KernelRegression()
        .setWidth(0.7)
        .setMaxIter(0)
        .setMiniBatchFraction(fraction)
        .setParametrization(parametrization)
        .fit(d2l)
      assertClose(model.widths.head, 0.7, 1e-15)
    }
  }

  test("a constant label is predicted everywhere, and its R^2 is undefined") {
    val model = new KernelRegression().fit(dataFrame(key(0, 3), key(1, 3), key(5, 3)))
    assert(model.predict(Vectors.dense(77)) == 3)
    assert(model.summary.looLoss == 0 && model.summary.looRSquared.isNaN)
  }

  test("jobs of a fit leave the job description as it was") {
    spark.sparkContext.setJobDescription("mine")
    try {
      textbook.fit(d2l)
      assert(spark.sparkContext.getLocalProperty("spark.job.description") == "mine")
    } finally spark.sparkContext.setJobDescription(null)
  }
}
