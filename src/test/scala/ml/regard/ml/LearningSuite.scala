package ml.regard.ml

import scala.jdk.CollectionConverters._
import scala.util.Random

import ml.regard.{Golden, Rows}
import ml.regard.Rows.assertClose
import org.apache.spark.ml.evaluation.RegressionEvaluator
import org.apache.spark.ml.linalg.SQLDataTypes.VectorType
import org.apache.spark.ml.linalg.Vectors
import org.apache.spark.ml.tuning.{CrossValidator, ParamGridBuilder}
import org.apache.spark.sql.{DataFrame, Row}
import org.apache.spark.sql.types.{DoubleType, StringType, StructType}

/** What is made small, what is left out, when learning stops, and what the summary says of it. */
class LearningSuite extends MlSuite {
  private val mcycle = Rows.csv("golden/mcycle/mcycle.csv")

  private def newton: KernelRegression = new KernelRegression().setSolver("newton")

  /** Widths around the learned one, none of which may be better by a measure. */
  private def assertMinimum(h: Double, measure: Double => Double): Unit = {
    val learned = measure(h)
    for (k <- -40 to 40 if k != 0)
      assert(learned <= measure(h * math.pow(1.1, k)) * (1 + 1e-9), s"h $h times 1.1^$k")
  }

  test("golden/d2l and golden/mcycle with default settings: newton within 1e-6, sgd within 1e-3") {
    val d2lBest = Golden.d2lExpected.get("globalLeaveOneOutOptimum").get("loss").asDouble
    val mcycleBest = Golden.mcycleExpected.get("optimum")
    for ((solver, within) <- Seq("newton" -> 1e-6, "sgd" -> 1e-3)) {
      def fit(data: DataFrame) =
        new KernelRegression().setLossReduction("sum").setSolver(solver).fit(data)
      assertClose(fit(d2l).summary.looLoss, d2lBest, within, 0)
      assertClose(fit(dataFrame(mcycle)).summary.looLoss, mcycleBest.get("looSse").asDouble, within)
    }
    val model = newton.fit(dataFrame(mcycle))
    assertClose(model.widths.head, Golden.numbers(mcycleBest.get("bandwidth")).head, 1e-7, 0)
    val norms = model.summary.gradientNormHistory
    assert(norms.last <= 1e-8 * norms.head)
  }

  test("newton and sgd have the same bits on any number of tasks and for any order of the rows") {
    val rows = Rows.random(2500, 2, seed = 31, weighted = true)
    val data = dataFrame(rows).cache()
    for (solver <- Seq("newton", "sgd")) {
      val fits = Seq(1, 3, 7).map { partitions =>
        new KernelRegression()
          .setWeightCol("weight")
          .setSolver(solver)
          .setMaxIter(5)
          .setNumPartitions(partitions)
          .fit(data.repartition(partitions))
      }
      assert(fits.map(m => bits(m.widths) ++ bits(Array(m.summary.looLoss))).distinct.size == 1)
    }
    data.unpersist()
  }

  test("criterion aicc ends at its minimum, log(rss / n) + (n + t) / (n - t - 2)") {
    val n = mcycle.size
    def aicc(h: Double): Double = {
      val w = Array(1 / h)
      val attention = mcycle.features.map(mcycle.attention(_, w))
      val residuals = (0 until n).map { i =>
        mcycle.values(i) - attention(i).zip(mcycle.values).map { case (a, v) => a * v }.sum
      }
      val trace = (0 until n).map(i => attention(i)(i)).sum
      math.log(residuals.map(r => r * r).sum / n) + (n + trace) / (n - trace - 2)
    }
    for (solver <- Seq("newton", "sgd")) {
      val model =
        new KernelRegression().setSolver(solver).setCriterion("aicc").fit(dataFrame(mcycle))
      val h = model.widths.head
      assertMinimum(h, aicc)
      assertClose(model.summary.objectiveHistory.min, aicc(h), 1e-9)
      // The summary still tells the leave-one-out loss.
      assertClose(model.summary.looLoss, mcycle.looLoss(Array(1 / h)) / n, Reference)
    }
  }

  /** Places with some rows each: the same features, labels of their own, one of ten days. */
  private val random = new Random(5)
  private val sites = (0 until 60).map(_ => random.nextDouble() * 10)
  private val visits = for (x <- sites; visit <- 0 until 1 + random.nextInt(4)) yield {
    (x, math.sin(x) + random.nextGaussian(), s"day ${(x * 7 + visit).toInt % 10}")
  }
  private val tied = Rows(
    visits.map(v => Array(v._1)).toArray,
    visits.map(_._2).toArray,
    visits.map(_ => 1.0).toArray
  )

