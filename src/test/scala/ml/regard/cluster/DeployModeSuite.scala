package ml.regard.cluster

import java.nio.file.{Files, Path}

import scala.jdk.CollectionConverters._

import com.fasterxml.jackson.databind.{JsonNode, ObjectMapper}
import ml.regard.RegardProcess
import ml.regard.cluster.Web.eventually
import ml.regard.job.Jobs

/** The driver on a worker of a standalone cluster: the launcher has ended long before, its exit
  * code tells nothing, and the result is a file.
  */
class DeployModeSuite extends ClusterSuite {
  private lazy val standalone = new StandaloneCluster(cores = 2)
  override protected def cluster: Option[StandaloneCluster] = Some(standalone)

  private lazy val training = Tables.csv(folder.resolve("training"), 1, 2, 1000)
  private lazy val queries = Tables.csv(folder.resolve("queries"), 2, 2, 500)

  private def fit(model: String): Seq[String] =
    Seq("fit", "--data", training, "--format", "csv", "--features", "x,y", "--label", "label") ++
      Seq("--engine", "broadcast", "--width", "0.5,20", "--max-iter", "3", "--model", path(model))

  private def score(out: String): Seq[String] =
    Seq("score", "--model", path("model"), "--data", queries, "--format", "csv") ++
      Seq("--out-format", "parquet", "--out", path(out))

  /** The drivers that have ended, each with how. */
  private def drivers: Map[String, String] =
    standalone.state
      .get("completeddrivers")
      .elements
      .asScala
      .map(d => d.get("id").asText -> d.get("state").asText)
      .toMap

  /** Submits, waits for the end of the driver, and answers with its name and state. */
  private def driver(arguments: Seq[String]): (String, String) = {
    val before = drivers.keySet
    val submit = Seq("--master", standalone.url, "--deploy-mode", "cluster")
    val memory = Seq("--driver-memory", "1g", "--executor-memory", "1g")
    val launcher =
      RegardProcess.startWith(RegardProcess.mapped, submit ++ memory ++ arguments: _*).ended()
    assert(launcher.code == 0, launcher.err.mkString("\n"))
    assert(launcher.out.isEmpty)
    eventually(drivers.find(d => !before(d._1)).getOrElse(fail("the driver has not ended")))
  }

  private def assertGood(arguments: Seq[String], result: String): JsonNode = {
    val (name, state) = driver(arguments ++ Seq("--result", path(result)))
    assert(state == "FINISHED", standalone.driverWrote(name, "stderr").mkString("\n"))
    val text = Jobs.read(Path.of(path(result)))
    assert(standalone.driverWrote(name, "stdout") == text.linesIterator.toSeq)
    new ObjectMapper().readTree(text)
  }

  test("fit and score on a driver of the cluster: the result is a file, with the same bits") {
    val expected = here(fit("model"))
    val fitted = assertGood(fit("model-there"), "fit.json")
    assertSameFit(fitted, expected)
    here(score("here"))
    assert(assertGood(score("there"), "score.json").get("rows").asLong == 1000)
    assert(
      Tables.predictions("parquet", path("there")) == Tables.predictions("parquet", path("here"))
    )
  }

  test("a wrong command line fails the driver, with its sentence, and leaves no result") {
    val wrong = fit("none") ++ Seq("--bandwidth", "1", "--result", path("wrong.json"))
    val (name, state) = driver(wrong)
    assert(state == "FAILED")
    assert(
      standalone.driverWrote(name, "stderr").last == "regard: Unknown options: '--bandwidth', '1'"
    )
    assert(!Jobs.names(folder).exists(Set("wrong.json", "none")))
  }

  test("data that is not there fails the driver, with its sentence, and leaves no result") {
    val arguments = fit("none").map(w => if (w == training) path("nowhere") else w)
    Files.writeString(Path.of(path("old.json")), "{}") // of an earlier run
    val (name, state) = driver(arguments ++ Seq("--result", path("old.json")))
    assert(state == "FAILED")
    assert(
      standalone
        .driverWrote(name, "stderr")
        .last == s"regard: there is no data at ${path("nowhere")}"
    )
    assert(!Jobs.names(folder).exists(Set("old.json", "none")))
  }
}
