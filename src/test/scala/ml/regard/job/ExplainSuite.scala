package ml.regard.job

import java.nio.file.Files

import scala.jdk.CollectionConverters._

import com.fasterxml.jackson.databind.JsonNode
import ml.regard.SharedSpark
import ml.regard.ml.KernelRegressionModel
import org.apache.spark.ml.linalg.Vectors
import org.scalatest.funsuite.AnyFunSuite

/** Which training rows carried a prediction, for people and as columns of a score. */
class ExplainSuite extends AnyFunSuite {
  private lazy val spark = SharedSpark.session
  private val folder = SharedSpark.temporaryFolder("explain")

  private def path(name: String): String = folder.resolve(name).toString

  private def csv(name: String, lines: String*): String = Jobs.csv(folder, name, lines: _*)

  private def good(arguments: String*): Jobs.Run = {
    val run = Jobs.run(arguments: _*)
    assert(run.code == 0, run.err)
    assert(run.out.linesIterator.size == 1, "one line of JSON and nothing else")
    run
  }

  private def refused(code: Int, part: String)(arguments: String*): Unit = {
    val run = Jobs.run(arguments: _*)
    assert(run.code == code, run.err)
    assert(run.err.linesIterator.size == 1 && run.lastErrorLine.contains(part), run.err)
  }

  private lazy val train = csv(
    "train.csv",
    "name,x,z,u,y" +: (0 until 300).map { i =>
      s"row ${i / 100}-${i % 100},${i / 30.0},${i % 17},${i % 5},${math.sin(i / 30.0)}"
    }: _*
  )

  private def fit(name: String, features: String, options: String*): String = {
    if (!Files.exists(folder.resolve(name)))
      good(
        Seq("fit", "--data", train, "--format", "csv", "--features", features, "--label", "y") ++
          Seq("--model", path(name), "--solver", "fixed", "--width", "0.2") ++ options: _*
      )
    path(name)
  }

  private lazy val named = fit("named", "x", "--key-id", "name")
  private lazy val queries = csv("queries.csv", "x,z,u", "1.23,3,1", ",4,2", "7.5,5,3")

  private def explain(model: String, options: String*): Jobs.Run =
    good(Seq("explain", "--model", model, "--data", queries, "--format", "csv") ++ options: _*)

  private def near(one: JsonNode, expected: Double): Boolean =
    math.abs(one.asDouble - expected) < 1e-9

  test("each row has its keys with their weights in the attention, by their names") {
    val run = explain(named, "--top", "3")
    val explained = run.json.get("explained").elements.asScala.toSeq
    assert(run.json.get("rows").asInt == 3 && explained.size == 3)
    assert(explained.map(_.get("row").asInt) == Seq(1, 2, 3))
    val model = KernelRegressionModel.load(named)
    val keys = model.keyTable(spark).orderBy("position").collect()
    for ((one, x) <- Seq(explained(0) -> 1.23, explained(2) -> 7.5)) {
      val weights = model.attentionWeights(Vectors.dense(x))
      val largest = weights.indices.sortBy(j => (-weights(j), j)).take(3)
      assert(near(one.get("prediction"), model.predict(Vectors.dense(x))))
      assert(near(one.get("share"), largest.map(weights(_)).sum))
      for ((key, j) <- one.get("keys").elements.asScala.toSeq.zip(largest)) {
        assert(key.get("position").asInt == j && near(key.get("weight"), weights(j)))
        assert(key.get("id").asText == keys(j).getAs[String]("id"))
        assert(near(key.get("key").get("x"), keys(j).getSeq[Double](1).head))
      }
    }
    assert(explained(1).get("prediction").isNull && explained(1).get("keys").isEmpty)
    val lines = run.err.linesIterator.toSeq
    assert(lines.contains("row 1: x = 1.23"))
    assert(
      lines.exists(
        _.matches(
          "  The prediction is 0\\.\\d+; these 3 training rows carry .* % of the attention\\."
        )
      )
    )
    assert(lines.exists(_.matches(" +id +weight +x +value")))
    assert(lines.count(_.matches(" +row 0-\\d+ +\\d+\\.\\d % +\\S+ +\\S+")) == 3)
    assert(lines.contains("row 2: x = null") && lines.contains("  The row cannot be scored."))
  }

