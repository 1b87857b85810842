package ml.regard.ml

import ml.regard.{Golden, Rows}
import ml.regard.Golden.{assertWithin, numbers}
import ml.regard.Rows.assertClose
import org.apache.spark.ml.linalg.{Vector, Vectors}
import org.apache.spark.ml.param.ParamMap
import org.apache.spark.sql.{DataFrame, Row}
import org.apache.spark.sql.functions.{col, lit}

/** What transform tells beside the prediction. */
class ColumnsSuite extends MlSuite {
  private val Rounding = 1e-12
  private val rows = Rows.random(1500, 2, seed = 1, weighted = true)
  private val asked = Rows.random(300, 2, seed = 2).features ++ Array(Array(2e3, -1e3))
  private val widths = Array(0.2, 0.4)
  private lazy val queries = dataFrame(asked.zipWithIndex.map { case (q, i) =>
    Row(Vectors.dense(q), i.toDouble, 1.0)
  }.toSeq: _*).repartition(3).cache()

  private def estimator(engine: String): KernelRegression = new KernelRegression()
    .setWeightCol("weight")
    .setSolver("fixed")
    .setWidth(widths)
    .setAnswerTolerance(1e-6)
    .setEngine(engine)

  private lazy val data = dataFrame(rows).repartition(4).cache()
  private lazy val engines =
    Seq("broadcast", "partitioned").map(engine => engine -> estimator(engine).fit(data)).toMap

  private def changed(model: KernelRegressionModel)(
      change: KernelRegressionModel => Any
  ): KernelRegressionModel = {
    val copy = model.copy(ParamMap.empty)
    change(copy)
    copy
  }

  private def told(model: KernelRegressionModel): KernelRegressionModel = changed(model) {
    _.setEffectiveKeysCol("n").setSupportCol("s").setMarginalEffectCol("m").setAnswerTolerance(0)
  }

  private def answers(model: KernelRegressionModel): Array[Row] =
    model.transform(queries).orderBy("label").collect()

  for (engine <- Seq("broadcast", "partitioned"))
    test(s"effective keys, support and marginal effects are those of the formulas: $engine") {
      val found = answers(told(engines(engine)))
      val w = widths.map(1 / _)
      for ((query, row) <- asked.zip(found).init) {
        assertClose(row.getAs[Double]("prediction"), rows.pooled(query, w), Rounding)
        assertClose(row.getAs[Double]("n"), rows.effectiveKeys(query, w), Rounding)
        assertClose(row.getAs[Double]("s"), rows.support(query, w), Rounding, 0)
        val effect = row.getAs[Vector]("m").toArray
        for ((a, b) <- effect.zip(rows.marginalEffect(query, w))) assertClose(a, b, Rounding)
      }
      // Nothing is like the last query: the nearest key alone answers, and has no slope.
      assert(found.last.getAs[Double]("n") == 1 && found.last.getAs[Double]("s") == 0)
    }

  test("the prediction has the same bits with and without other columns, saved and loaded") {
    for ((engine, model) <- engines) {
      def bitsOf(some: KernelRegressionModel) =
        bits(answers(some).map(_.getAs[Double]("prediction")))
      val detailed = changed(model)(_.setEffectiveKeysCol("n").setSupportCol("s"))
      assert(bitsOf(detailed) == bitsOf(model))
      val path = folder("model").resolve("saved").toString
      detailed.write.save(path)
      val loaded = KernelRegressionModel.load(path, engine)
      assert(answers(loaded).toSeq == answers(detailed).toSeq)
    }
  }

  test("golden/mcycle: fitted values and marginal effects at the bandwidth of statsmodels") {
    val statsmodels = Golden.mcycleExpected.get("statsmodels")
    val effects = Golden.mcycleExpected.get("marginalEffects")
    val Array(h) = numbers(effects.get("atBandwidth"))
    assert(numbers(statsmodels.get("bandwidth")).toSeq == Seq(h))
    val mcycle = Golden.dataFrame("golden/mcycle/mcycle.csv").repartition(1)
    val sd = Golden.standardDeviation(Rows.csv("golden/mcycle/mcycle.csv").values)
    val scored = fixed(h).fit(mcycle).setMarginalEffectCol("m").transform(mcycle)
    assertWithin(predictions(scored), numbers(statsmodels.get("fitted")), Reference, sd)
    val expected = effects.get("values")
    val slopes = Array.tabulate(expected.size)(i => numbers(expected.get(i)).head)
    assertWithin(attention(scored, "m").map(_.head), slopes, Reference, sd)
  }

