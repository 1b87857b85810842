package ml.regard.job

import java.nio.file.{Files, Path}

import ml.regard.SharedSpark
import org.scalatest.funsuite.AnyFunSuite

/** fit --checkpoint in this process; [[ResumedFitSuite]] kills drivers. */
class CheckpointedFitSuite extends AnyFunSuite {
  private val folder = SharedSpark.temporaryFolder("checkpointed")

  private def path(name: String): String = folder.resolve(name).toString

  private def fit(model: String, checkpoint: String, more: String*): Jobs.Run =
    Jobs.run(
      Seq("fit", "--data", "data/mcycle.csv", "--format", "csv", "--features", "times") ++
        Seq(
          "--label",
          "accel",
          "--model",
          path(model),
          "--checkpoint",
          path(checkpoint)
        ) ++ more: _*
    )

  private def refused(run: Jobs.Run, code: Int, model: String): String = {
    assert(run.code == code, run.err)
    assert(run.out.isEmpty && !Files.exists(Path.of(path(model))))
    run.lastErrorLine
  }

  test("the same command again answers all from the checkpoint, with the same bits") {
    val first = fit("first", "all")
    assert(first.code == 0, first.err)
    assert(first.json.get("resumedSteps").asInt == 0)
    assert(first.json.get("stopReason").asText.contains("promised less than tol"))
    val again = fit("again", "all", "--partitions", "3", "--on-cancel", "keep")
    // The steps, the scan, and the loss without ties.
    assert(again.json.get("resumedSteps").asInt == first.json.get("iterations").asInt + 2)
    for (key <- Seq("widths", "inverseWidths", "looLoss", "looRSquared", "passes"))
      assert(again.json.get(key) == first.json.get(key), key)
  }

  test("other options and other data end with exit 3 and both values, and write nothing") {
    fit("made", "others", "--max-iter", "2")
    val other = refused(fit("other", "others", "--max-iter", "3"), 3, "other")
    assert(other.startsWith("regard: the checkpoint file:"), other)
    assert(other.contains("was made with maxIter 2, but this fit has 3; the same data and options"))
    val lines = Jobs.read(Path.of("data/mcycle.csv")).linesIterator.toSeq
    val shorter = Jobs.csv(folder, "shorter.csv", lines.init: _*)
    val data = refused(fit("data", "others", "--max-iter", "2", "--data", shorter), 3, "data")
    assert(data.contains("numKeys 133, but this fit has 132"), data)
  }

  test("a damaged checkpoint ends with exit 3") {
    fit("whole", "damaged", "--max-iter", "2")
    Files.writeString(folder.resolve("damaged/evaluations-0000002.json"), "[{\"number\": 2")
    val sentence = refused(fit("none", "damaged", "--max-iter", "2"), 3, "none")
    assert(sentence.contains("is damaged: it is no JSON in evaluations-0000002.json"), sentence)
  }

  test("options that are wrong end with exit 2") {
    def wrong(more: String*): String = refused(fit("wrong", "wrong", more: _*), 2, "wrong")
    assert(wrong("--checkpoint-interval", "0").contains("at least 1, or -1, but was 0"))
    assert(wrong("--on-cancel", "shrug").contains("--on-cancel"))
    assert(wrong("--checkpoint", "").contains("--checkpoint must be the name of a folder"))
    assert(wrong("--checkpoint", path("")).contains("--checkpoint must be apart from"))
    assert(!Files.exists(folder.resolve("wrong")))
  }
}