  test("one row by its number, without names, in every engine") {
    for (engine <- Seq("broadcast", "partitioned", "lattice")) {
      val run = explain(fit("plain", "x"), "--row", "3", "--top", "1", "--engine", engine)
      val one = run.json.get("explained").elements.next()
      assert(one.get("row").asInt == 3 && one.get("keys").size == 1)
      assert(one.get("keys").get(0).get("id").isNull)
      assert(run.err.contains("one training row carries"))
      assert(run.err.contains("position"))
    }
    refused(3, "has no row 4")(
      "explain",
      "--model",
      path("plain"),
      "--data",
      queries,
      "--format",
      "csv",
      "--row",
      "4"
    )
  }

  test("a report has a table and a picture for each row that can be scored") {
    val models =
      Seq(named -> "x", fit("map", "x, z") -> "x, z", fit("more", "x, z, u") -> "x, z, u")
    for (((model, features), i) <- models.zipWithIndex) {
      val run = explain(model, "--out", path(s"report-$i"))
      assert(run.json.get("out").asText == "file:" + path(s"report-$i"))
      val files = Jobs.names(folder.resolve(s"report-$i"))
      assert(files.filter(_.endsWith(".svg")) == Set("row-1.svg", "row-3.svg"), features)
      val page = Jobs.read(folder.resolve(s"report-$i/report.html"))
      for (part <- Seq("Row 1", "Row 2", "The row cannot be scored.", "largest attention weight"))
        assert(page.contains(part))
      assert(files.contains("_manifest.json"))
    }
    refused(3, "exists")(
      "explain",
      "--model",
      named,
      "--data",
      queries,
      "--format",
      "csv",
      "--out",
      path("report-0")
    )
  }

  test("a compact model has no keys to show, and wrong options are refused") {
    val compact = fit("compact", "x", "--compact", "--answer-tolerance", "1e-3")
    refused(3, "a compact model has no keys, and so no column")(
      "explain",
      "--model",
      compact,
      "--data",
      queries,
      "--format",
      "csv"
    )
    for (option <- Seq("--top", "--row", "--limit"))
      refused(2, s"$option must be at least 1, but was 0")(
        "explain",
        "--model",
        named,
        "--data",
        queries,
        option,
        "0"
      )
  }

  test("score puts the keys and the quantiles behind the prediction") {
    def score(out: String, options: String*) =
      good(
        Seq("score", "--model", named, "--data", queries, "--format", "csv", "--out", path(out)) ++
          Seq("--handle-invalid", "keep", "--with", "attention,quantiles") ++ options: _*
      )
    score("scored", "--out-format", "parquet", "--top", "2", "--quantiles", "0.5,1")
    val scored = spark.read.parquet(path("scored")).orderBy("z").collect()
    assert(
      scored.head.schema.fieldNames.toSeq
        .takeRight(3) == Seq("prediction", "attention", "quantiles")
    )
    assert(
      scored.map(row => Option(row.getAs[Any]("attention")).isDefined).toSeq == Seq(
        true,
        false,
        true
      )
    )
    assert(scored.head.getSeq[Any](4).size == 2 && scored.head.getSeq[Double](5).size == 2)
    score("text", "--out-format", "csv", "--quantiles", "0.5")
    val text =
      spark.read.option("header", true).option("escape", "\\").csv(path("text")).orderBy("z")
    val cells = text.select("attention", "quantiles").head()
    assert(
      cells.getString(0).startsWith("[{\"position\":") && cells.getString(0).contains("row 0-")
    )
    assert(cells.getString(1).matches("\\[[-0-9.]+\\]"))
    for ((option, value) <- Seq("--top" -> "3", "--quantiles" -> "0.5"))
      refused(2, s"$option must be given with --with")(
        "score",
        "--model",
        named,
        "--data",
        queries,
        "--out",
        path("no"),
        option,
        value
      )
    refused(2, "--quantiles must be in [0, 1], but was 1.5")(
      "score",
      "--model",
      named,
      "--data",
      queries,
      "--out",
      path("no"),
      "--with",
      "quantiles",
      "--quantiles",
      "1.5"
    )
  }
}
