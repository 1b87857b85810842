package ml.regard.cluster

import java.nio.file.{Files, Path}

import scala.sys.process._
import scala.util.Using

import com.fasterxml.jackson.databind.JsonNode
import ml.regard.RegardProcess
import ml.regard.job.Jobs

/** The jobs through bin/spark-submit of a Spark as it is installed: the folder that
  * REGARD_TEST_SPARK_HOME names, or else the one that the Python package pyspark carries.
  */
class InstalledSparkSuite extends ClusterSuite {
  private val pip = Path.of("target/pyspark").toAbsolutePath

  private lazy val sparkHome: Path =
    sys.env.get("REGARD_TEST_SPARK_HOME").map(Path.of(_)).getOrElse {
      if (!Files.exists(pip.resolve("pyspark/bin/spark-submit"))) install()
      pip.resolve("pyspark")
    }

  /** Cancels the test where there is no Python, no pip or no package. */
  private def install(): Unit = {
    val command = Seq("python3", "-m", "pip", "install", "--quiet", "--no-deps", "--target") ++
      Seq(pip.toString, "pyspark==4.1.0")
    val said = new StringBuilder
    val logger = ProcessLogger(line => said.append(line).append('\n'))
    val code =
      try command.!(logger)
      catch { case e: java.io.IOException => said.append(e); -1 }
    if (code != 0) {
      cancel(s"no Spark to test with: set REGARD_TEST_SPARK_HOME, or let this work: $said")
    }
  }

  private def good(arguments: Seq[String]): JsonNode =
    RegardProcess
      .startWith(RegardProcess.shortLived + ("SPARK_HOME" -> sparkHome.toString), arguments: _*)
      .good()
      .json

  test("fit and score through an installed spark-submit have the same bits") {
    assert(Files.isExecutable(sparkHome.resolve("bin/spark-submit")), sparkHome)
    val training = Tables.csv(folder.resolve("training"), 1, 2, 1000)
    def fit(model: String) =
      Seq("fit", "--data", training, "--format", "csv", "--features", "x,y", "--label", "label") ++
        Seq("--engine", "broadcast", "--width", "0.5,20", "--max-iter", "3") ++
        Seq("--model", path(model))
    def score(model: String, out: String) =
      Seq("score", "--model", path(model), "--data", training, "--format", "csv") ++
        Seq("--out-format", "parquet", "--out", path(out))
    val (fitted, expected) = (good(fit("installed")), here(fit("model")))
    assertSameFit(fitted, expected)
    // Each scores with the model that the other has saved.
    good(score("model", "installed-scores"))
    here(score("installed", "scores"))
    assert(
      Tables.predictions("parquet", path("installed-scores")) ==
        Tables.predictions("parquet", path("scores"))
    )
  }
}
