package ml.regard.ml

import java.nio.file.Files

import scala.util.Random

import ml.regard.{DataException, Rows}
import org.apache.spark.ml.{Pipeline, PipelineModel}
import org.apache.spark.ml.linalg.Vectors
import org.apache.spark.sql.{DataFrame, Row}

/** Models that hold the nodes of a lattice in the place of their keys. */
class CompactModelSuite extends MlSuite {
  private val Size = 5000
  private val Tolerance = 1e-6

  private def wholeNumbers: Rows = {
    val random = new Random(2)
    val features = Array.fill(Size)(Array.fill(2)(random.nextInt(30).toDouble))
    Rows(
      features,
      features.map(x => math.sin(x(0) / 5) + x(1) / 9 + random.nextGaussian()),
      Array.fill(Size)(0.1 + random.nextDouble())
    )
  }

  private val rows = Map(
    "continuous" -> Rows.random(Size, 2, seed = 1, weighted = true),
    "whole numbers" -> wholeNumbers
  )
  private val widths = Map("continuous" -> Array(0.2, 0.3), "whole numbers" -> Array(1.5, 4.0))
  private val kinds = rows.keys.toSeq.sorted
  private lazy val data = rows.map { case (kind, some) => kind -> dataFrame(some).cache() }

  private def estimator(kind: String): KernelRegression = new KernelRegression()
    .setWeightCol("weight")
    .setSolver("fixed")
    .setWidth(widths(kind))
    .setAnswerTolerance(Tolerance)

  private lazy val compact =
    kinds.map(kind => kind -> estimator(kind).setCompact(true).fit(data(kind))).toMap
  private lazy val exact = kinds
    .map(kind =>
      kind -> estimator(kind).setEngine("broadcast").setAnswerTolerance(0).fit(data(kind))
    )
    .toMap
  private lazy val saved = kinds.map { kind =>
    val path = folder("compact").resolve("model").toString
    compact(kind).write.save(path)
    kind -> path
  }.toMap

  private def asking(queries: Array[Double]*): DataFrame =
    dataFrame(queries.zipWithIndex.map { case (q, i) =>
      Row(Vectors.dense(q), i.toDouble, 1.0)
    }: _*).repartition(3)

  /** Prediction and bound of each query, in their order. */
  private def answered(
      model: KernelRegressionModel,
      queries: DataFrame
  ): Seq[(Double, Double)] =
    model
      .copy(org.apache.spark.ml.param.ParamMap.empty)
      .setErrorBoundCol("bound")
      .transform(queries)
      .orderBy("label")
      .collect()
      .map(row => (row.getAs[Double]("prediction"), row.getAs[Double]("bound")))
      .toSeq

  private def inside(kind: String): DataFrame = {
    val random = new Random(3)
    val some = rows(kind)
    val high = Array.tabulate(2)(f => some.features.map(_(f)).max)
    asking(some.features.take(100).toSeq ++ Seq.fill(200)(high.map(_ * random.nextDouble())): _*)
  }

  for (kind <- kinds)
    test(s"every prediction is within its bound of exact sums: $kind") {
      val queries = inside(kind)
      val found = answered(compact(kind), queries)
      val all = answered(exact(kind), queries)
      assert(found.count(_._2 <= Tolerance * 10) > 200, "most are certain")
      for (((prediction, bound), (expected, none)) <- found.zip(all)) {
        assert(none == 0)
        assert(bound.isPosInfinity == prediction.isNaN)
        if (!prediction.isNaN) assert(math.abs(prediction - expected) <= bound + 1e-12)
      }
    }

  test("where the nodes are certain of nothing there is no prediction") {
    for (kind <- kinds) {
      val found = answered(compact(kind), asking(Array(1e6, 0.0), Array(-1e12, 1e12)))
      assert(found.forall { case (prediction, bound) => prediction.isNaN && bound.isPosInfinity })
      assert(compact(kind).predict(Vectors.dense(1e6, 0)).isNaN)
    }
  }

  for (kind <- kinds)
    test(s"saved and loaded, it is as it was, without a key: $kind") {
      val path = saved(kind)
      val names = Files.list(java.nio.file.Path.of(path)).toArray.map(_.toString).toSeq
      assert(names.exists(_.endsWith("nodes")) && !names.exists(_.endsWith("keys")))
      for (
        loaded <- Seq(KernelRegressionModel.load(path), KernelRegressionModel.load(path, "auto"))
      ) {
        assert(!loaded.hasKeys && loaded.engineUsed == "lattice" && loaded.numKeys == Size)
        assert(answered(loaded, inside(kind)) == answered(compact(kind), inside(kind)))
        assert(loaded.averagePooling == compact(kind).averagePooling)
        assert(loaded.widths().sameElements(compact(kind).widths()))
      }
      val again = folder("compact").resolve("again").toString
      KernelRegressionModel.load(path).write.save(again)
      val twice = KernelRegressionModel.load(again)
      assert(answered(twice, inside(kind)) == answered(compact(kind), inside(kind)))
    }