  test("outside of the support the prediction is what outsideSupport says") {
    val model = changed(engines("broadcast"))(_.setSupportCol("s").setSupportThreshold(0.9))
    val nearest = answers(model)
    def outside(row: Row) = row.getAs[Double]("s") < 0.9
    assert(nearest.exists(outside) && !nearest.forall(outside))
    def predicted(rule: String) =
      answers(changed(model)(_.setOutsideSupport(rule))).map(_.getAs[Double]("prediction"))
    val (mean, nan) = (predicted("mean"), predicted("nan"))
    for ((row, i) <- nearest.zipWithIndex) {
      val near = row.getAs[Double]("prediction")
      assert(mean(i) == (if (outside(row)) model.averagePooling else near))
      assert(if (outside(row)) nan(i).isNaN else nan(i) == near)
    }
    val thrown = intercept[Exception](predicted("error"))
    assert(
      messages(thrown).exists(
        _.contains("below supportThreshold 0.9 (outsideSupport is error)")
      )
    )
    assert(predicted("nearest").toSeq == nearest.map(_.getAs[Double]("prediction")).toSeq)
  }

  /** By row, the residual v - y without some rows; NaN without a row to attend to. */
  private def residuals(some: Rows, w: Array[Double])(left: Int => Seq[Int]): Array[Double] =
    Array.tabulate(some.size) { j =>
      val rest = some.values.indices.diff(left(j))
      if (rest.isEmpty) Double.NaN
      else some.values(j) - some.select(rest).pooled(some.features(j), w)
    }

  /** sqrt(sum_j a_j^2 r_j^2), undefined residuals at the mean square of the others. */
  private def standardError(some: Rows, r: Array[Double], q: Array[Double], w: Array[Double]) = {
    val known = some.values.indices.filter(j => !r(j).isNaN)
    val g = known.map(j => some.weights(j) * r(j) * r(j)).sum / known.map(some.weights(_)).sum
    math.sqrt(some.squaredAttention(q, w, r.map(x => if (x.isNaN) g else x * x)))
  }

  private def assertErrors(model: KernelRegressionModel, some: Rows, r: Array[Double]): Unit = {
    val found = answers(changed(model)(_.setStandardErrorCol("e").setAnswerTolerance(0)))
    val w = model.inverseWidths
    for ((query, row) <- asked.zip(found))
      assertClose(row.getAs[Double]("e"), standardError(some, r, query, w), 1e-9)
  }

  // Rows of a coarse grid, so that many are tied, and one of a fold that is like no other.
  private val tied = {
    val some = Rows.random(400, 2, seed = 5, weighted = true)
    some.copy(features = some.features.map(_.map(x => (x * 2).round / 2.0)))
  }
  private def tiedFit(engine: String, leaveOut: String): KernelRegressionModel =
    estimator(engine).setAnswerTolerance(0).setLeaveOut(leaveOut).fit(dataFrame(tied))

  for (engine <- Seq("broadcast", "partitioned"))
    test(s"the standard error is that of leave-one-out residuals, saved and loaded too: $engine") {
      val w = widths.map(1 / _)
      val byRow = residuals(tied, w)(Seq(_))
      val byTies = residuals(tied, w)(j =>
        tied.values.indices.filter(tied.features(_).sameElements(tied.features(j)))
      )
      assertErrors(tiedFit(engine, "ties"), tied, byTies)
      val model = tiedFit(engine, "row")
      assertErrors(model, tied, byRow)
      val path = folder("model").resolve("saved").toString
      model.write.save(path)
      for (other <- Seq("broadcast", "partitioned")) {
        val loaded = KernelRegressionModel.load(path, other)
        assertErrors(loaded, tied, byRow)
        val again = folder("model").resolve("again").toString
        loaded.write.save(again)
        assert(
          answers(KernelRegressionModel.load(again, other).setStandardErrorCol("e")).toSeq ==
            answers(loaded.setStandardErrorCol("e")).toSeq
        )
      }
    }

