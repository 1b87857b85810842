package ml.regard.job

import java.nio.file.{Files, Path}

import com.fasterxml.jackson.databind.ObjectMapper
import ml.regard.{Golden, SharedSpark, Support}
import org.apache.spark.sql.Row
import org.scalatest.funsuite.AnyFunSuite
import picocli.CommandLine

/** What the commands do with good input; [[BadInputSuite]] has the rest. */
class JobsSuite extends AnyFunSuite {
  private lazy val spark = SharedSpark.session
  private val folder = SharedSpark.temporaryFolder("jobs")
  private val mcycle = "data/mcycle.csv"

  private def path(name: String): String = folder.resolve(name).toString

  private def good(arguments: String*): Jobs.Run = {
    val run = Jobs.run(arguments: _*)
    assert(run.code == 0, run.err)
    assert(run.out.linesIterator.size == 1, "one line of JSON and nothing else")
    run
  }

  private lazy val mcycleModel: Jobs.Run =
    good(
      Seq("fit", "--data", mcycle, "--format", "csv", "--features", "times", "--label", "accel") ++
        Seq(
          "--model",
          path("mcycle"),
          "--report",
          path("mcycle-report"),
          "--loss-reduction",
          "sum"
        ): _*
    )

  test("generate writes the textbook's data, the same on any number of partitions") {
    val run = good("generate", "--rows", "4000", "--seed", "3", "--out", path("generated"))
    assert(run.json.get("rows").asLong == 4000)
    val rows = spark.read.parquet(path("generated")).orderBy("x").collect()
    assert(rows.length == 4000)
    assert(rows.forall { case Row(x: Double, _) => x >= 0 && x < 5 })
    // y - f(x) is N(0, 0.5): mean within 5 standard errors, deviation within 3%.
    val noise = rows.map { case Row(x: Double, y: Double) =>
      y - 2 * math.sin(x) - math.pow(x, 0.8)
    }
    assert(math.abs(noise.sum / noise.length) < 5 * 0.5 / math.sqrt(4000))
    assert(math.abs(Golden.standardDeviation(noise) / 0.5 - 1) < 0.03)
    val single =
      ml.regard.io.SyntheticData.training(spark, 4000, 3).coalesce(1).orderBy("x").collect()
    assert(rows.toSeq == single.toSeq)
    good("generate", "--rows", "20", "--seed", "3", "--out", path("csv"), "--format", "csv")
    assert(spark.read.option("header", true).csv(path("csv")).columns.toSeq == Seq("x", "y"))
  }

  test("fit on the motorcycle data finds its optimum, by name") {
    val result = mcycleModel.json
    val optimum = Golden.mcycleExpected.get("optimum")
    val h = result.get("widths").get("times").asDouble
    assert(math.abs(h / optimum.get("bandwidth").get(0).asDouble - 1) < 1e-3)
    assert(math.abs(result.get("inverseWidths").get("times").asDouble * h - 1) < 1e-12)
    assert(math.abs(result.get("looLoss").asDouble / optimum.get("looSse").asDouble - 1) < 1e-7)
    assert(result.get("rows").asLong == 133)
    for (key <- Seq("looRSquared", "solver", "passes", "engine", "seconds"))
      assert(result.has(key), key)
  }