  test("one query is answered as in a table") {
    for (kind <- kinds) {
      val query = rows(kind).features(7)
      val Seq((prediction, _)) = answered(compact(kind), asking(query))
      assert(compact(kind).predict(Vectors.dense(query)) == prediction)
    }
  }

  test("in a pipeline, saved and loaded") {
    val kind = "continuous"
    val model = new Pipeline().setStages(Array(estimator(kind).setCompact(true))).fit(data(kind))
    val path = folder("compact").resolve("pipeline").toString
    model.write.save(path)
    val loaded = PipelineModel.load(path).stages.head.asInstanceOf[KernelRegressionModel]
    assert(answered(loaded, inside(kind)) == answered(compact(kind), inside(kind)))
  }

  test("a fit learns as one that keeps its keys") {
    val kind = "whole numbers"
    def learned(compact: Boolean) =
      estimator(kind).setSolver("newton").setCompact(compact).setEngine("lattice").fit(data(kind))
    val Seq(with_, without) = Seq(false, true).map(learned)
    assert(without.widths().sameElements(with_.widths()))
    assert(without.summary.looLoss == with_.summary.looLoss)
    assert(without.summary.engineReason.startsWith("engine lattice (as asked for)"))
    assert(estimator(kind).fit(data(kind)).hasKeys)
  }

  test("what it cannot offer is refused by name") {
    val model = compact("continuous")
    def refused(ask: => Any): String = intercept[DataException](ask).getMessage
    val weights = model.copy(org.apache.spark.ml.param.ParamMap.empty).setAttentionWeightsCol("a")
    assert(
      refused(weights.transform(inside("continuous"))) ==
        "a compact model has no keys, and so no column a (attentionWeightsCol)"
    )
    assert(refused(model.keyTable(spark)).startsWith("a compact model has no keys"))
    assert(refused(model.attentionWeights(Vectors.dense(1, 1))).startsWith("a compact model has"))
    val path = saved("continuous")
    for (engine <- Seq("broadcast", "partitioned"))
      assert(
        refused(KernelRegressionModel.load(path, engine)) ==
          s"the model at $path is compact and has no keys: it needs engine lattice or auto, not $engine"
      )
  }

  test("a finer tolerance than it was made for is refused") {
    val finer = KernelRegressionModel.load(saved("continuous")).setAnswerTolerance(1e-9)
    val refused = intercept[DataException](finer.transform(inside("continuous"))).getMessage
    assert(refused.startsWith("the compact model was made for answerTolerance 1.0E-6, and not"))
  }

  test("nodes of other widths, and damaged ones, are refused") {
    def changed(change: String => String): String = {
      val path = folder("compact").resolve("changed")
      compact("continuous").write.save(path.toString)
      val metadata = Files
        .list(path.resolve("metadata"))
        .filter(_.getFileName.toString.startsWith("part-"))
        .findFirst
        .get
      Files.writeString(metadata, change(Files.readString(metadata)))
      Files.deleteIfExists(metadata.resolveSibling(s".${metadata.getFileName}.crc"))
      intercept[DataException](
        KernelRegressionModel.load(path.toString).transform(inside("continuous"))
      ).getMessage
    }
    val widths = compact("continuous").inverseWidths().map(_.toString)
    assert(
      changed(_.replace(s""""inverseWidths":[${widths(0)},""", """"inverseWidths":[4.25,"""))
        .startsWith("the compact model was made for the inverse widths [5.0, ")
    )
    assert(changed(_.replace("\"contentHash\":\"", "\"contentHash\":\"1")).contains("is damaged"))
    val path = folder("compact").resolve("none")
    compact("continuous").write.save(path.toString)
    Files.walk(path.resolve("nodes")).toArray.reverse.foreach { case file: java.nio.file.Path =>
      Files.delete(file)
    }
    val missing = intercept[DataException](KernelRegressionModel.load(path.toString)).getMessage
    assert(missing.startsWith(s"there is no model at $path: ") && missing.contains("nodes"))
  }

  test("a fit that cannot be compact says so") {
    def refused(change: KernelRegression => KernelRegression, table: DataFrame): String =
      intercept[DataException](
        change(estimator("continuous").setCompact(true)).fit(table)
      ).getMessage
    for (engine <- Seq("broadcast", "partitioned"))
      assert(
        refused(_.setEngine(engine), data("continuous")) ==
          s"compact needs engine lattice or auto, but the engine is $engine"
      )
    assert(
      refused(_.setAnswerTolerance(0), data("continuous"))
        .startsWith("answerTolerance 0 needs engine broadcast or partitioned")
    )
    val tiny = refused(_.setWidth(1e-7), data("continuous"))
    assert(tiny.startsWith("there is no compact model at the learned widths: "))
    assert(tiny.contains("exceeds the budget of 6.71e+07"))
    val four = dataFrame(Rows.random(100, 4, seed = 1))
    assert(refused(_.setWidth(1), four).startsWith("engine lattice has at most 3 features"))
  }
}