  private def table(cells: Seq[(Double, Double, String)]): DataFrame = {
    val schema = new StructType()
      .add("features", VectorType)
      .add("label", DoubleType)
      .add("day", StringType)
    spark.createDataFrame(
      cells.map { case (x, y, day) => Row(Vectors.dense(x), y, day) }.asJava,
      schema
    )
  }

  /** The squared errors of all rows, each without those that a rule names. */
  private def loss(h: Double, leaves: (Int, Int) => Boolean): Double =
    tied.values.indices.map { i =>
      val others = tied.select(tied.values.indices.filterNot(leaves(i, _)))
      math.pow(tied.values(i) - others.pooled(tied.features(i), Array(1 / h)), 2)
    }.sum

  test("leaveOut row, ties and a column: each ends at the minimum of its own loss") {
    val rules: Map[String, (Int, Int) => Boolean] = Map(
      "row" -> (_ == _),
      "ties" -> ((i, j) => visits(i)._1 == visits(j)._1),
      "day" -> ((i, j) => visits(i)._3 == visits(j)._3)
    )
    for ((leaveOut, leaves) <- rules; solver <- Seq("newton", "sgd")) {
      val model = new KernelRegression().setSolver(solver).setLeaveOut(leaveOut).fit(table(visits))
      assertMinimum(model.widths.head, loss(_, leaves))
      assertClose(
        model.summary.looLoss * visits.size,
        loss(model.widths.head, rules("row")),
        Reference
      )
    }
  }

  test("the summary counts ties, has the loss without them, and warns where it is another") {
    val model = newton.fit(table(visits))
    val counts = visits.groupBy(_._1).values.map(_.size)
    assert(model.summary.tiedRows == counts.filter(_ > 1).sum)
    val h = model.widths.head
    val byTies = loss(h, (i, j) => visits(i)._1 == visits(j)._1) / visits.size
    assertClose(model.summary.looLossWithoutTies, byTies, Reference)
    // Every row three times: the copies tell each row its own label.
    val copies = newton.fit(table(visits ++ visits ++ visits))
    val notes = copies.summary.notes.asScala
    assert(
      notes.exists(_.startsWith(s"${3 * visits.size} rows equal another in features and label"))
    )
    assert(notes.exists(_.contains("leaveOut ties is the better judge")))
    assert(newton.fit(d2l).summary.notes.asScala.forall(!_.contains("rows")))
  }

  test("rows held out are no keys, and learning stops by their error") {
    val data = d2l.selectExpr("features", "label", "hash(label) % 4 = 0 as held")
    val held = data.where("held").count()
    assert(held > 5)
    for (solver <- Seq("newton", "sgd")) {
      def fit(partitions: Int) = new KernelRegression()
        .setSolver(solver)
        .setValidationIndicatorCol("held")
        .setNumPartitions(partitions)
        .fit(data.repartition(partitions))
      val model = fit(1)
      assert(model.numKeys == 50 - held && model.summary.rows == 50)
      assert(bits(fit(3).widths) == bits(model.widths))
      def error(widths: Double) = {
        val fixedModel = fixed(widths).fit(data.where("not held"))
        new RegressionEvaluator().evaluate(fixedModel.transform(data.where("held")))
      }
      val tried = model.summary.inverseWidthHistory.map(w => 1 / w.head)
      assert(tried.map(error).min == error(model.widths.head))
    }
  }

  test("k-fold cross-validation chooses between criteria") {
    val estimator = newton
    val grid = new ParamGridBuilder()
      .addGrid(estimator.criterion, Seq("loo", "aicc"))
      .addGrid(estimator.leaveOut, Seq("row"))
      .build()
    val model = new CrossValidator()
      .setEstimator(estimator)
      .setEvaluator(new RegressionEvaluator())
      .setEstimatorParamMaps(grid)
      .setNumFolds(3)
      .setSeed(4)
      .fit(dataFrame(mcycle))
    assert(model.avgMetrics.length == 2 && model.avgMetrics.distinct.length == 2)
  }