  test("with folds, the residuals follow their keys into the order of the model") {
    val folds = dataFrame(tied).withColumn("fold", (col("label") * 1000).cast("long") % 3)
    val model = estimator("broadcast").setAnswerTolerance(0).setLeaveOut("fold").fit(folds)
    val fold = tied.values.map(v => (v * 1000).toLong % 3)
    val left =
      residuals(tied, widths.map(1 / _))(j => tied.values.indices.filter(fold(_) == fold(j)))
    assertErrors(model, tied, left)
  }

  test("where all rows are left out no residual is defined, and there are none") {
    val data = dataFrame(key(0, 1), key(0, 2), key(1, 5)).withColumn("fold", lit(0))
    val model = fixed(1).setLeaveOut("fold").fit(data)
    assert(
      sentence(model.setStandardErrorCol("e").transform(data))
        .startsWith("the model has no residuals")
    )
  }

  test("a model without residuals has no standard errors, and says so") {
    val none = estimator("broadcast").setCalibration("none").fit(data).setStandardErrorCol("e")
    val refused = "the model has no residuals, and so no column e (standardErrorCol): " +
      "fit it with calibration loo and another engine than lattice"
    assert(sentence(none.transform(queries)) == refused)
    val path = folder("model").resolve("saved").toString
    none.write.save(path)
    assert(sentence(KernelRegressionModel.load(path).transform(queries)) == refused)
    assert(names(java.nio.file.Path.of(path)) == Set("metadata", "keys"))
  }

  test("residuals are formed by default where learning took a pass or more, and when asked for") {
    def told(change: KernelRegression => KernelRegression): Boolean = {
      val few = new KernelRegression().setWeightCol("weight").setEngine("broadcast").setMaxIter(2)
      val model = change(few.setWidth(0.5)).fit(data).setStandardErrorCol("e")
      scala.util.Try(model.transform(queries)).isSuccess
    }
    assert(!told(_.setMiniBatchFraction(0.1)))
    assert(told(_.setMiniBatchFraction(0.1).setCalibration("loo")))
    assert(told(_.setSolver("newton")))
  }

  test("rows that cannot be scored have null beside NaN") {
    val model = changed(told(engines("broadcast")))(_.setHandleInvalid("keep"))
    val row = model.transform(dataFrame(Row(null, 1.0, 1.0))).head()
    assert(row.getAs[Double]("prediction").isNaN)
    for (name <- Seq("n", "s", "m")) assert(row.isNullAt(row.fieldIndex(name)))
  }

  private lazy val latticed = estimator("lattice").fit(data)

  test("engine lattice refuses by name what its nodes cannot tell, and auto reads the keys") {
    def refused(change: KernelRegressionModel => Any) =
      sentence(changed(latticed)(change).transform(queries))
    val advice = "take engine partitioned, broadcast or auto"
    assert(
      refused(_.setEffectiveKeysCol("n")) ==
        s"engine lattice has no column n (effectiveKeysCol): $advice"
    )
    assert(
      refused(_.setSupportCol("s")) == s"engine lattice has no column s (supportCol): $advice"
    )
    assert(
      refused(_.setOutsideSupport("mean").setSupportThreshold(0.1)) ==
        s"engine lattice has no column prediction (outsideSupport): $advice"
    )
    val path = folder("model").resolve("saved").toString
    changed(latticed)(_.setSupportCol("s").setMarginalEffectCol("m")).write.save(path)
    assert(sentence(KernelRegressionModel.load(path).transform(queries)).contains("no column s"))
    val files = answers(KernelRegressionModel.load(path, "partitioned"))
    val chosen = changed(latticed)(m => m.set(m.engine, "auto"))
    assert(chosen.engineUsed == "lattice")
    chosen.setSupportCol("s").setMarginalEffectCol("m")
    assert(answers(chosen).toSeq == files.toSeq)
  }

  test("a compact model refuses them too") {
    val compact = estimator("lattice").setCompact(true).fit(data).setMarginalEffectCol("m")
    assert(
      sentence(compact.transform(queries)) ==
        "a compact model has no keys, and so no column m (marginalEffectCol)"
    )
  }
}
