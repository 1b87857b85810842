package ml.regard.job

import java.nio.file.Path

import ml.regard.RegardProcess.good
import ml.regard.{Golden, RegardProcess, SharedSpark}
import org.scalatest.funsuite.AnyFunSuite
import org.scalatest.tags.Slow

/** The commands as a user starts them: processes of their own, through the launcher. */
@Slow
class EndToEndSuite extends AnyFunSuite {
  private val folder = SharedSpark.temporaryFolder("end-to-end")

  private def path(name: String): String = folder.resolve(name).toString

  private def lines(name: String): Seq[String] = {
    val part = Jobs.names(folder.resolve(name)).filter(_.startsWith("part-")).toSeq
    part.sorted.flatMap(p => Jobs.read(Path.of(path(name), p)).linesIterator.drop(1)).sorted
  }

  test("the motorcycle data: fitted, scored and evaluated by three processes, with the same bits") {
    val csv = Seq("--data", "data/mcycle.csv", "--format", "csv")
    val fit = good(
      Seq("fit", "--features", "times", "--label", "accel", "--model", path("mcycle")) ++ csv: _*
    )
    val best = Golden.mcycleExpected.get("optimum").get("bandwidth").get(0).asDouble
    assert(math.abs(fit.json.get("widths").get("times").asDouble / best - 1) < 1e-3)
    good(Seq("score", "--model", path("mcycle"), "--out", path("scored")) ++ csv: _*)
    good(
      Seq("--master", "local[1]", "score", "--model", path("mcycle"), "--out", path("one")) ++
        Seq("--partitions", "5") ++ csv: _*
    )
    assert(lines("scored").size == 133)
    assert(lines("scored") == lines("one"))
    val r2 = good(Seq("evaluate", "--model", path("mcycle"), "--label", "accel") ++ csv: _*).json
    assert(r2.get("r2").asDouble > 0.8)

    // A fit on one core has the bits of a fit on all of them.
    val again = good(
      Seq("--master", "local[1]", "fit", "--features", "times", "--label", "accel") ++
        Seq("--model", path("mcycle-one")) ++ csv: _*
    )
    for (key <- Seq("widths", "looLoss", "looRSquared"))
      assert(again.json.get(key) == fit.json.get(key))
  }

  test("the flights sample: features as SQL, fitted, scored and evaluated") {
    val features = "hour(date) * 60 + minute(date) as minute, distance"
    // Mini-batches keep this short; the README fits with all rows in each step.
    good(
      Seq("fit", "--data", "data/flights-sample.parquet", "--features", features) ++
        Seq("--label", "delay", "--mini-batch-fraction", "0.05", "--max-iter", "20") ++
        Seq("--model", path("flights"), "--report", path("flights-report")): _*
    )
    val score = good(
      Seq("score", "--model", path("flights"), "--data", "data/flights-new.parquet") ++
        Seq("--out", path("delays"), "--run-date", "2001-07-01"): _*
    )
    assert(score.json.get("rows").asLong == 2000)
    val evaluate = good(
      Seq("evaluate", "--model", path("flights"), "--data", "data/flights-new.parquet") ++
        Seq("--label", "delay"): _*
    )
    // A constant prediction has r2 0; time of day and distance tell more than that.
    assert(evaluate.json.get("r2").asDouble > 0.04)
  }

  test("exit codes and sentences reach the shell") {
    val missing =
      RegardProcess.run(
        "evaluate",
        "--model",
        path("none"),
        "--data",
        "data/mcycle.csv",
        "--label",
        "y"
      )
    assert(missing.code == 3)
    assert(missing.err.last.contains("there is no model at " + path("none")))
    assert(missing.out.isEmpty)
    val unknown =
      RegardProcess.run("generate", "--rows", "3", "--out", path("g"), "--bandwidth", "1")
    assert(unknown.code == 2)
    assert(unknown.err.last.contains("--bandwidth"))
    val support = Seq("--driver-java-options", "-Dregard.support=avx")
    val loops = RegardProcess.run(support ++ Seq("generate", "--rows", "3", "--out", path("g")): _*)
    assert(loops.code == 2)
    assert(
      loops.err.last == "regard: regard.support must be auto, simd or scalar, but was 'avx'"
    )
  }

  test("the job jar draws its figures with the relocated libraries") {
    good("demo", "--out", path("demo"), "--epochs", "2")
    for (name <- Seq("report.html", "loss.svg", "attention-trained.png"))
      assert(Jobs.names(folder.resolve("demo")).contains(name))
  }
}