  test("hard data: the widths stay finite and positive, and the summary says what was done") {
    def fit(rows: Rows, solver: String = "newton") =
      new KernelRegression().setWeightCol("weight").setSolver(solver).fit(dataFrame(rows))
    val rows = Rows.random(40, 2, seed = 41, weighted = true)
    def each(f: Int => Array[Double]) = rows.copy(features = rows.values.indices.map(f).toArray)
    val x = rows.features
    val hard = Map(
      "integers" -> each(i => x(i).map(_.round.toDouble)),
      "a constant feature" -> each(i => Array(x(i)(0), 3.0)),
      "all features constant" -> each(_ => Array(1.0, 3.0)),
      "outliers" -> each(i => if (i == 7) Array(1e12, -1e12) else x(i)),
      "units" -> each(i => Array(x(i)(0) * 1e-9, x(i)(1) * 1e9)),
      "n < d" -> Rows.random(4, 6, seed = 42),
      "one heavy row" -> rows.copy(weights =
        rows.weights.indices.map(i => if (i == 3) 1e12 else 1e-6).toArray
      ),
      "zero weights" -> rows.copy(weights =
        rows.weights.indices.map(i => (i % 2).toDouble).toArray
      ),
      "an outlying label" -> rows.copy(values = rows.values.updated(5, 1e12))
    )
    for ((name, data) <- hard; solver <- Seq("newton", "sgd")) {
      val model = fit(data, solver)
      assert(model.widths.forall(h => h > 0 && h < Double.PositiveInfinity), name)
      assert(predictions(model.transform(dataFrame(data))).forall(!_.isNaN), name)
    }
    assert(fit(hard("a constant feature")).summary.constantFeatures.toSeq == Seq(1))
    val flat = fit(rows.copy(values = rows.values.map(_ => 2.5)))
    assert(flat.summary.stopReason == "the labels do not differ: the start was kept")
    val two = fit(Rows.random(2, 1, seed = 43))
    assert(
      two.summary.stopReason ==
        "the criterion does not depend on the widths: the rule of thumb was kept"
    )
  }

  test("features that do not matter are switched off, the same ones whatever their units") {
    val fits = for (seed <- 44 to 48; solver <- Seq("newton", "sgd")) yield {
      val random = Rows.random(100, 3, seed)
      val rows = random.copy(values = random.features.map(x => math.sin(3 * x(0)) + 0.5 * x(2)))
      val scaled =
        rows.copy(features = rows.features.map(x => Array(x(0) * 1e-6, x(1) * 1e6, x(2))))
      def fit(rows: Rows) =
        new KernelRegression().setSolver(solver).fit(dataFrame(rows)).summary
      val summary = fit(rows)
      assert(fit(scaled).switchedOff.toSeq == summary.switchedOff.toSeq)
      assert(summary.lossWithout()(0) > 0.1 && summary.lossWithout()(2) > 0.01)
      assert(summary.switchedOff.forall(_ == 1))
      summary.switchedOff.length
    }
    assert(fits.sum > 0)
  }

  test("what cannot be done is refused with one sentence") {
    val data = table(visits)
    assert(
      sentence(newton.setLeaveOut("week").fit(data)) ==
        "column week (leaveOut) is not in the data, which has features, label, day"
    )
    assert(
      sentence(newton.setValidationIndicatorCol("day").fit(data)) ==
        "column day (validationIndicatorCol) must be a boolean, but its type is string"
    )
    assert(
      sentence(newton.setLeaveOut("day").fit(table(visits :+ ((1.0, 2.0, null)))))
        .contains("its fold (leaveOut) is null")
    )
    val none = data.selectExpr("features", "label", "false as held", "true as all")
    assert(
      sentence(newton.setValidationIndicatorCol("held").fit(none)) ==
        "validationIndicatorCol held is true in no row that can be used"
    )
    assert(
      sentence(newton.setValidationIndicatorCol("all").fit(none)) ==
        "validationIndicatorCol all is true in every row that can be used"
    )
    assert(
      sentence(newton.setEngine("partitioned").setLeaveOut("label").fit(data)) ==
        "leaveOut label needs engine broadcast, but the engine is partitioned"
    )
    val alike = data.selectExpr("features", "label", "'Monday' as day")
    assert(sentence(newton.setLeaveOut("day").fit(alike)).contains("may attend to each other"))
    def refused(estimator: KernelRegression): String =
      intercept[IllegalArgumentException](estimator.fit(data)).getMessage
    assert(
      refused(newton.setParametrization("inverse")) ==
        "parametrization inverse needs solver sgd, but solver is newton"
    )
    assert(
      refused(newton.setCriterion("aicc").setLeaveOut("ties")) ==
        "criterion aicc leaves nothing out, but leaveOut is ties"
    )
  }
}
