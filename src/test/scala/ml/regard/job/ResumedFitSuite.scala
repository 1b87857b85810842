package ml.regard.job

import java.nio.file.Path

import ml.regard.{RegardProcess, SharedSpark}
import org.scalatest.funsuite.AnyFunSuite
import org.scalatest.tags.Slow

/** A fit whose driver is killed, or told to stop, on the master that a suite names. */
abstract class DisturbedFits extends AnyFunSuite {
  protected def master: String

  /** How its JVM is started. */
  protected def jvm: Map[String, String] = RegardProcess.shortLived

  protected lazy val folder: Path = SharedSpark.temporaryFolder("disturbed")

  protected def path(name: String): String = folder.resolve(name).toString

  protected def training: String = path("training")

  protected val rows = 3000

  private lazy val generate: Unit = {
    val run = Jobs.run("generate", "--rows", rows.toString, "--seed", "5", "--out", training)
    assert(run.code == 0, run.err)
  }

  protected def fit(model: String, before: Seq[String], options: String*): RegardProcess = {
    generate
    RegardProcess.startWith(
      jvm,
      Seq("--master", master) ++ before ++ Seq("fit", "--data", training, "--features", "x") ++
        Seq("--label", "y", "--model", path(model), "--step-size", "0.01") ++
        // Mini-batches go on to the last step.
        Seq("--mini-batch-fraction", "0.9") ++ options: _*
    )
  }

  /** A fit that does not end by itself, once it has done some steps. */
  protected def endless(model: String, before: Seq[String], options: String*): RegardProcess = {
    val checkpoint = model + "-checkpoint"
    val process = fit(
      model,
      before,
      Seq("--max-iter", "1000000", "--checkpoint", path(checkpoint)) ++ options: _*
    )
    process.awaitWhileRunning("steps")(records(checkpoint) >= 4)
    process
  }

  protected def records(checkpoint: String): Int = {
    val exists = folder.resolve(checkpoint).toFile.isDirectory
    if (exists) Jobs.names(folder.resolve(checkpoint)).count(_.startsWith("evaluations-")) else 0
  }
}

/** The driver is killed in the middle of a fit, and the command started again. */
abstract class ResumedFits extends DisturbedFits {
  override protected def jvm: Map[String, String] = RegardProcess.mapped

  test("a fit whose driver was killed twice ends with the bits of an undisturbed one") {
    def finite(model: String, options: String*) =
      fit(model, Nil, Seq("--max-iter", "30") ++ options: _*)
    val undisturbed = finite("undisturbed").good()
    for (known <- Seq(5, 15)) {
      val killed = finite("killed", "--checkpoint", path("checkpoint"))
      killed.awaitWhileRunning(s"$known evaluations")(records("checkpoint") >= known)
      killed.kill()
      val dead = killed.ended()
      assert(dead.code == 137 && dead.out.isEmpty)
      assert(!Jobs.names(folder).contains("killed"))
      assert(records("checkpoint") < 31, "killed in the middle")
      info(s"kill point: the driver of a fit, after ${records("checkpoint")} evaluations")
    }
    val known = records("checkpoint")
    val resumed = finite("killed", "--checkpoint", path("checkpoint")).good()
    assert(resumed.json.get("resumedSteps").asInt == known)
    for (key <- Seq("widths", "inverseWidths", "looLoss", "looRSquared", "iterations", "passes"))
      assert(resumed.json.get(key) == undisturbed.json.get(key), key)
  }
}

@Slow
class ResumedFitSuite extends ResumedFits {
  override protected def master = "local[2]"
}