  test("the report of a fit shows the curve, the loss and the widths") {
    mcycleModel
    val page = Jobs.read(folder.resolve("mcycle-report/report.html"))
    val texts = Seq("Kernel regression of accel", "times", "degrees of freedom", "loss without it")
    val ids = Seq("curve", "loss", "widths").map(id => s"""id="$id"""")
    for (text <- texts ++ ids) {
      val shown = page.contains(text)
      assert(shown, text)
    }
  }

  test("a saved model scores with the bits that the fitted one had, and evaluates") {
    mcycleModel
    good(
      Seq("score", "--model", path("mcycle"), "--data", mcycle, "--format", "csv") ++
        Seq("--out", path("scored"), "--out-format", "parquet"): _*
    )
    val model = ml.regard.ml.KernelRegressionModel.load(path("mcycle"))
    val scored = spark.read.parquet(path("scored"))
    assert(scored.columns.toSeq == Seq("times", "accel", "prediction"))
    for (Row(times: Double, _: Double, prediction: Double) <- scored.collect())
      assert(prediction == model.predict(org.apache.spark.ml.linalg.Vectors.dense(times)))

    val measured =
      good(
        "evaluate",
        "--model",
        path("mcycle"),
        "--data",
        mcycle,
        "--format",
        "csv",
        "--label",
        "accel"
      )
    val errors = scored.collect().map { case Row(_, a: Double, p: Double) => a - p }
    val labels = scored.collect().map(_.getDouble(1))
    val mse = errors.map(e => e * e).sum / errors.length
    val json = measured.json
    assert(math.abs(json.get("rmse").asDouble - math.sqrt(mse)) < 1e-9)
    assert(math.abs(json.get("mae").asDouble - errors.map(math.abs).sum / errors.length) < 1e-9)
    val variance = math.pow(Golden.standardDeviation(labels), 2)
    assert(math.abs(json.get("r2").asDouble - (1 - mse / variance)) < 1e-9)
    assert(json.get("rows").asLong == 133)
  }

  test("a score with another precision or tolerance has other answers, within what it says") {
    good("generate", "--rows", "6000", "--seed", "4", "--out", path("many"))
    good(
      Seq("fit", "--data", path("many"), "--features", "x", "--label", "y", "--solver", "fixed") ++
        Seq("--width", "0.3", "--answer-tolerance", "0", "--model", path("many-model")): _*
    )
    def scored(options: String*): Array[Double] = {
      val out = path(s"scored-${options.mkString}")
      good(
        Seq("score", "--model", path("many-model"), "--data", path("many"), "--out", out) ++
          options: _*
      )
      spark.read.parquet(out).orderBy("x", "y").collect().map(_.getAs[Double]("prediction"))
    }
    val values = spark.read.parquet(path("many")).collect().map(_.getAs[Double]("y"))
    val exact = scored()
    val within = Seq(
      Seq("--precision", "float32") ->
        ml.regard.kernel.Precision.FLOAT32_ERROR * (values.max - values.min),
      Seq("--answer-tolerance", "0.001") -> 0.001 * Golden.standardDeviation(values)
    )
    for ((options, most) <- within) {
      val moved = scored(options: _*).zip(exact).map { case (a, b) => math.abs(a - b) }.max
      assert(moved > 0 && moved < most, options)
    }
  }

  test("SQL features are split by Spark's parser, kept in the model, and used to score") {
    val features = "hour(date) * 60 + minute(date) as minute, round(distance, 0) as miles"
    val table = spark.read.parquet("data/flights-sample.parquet").limit(400)
    table.write.parquet(path("flights"))
    val fit = good(
      Seq("fit", "--data", path("flights"), "--features", features, "--label", "delay + 0.0") ++
        Seq("--model", path("flights-model"), "--max-iter", "3"): _*
    )
    val widths = fit.json.get("widths")
    assert(widths.has("minute") && widths.has("miles") && widths.size == 2)
    // Scoring data need not have the label, nor the columns in the same order.
    table.select("distance", "origin", "date").write.parquet(path("flights-new"))
    good(
      "score",
      "--model",
      path("flights-model"),
      "--data",
      path("flights-new"),
      "--out",
      path("fs")
    )
    val scored = spark.read.parquet(path("fs"))
    assert(scored.columns.toSeq == Seq("distance", "origin", "date", "prediction"))
    assert(scored.where("prediction is null or isnan(prediction)").count() == 0)
    assert(scored.count() == 400)
  }

  test("the model keeps the time zone in which its features were computed") {
    val before = spark.conf.get("spark.sql.session.timeZone")
    val rows =
      (0 until 48).map(i => s"2026-01-0${1 + i / 24}T${"%02d".format(i % 24)}:00:00Z,${i % 24}")
    val data = Jobs.csv(folder, "hours.csv", "at,y" +: rows: _*)
    val zoned = Seq("--data", data, "--format", "csv")
    try {
      spark.conf.set("spark.sql.session.timeZone", "Asia/Tokyo")
      good(
        Seq("fit", "--features", "hour(at) as hour", "--label", "y", "--model", path("zone")) ++
          zoned ++ Seq("--solver", "fixed", "--width", "0.01"): _*
      )
      spark.conf.set("spark.sql.session.timeZone", "America/New_York")
      val result =
        good(Seq("evaluate", "--model", path("zone"), "--label", "y") ++ zoned: _*).json
      assert(result.get("rmse").asDouble < 1e-9)
    } finally spark.conf.set("spark.sql.session.timeZone", before)
  }

  test("csv is scored with the types of the training data, not with new ones") {
    val train = Jobs.csv(folder, "typed.csv", "x,note,y", "1,a,1", "2,b,2", "3,c,3", "4,d,4")
    good(
      Seq("fit", "--data", train, "--format", "csv", "--features", "x", "--label", "y") ++
        Seq("--model", path("typed"), "--solver", "fixed", "--width", "0.1"): _*
    )
    val fresh = Jobs.csv(folder, "fresh.csv", "extra,x", "p,3", "q,oops", "r,1")
    val run = good(
      Seq("score", "--model", path("typed"), "--data", fresh, "--format", "csv") ++
        Seq("--out", path("typed-out"), "--handle-invalid", "keep"): _*
    )
    assert(run.json.get("rows").asLong == 3 && run.json.get("keptInvalidRows").asLong == 1)
    val lines = spark.read.option("header", true).csv(path("typed-out")).orderBy("extra").collect()
    assert(lines.map(_.getString(2)).toSeq == Seq("3.0", "NaN", "1.0"))
  }

  test("handle-invalid skip drops and counts, keep predicts NaN and counts") {
    mcycleModel
    val data = Jobs.csv(folder, "gaps.csv", "times", "10", "NaN", "20", "Infinity", "\"\"", "30")
    def score(policy: String) = good(
      Seq("score", "--model", path("mcycle"), "--data", data, "--format", "csv") ++
        Seq(
          "--out",
          path("gaps-" + policy),
          "--out-format",
          "parquet",
          "--handle-invalid",
          policy
        ): _*
    ).json
    val skip = score("skip")
    assert(skip.get("rows").asLong == 3 && skip.get("rejectedRows").asLong == 3)
    assert(spark.read.parquet(path("gaps-skip")).count() == 3)
    val keep = score("keep")
    assert(keep.get("rows").asLong == 6 && keep.get("keptInvalidRows").asLong == 3)
    assert(spark.read.parquet(path("gaps-keep")).where("isnan(prediction)").count() == 3)
    val manifest =
      new ObjectMapper().readTree(folder.resolve("gaps-skip/_manifest.json").toFile)
    assert(manifest.get("rowsIn").asLong == 6 && manifest.get("rowsOut").asLong == 3)
    assert(manifest.get("rowsRejected").asLong == 3)
  }

  test("a line break in a cell is no row, and brackets in a path are no pattern") {
    val train = Jobs.csv(folder, "noted.csv", "x,y", "1,1", "2,2")
    good(
      Seq("fit", "--data", train, "--format", "csv", "--features", "x", "--label", "y") ++
        Seq("--model", path("noted"), "--solver", "fixed", "--width", "1"): _*
    )
    val session = spark
    import session.implicits._
    Seq((1.0, "one\nline"), (2.0, "two")).toDF("x", "note").write.parquet(path("notes"))
    val run = good(
      Seq("score", "--model", path("noted"), "--data", path("notes")) ++
        Seq("--out", path("out[1]"), "--out-format", "csv"): _*
    )
    assert(run.json.get("rows").asLong == 2 && run.json.get("rejectedRows").asLong == 0)
  }

  test("json that leaves out what is null has null there") {
    mcycleModel
    val file = Jobs.csv(folder, "sparse.json", """{"other": 1}""", """{"other": 2}""")
    val run = good(
      Seq("score", "--model", path("mcycle"), "--data", file, "--format", "json") ++
        Seq("--out", path("sparse"), "--handle-invalid", "keep"): _*
    )
    assert(run.json.get("rows").asLong == 2 && run.json.get("keptInvalidRows").asLong == 2)
  }

  test("fit by criterion, fold and rows held out: the result says what was done") {
    val lines = (1 to 60).map { i =>
      val x = i / 6.0
      s"$x,${(i * 37) % 11},${math.sin(x) + (i * 17 % 7) / 20.0},${i % 5}"
    }
    val data = Jobs.csv(folder, "chosen.csv", "x,z,y,day" +: lines: _*)
    def fit(options: String*) = good(
      Seq("fit", "--data", data, "--format", "csv", "--features", "x,z", "--label", "y") ++
        Seq("--model", path("chosen"), "--report", path("chosen-report"), "--overwrite") ++
        options: _*
    ).json
    val newton = fit("--solver", "newton")
    assert(newton.get("switchedOff").toString == "[\"z\"]")
    assert(newton.get("tiedRows").asLong == 0 && newton.get("lossRows").asLong == 60)
    assert(newton.get("effectiveDegreesOfFreedom").asDouble > 1)
    assert(Jobs.read(folder.resolve("chosen-report/report.html")).contains("switched off"))
    val folds = fit("--leave-out", "day % 3", "--solver", "newton")
    assert(folds.get("looLoss").asDouble >= newton.get("looLoss").asDouble)
    assert(fit("--criterion", "aicc").get("criterion").asText == "aicc")
    val held = fit("--validation", "day = 4")
    assert(held.get("rows").asLong == 60)
    assert(ml.regard.ml.KernelRegressionModel.load(path("chosen")).numKeys == 48)
  }

  test("an option given twice counts once, the last time") {
    val data = Jobs.csv(folder, "twice.csv", "x,z,y", "1,1,1", "2,2,2", "3,5,3")
    val run = good(
      Seq("fit", "--data", data, "--format", "csv", "--features", "x,z", "--label", "y") ++
        Seq("--model", path("twice"), "--solver", "fixed", "--width", "30,30", "--width", "2,4"): _*
    )
    assert(run.json.get("widths").get("x").asDouble == 2)
    assert(run.json.get("widths").get("z").asDouble == 4)
    val manifest = new ObjectMapper().readTree(folder.resolve("twice/_manifest.json").toFile)
    assert(manifest.get("options").get("width").asText == "[2.0, 4.0]")
    assert(manifest.get("params").get("seed").asLong == 42)
    assert(manifest.get("params").get("tol").asDouble == 1e-8)
  }

  test("run-date replaces that date's partition and leaves the others") {
    mcycleModel
    def score(date: String, data: String) = good(
      Seq("score", "--model", path("mcycle"), "--data", data, "--format", "csv") ++
        Seq("--out", path("nightly"), "--out-format", "parquet", "--run-date", date): _*
    )
    val three = Jobs.csv(folder, "three.csv", "times", "10", "20", "30")
    val one = Jobs.csv(folder, "one.csv", "times", "40")
    score("2026-01-01", three)
    score("2026-01-02", three)
    score("2026-01-02", one)
    val counts =
      spark.read.parquet(path("nightly")).groupBy("run_date").count().orderBy("run_date").collect()
    assert(counts.map(_.getLong(1)).toSeq == Seq(3L, 1L))
    assert(
      Jobs.names(folder.resolve("nightly")) == Set("run_date=2026-01-01", "run_date=2026-01-02")
    )
  }

  test("an output that exists is replaced with --overwrite") {
    good("generate", "--rows", "5", "--out", path("again"))
    good("generate", "--rows", "7", "--out", path("again"), "--overwrite")
    assert(spark.read.parquet(path("again")).count() == 7)
  }

  test("weights of zero are dropped and counted; weights act as importance") {
    val data = Jobs.csv(folder, "weighted.csv", "x,y,c", "0,1,1", "0,2,3", "5,9,0", "6,8,1")
    val run = good(
      Seq("fit", "--data", data, "--format", "csv", "--features", "x", "--label", "y") ++
        Seq("--weight", "c", "--model", path("weighted"), "--solver", "fixed", "--width", "0.1"): _*
    )
    assert(run.json.get("zeroWeightRows").asLong == 1)
    val model = ml.regard.ml.KernelRegressionModel.load(path("weighted"))
    // (1 * 1 + 3 * 2) / 4 at x = 0; the key at 6 is 60 widths away.
    assert(math.abs(model.predict(org.apache.spark.ml.linalg.Vectors.dense(0.0)) - 1.75) < 1e-12)
  }

  test("the textbook's training is at hand in fit") {
    val expected = Golden.d2lExpected
    val run = good(
      Seq("fit", "--data", Golden.file("golden/d2l/train.csv").toString, "--format", "csv") ++
        Seq("--features", "x", "--label", "y", "--model", path("textbook")) ++
        Seq("--parametrization", "inverse", "--loss-reduction", "sum", "--step-size", "0.5") ++
        Seq("--max-iter", "5", "--width") :+
        (1 / expected.get("initialInverseWidth").asDouble).toString: _*
    )
    val last = Golden.numbers(expected.get("inverseWidthAfterEachEpoch")).last
    assert(math.abs(run.json.get("inverseWidths").get("x").asDouble / last - 1) < 1e-9)
  }

  test("bench reports a rate and an error near rounding, for each engine") {
    for (engine <- Seq("broadcast", "partitioned")) {
      val options = Seq("--keys", "3000", "--queries", "2000", "--dim", "2", "--engine", engine)
      val result = good("bench" +: options: _*).json
      for ((key, value) <- Seq("engine" -> engine, "support" -> Support.expected))
        assert(result.get(key).asText == value)
      for ((key, value) <- Seq("keys" -> 3000, "queries" -> 2000, "dim" -> 2))
        assert(result.get(key).asInt == value)
      val seconds = result.get("seconds").asDouble
      assert(math.abs(result.get("pairsPerSecond").asDouble * seconds / 6e6 - 1) < 1e-9)
      assert(result.get("maxError").asDouble < 1e-12)
    }
  }

  test("--result writes the line of JSON to a file") {
    val run = good("generate", "--rows", "2", "--out", path("r"), "--result", path("result.json"))
    assert(Jobs.read(folder.resolve("result.json")) == run.out)
  }

  test("numbers that JSON does not have are null") {
    val data = Jobs.csv(folder, "constant.csv", "x,y", "1,5", "2,5", "3,5")
    val run = good(
      Seq("fit", "--data", data, "--format", "csv", "--features", "x", "--label", "y") ++
        Seq("--model", path("constant")): _*
    )
    assert(run.json.get("looRSquared").isNull)
  }

  test("secrets in Spark options are redacted in the manifest") {
    good("generate", "--rows", "2", "--out", path("secret"))
    val manifest = Jobs.read(folder.resolve("secret/_manifest.json"))
    assert(manifest.contains("spark.regard.test.password"))
    assert(!manifest.contains(SharedSpark.secret))
  }

  test("every example config names options that its command has") {
    for (command <- Seq("generate", "demo", "fit", "score", "evaluate", "explain", "bench")) {
      val arguments = Commands.config(Path.of(s"conf/$command.conf"))
      assert(arguments.nonEmpty)
      Commands.parse(command +: arguments: _*)
    }
  }

  test("no command leaves anything but its output behind") {
    assert(Files.exists(folder.resolve("again")))
    assert(!Jobs.names(folder).exists(_.startsWith(".")), Jobs.names(folder))
  }
}
