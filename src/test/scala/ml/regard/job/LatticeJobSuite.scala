package ml.regard.job

import java.nio.file.Files

import com.fasterxml.jackson.databind.ObjectMapper
import ml.regard.{Golden, SharedSpark}
import org.scalatest.funsuite.AnyFunSuite

/** fit and score with --engine lattice. */
class LatticeJobSuite extends AnyFunSuite {
  private val Tolerance = 1e-8
  private lazy val spark = SharedSpark.session
  private val folder = SharedSpark.temporaryFolder("lattice-job")

  private def path(name: String): String = folder.resolve(name).toString

  private def good(arguments: String*): Jobs.Run = {
    val run = Jobs.run(arguments: _*)
    assert(run.code == 0, run.err)
    assert(run.out.linesIterator.size == 1, "one line of JSON and nothing else")
    run
  }

  private lazy val data: String = {
    good("generate", "--rows", "20000", "--seed", "5", "--out", path("data"))
    path("data")
  }

  private def fit(model: String, options: String*): Seq[String] =
    Seq("fit", "--data", data, "--features", "x", "--label", "y", "--model", path(model)) ++
      Seq("--engine", "lattice") ++ options

  private lazy val fitted = good(fit("model", "--answer-tolerance", s"$Tolerance"): _*).json

  private def score(out: String, options: String*): Array[Double] = {
    good(
      Seq("score", "--model", path("model"), "--data", data, "--out", path(out)) ++ options: _*
    )
    spark.read.parquet(path(out)).orderBy("x", "y").collect().map(_.getAs[Double]("prediction"))
  }

  test("fit says its engine, in the result and in the manifest, and leaves nothing else behind") {
    assert(fitted.get("engine").asText == "lattice")
    assert(fitted.get("rows").asLong == 20000)
    assert(Jobs.names(folder) == Set("data", "model"))
    val manifest = new ObjectMapper().readTree(folder.resolve("model/_manifest.json").toFile)
    assert(manifest.get("options").get("engine").asText == "lattice")
    val exact = good(fit("exact", "--engine", "broadcast"): _*).json
    val Seq(a, b) = Seq(fitted, exact).map(_.get("widths").get("x").asDouble)
    assert(math.abs(a / b - 1) < 1e-4)
  }

  test("score with each engine is within the tolerance of exact sums") {
    fitted
    val values = spark.read.parquet(data).collect().map(_.getAs[Double]("y"))
    val most = (Tolerance + 1e-12) * Golden.standardDeviation(values)
    val exact = score("exact-scores", "--engine", "broadcast", "--answer-tolerance", "0")
    def moved(scores: Array[Double]): Double =
      scores.zip(exact).map { case (a, b) => math.abs(a - b) }.max
    val nodes = moved(score("lattice-scores", "--engine", "lattice"))
    assert(nodes > 0 && nodes <= most)
    assert(moved(score("auto-scores")) <= most)
    val none = score("zero-scores", "--engine", "lattice", "--answer-tolerance", "0")
    assert(moved(none) <= 1e-12 * Golden.standardDeviation(values))
  }

  test("what a lattice does not do ends with exit 3 and a sentence, and writes nothing") {
    def refused(options: String*): String = {
      val run = Jobs.run(fit("refused", options: _*): _*)
      assert(run.code == 3, run.err)
      assert(run.err.linesIterator.size == 1 && run.out.isEmpty, run.err)
      assert(!Files.exists(folder.resolve("refused")))
      run.lastErrorLine
    }
    assert(refused("--leave-out", "x > 4").contains("needs engine broadcast, but the engine"))
    assert(refused("--answer-tolerance", "0").contains("answerTolerance 0 needs engine"))
    assert(refused("--validation", "x > 4").contains("needs engine broadcast, but the engine"))
    assert(
      refused("--features", "x, x * x as b, sin(x) as c, cos(x) as d")
        .contains("engine lattice has at most 3 features, but there are 4")
    )
  }

  test("a compact model is small, scores without keys, and says by how much it may be off") {
    fitted
    val result = good(fit("compact", "--compact", "--answer-tolerance", s"$Tolerance"): _*).json
    assert(result.get("compact").asBoolean && !fitted.get("compact").asBoolean)
    assert(result.get("widths") == fitted.get("widths"))
    def size(name: String): Long =
      Files.walk(folder.resolve(name)).filter(Files.isRegularFile(_)).mapToLong(Files.size(_)).sum
    assert(size("compact") < size("model") / 2)
    val exact = score("compact-exact", "--engine", "broadcast", "--answer-tolerance", "0")
    good(
      "score --with errorBound --model".split(' ').toSeq ++
        Seq(path("compact"), "--data", data, "--out", path("compact-scores")): _*
    )
    val scores = spark.read.parquet(path("compact-scores"))
    assert(scores.columns.toSeq == Seq("x", "y", "prediction", "errorBound"))
    val found = scores.orderBy("x", "y").collect().map(row => (row.getDouble(2), row.getDouble(3)))
    assert(found.length == exact.length)
    for (((prediction, bound), expected) <- found.zip(exact))
      assert(bound < 1e-6 && math.abs(prediction - expected) <= bound + 1e-12)
    val run = Jobs.run(
      Seq("score", "--model", path("compact"), "--data", data, "--out", path("none")) ++
        Seq("--engine", "broadcast"): _*
    )
    assert(run.code == 3 && run.lastErrorLine.contains("is compact and has no keys"), run.err)
  }

  test("rows of which a compact model is certain of nothing are counted, with the reason") {
    good(fit("compact-far", "--compact"): _*)
    good("generate", "--rows", "20", "--seed", "6", "--out", path("few"))
    val far = spark.read.parquet(path("few")).selectExpr("x + 1000 as x", "y")
    far.union(spark.read.parquet(path("few"))).write.parquet(path("far"))
    val json = good(
      Seq("score", "--model", path("compact-far"), "--data", path("far"), "--out", path("near")) ++
        Seq("--rejected", path("beyond"), "--with", "errorBound"): _*
    ).json
    assert(json.get("rows").asLong == 20 && json.get("rejectedRows").asLong == 20)
    val reasons = spark.read.parquet(path("beyond"))
    assert(reasons.columns.toSeq == Seq("x", "y", "reason"))
    assert(
      reasons.select("reason").distinct().collect().map(_.getString(0)).toSeq ==
        Seq("no node of the compact model is certain about it")
    )
  }

  test("options that say nothing together with --compact end with exit 2 and a sentence") {
    def wrong(options: String*): String = {
      val run = Jobs.run(fit("wrong", "--compact" +: options: _*): _*)
      assert(run.code == 2, run.err)
      run.lastErrorLine
    }
    assert(
      wrong("--engine", "partitioned").contains(
        "lattice or auto with --compact, but was partitioned"
      )
    )
    assert(wrong("--answer-tolerance", "0").contains("above 0 with --compact, but was 0"))
    val run = Jobs.run("score", "--model", "m", "--data", data, "--out", "o", "--with", "wings")
    assert(run.code == 2 && run.lastErrorLine.contains("wings"), run.err)
  }
}
