package ml.regard.cluster

import java.nio.file.Path

import com.fasterxml.jackson.databind.JsonNode
import ml.regard.RegardProcess
import ml.regard.cluster.Web.eventually

/** Executors and workers that die in the middle of a job: it ends well, with the bits of a run that
  * nothing disturbed. A process is killed (SIGKILL) when the driver says that it is at work.
  */
class FaultsSuite extends ClusterSuite {
  private lazy val standalone = new StandaloneCluster
  override protected def cluster: Option[StandaloneCluster] = Some(standalone)

  private lazy val training = Tables.csv(folder.resolve("training"), 1, 8, 1000)
  private lazy val queries = Tables.csv(folder.resolve("queries"), 2, 4, 10000)

  private def fit(model: String, data: String): Seq[String] =
    Seq("fit", "--data", data, "--format", "csv", "--features", "x,y", "--label", "label") ++
      Seq("--engine", "broadcast", "--width", "0.5,20", "--model", path(model)) ++
      Seq("--max-iter", "12", "--mini-batch-fraction", "0.9")

  private def score(out: String, data: String): Seq[String] =
    Seq("score", "--model", path("undisturbed"), "--data", data, "--format", "csv") ++
      Seq("--out-format", "parquet", "--partitions", "12", "--out", path(out))

  private lazy val undisturbed: JsonNode = here(fit("undisturbed", training))
  private lazy val undisturbedScores: Seq[(Int, Long)] = {
    undisturbed
    here(score("undisturbed-scores", queries))
    Tables.predictions("parquet", path("undisturbed-scores"))
  }

  /** A run on the cluster. */
  private final class Run(name: String, arguments: Seq[String], submit: String*) {
    private val page = new DriverPage
    val log = new EventLog(folder.resolve(s"$name-events"))
    private val running = RegardProcess.startWith(
      RegardProcess.mapped,
      Seq("--master", standalone.url, "--conf", "spark.executor.memory=1g") ++
        Seq("--conf", "spark.scheduler.minRegisteredResourcesRatio=1") ++
        Seq("--conf", "spark.shuffle.io.retryWait=1s") ++ page.options ++ log.options ++
        submit ++ arguments: _*
    )

    /** Waits until both executors are in the middle of a stage, and names the stage. */
    def at(stage: JsonNode => Boolean): String =
      eventually {
        if (!running.isAlive) None
        else {
          val found = page.stages.find(stage)
          assert(found.isDefined && page.busy.size == 2)
          found.map(s => s"${s.get("description").asText} (${s.get("name").asText})")
        }
      }.getOrElse(fail("the run ended too early:\n" + running.ended().err.mkString("\n")))

    /** After a kill: the driver has lost an executor and has work left. */
    def loses(executor: String, killPoint: String): Unit = {
      eventually(assert(page.lost.contains(executor)))
      assert(!page.isComplete && running.isAlive)
      info(s"kill point: $killPoint")
    }

    def ended(): JsonNode = running.good().json
  }

  private def id(executor: ProcessHandle): String =
    "--executor-id (\\d+)".r.findFirstMatchIn(executor.info.commandLine.get).get.group(1)

  /** Kills an executor while both work on a stage; answers with what the run ended with. */
  private def endedWithoutExecutor(run: Run, stage: JsonNode => Boolean): JsonNode = {
    val where = run.at(stage)
    val victim = standalone.workers.flatMap(_.executors).head
    val executor = id(victim)
    victim.destroyForcibly()
    run.loses(executor, s"executor $executor killed during $where")
    val result = run.ended()
    assert(run.log.removed.keySet.contains(executor))
    assert(run.log.added == Set("0", "1", "2"))
    result
  }

  /** A step from this one on, with some to come: a busy machine may look away for a step or two. */
  private def epoch(first: Int)(stage: JsonNode): Boolean =
    "Regard fit: epoch (\\d+) .*".r
      .findFirstMatchIn(stage.get("description").asText)
      .exists(found => (first to 8).contains(found.group(1).toInt))

  private def called(name: String)(stage: JsonNode): Boolean =
    stage.get("name").asText.contains(name)

  /** The stage that writes: as many tasks as --partitions says; some have ended. */
  private def writing(stage: JsonNode): Boolean =
    stage.get("numTasks").asInt == 12 && stage.get("numCompleteTasks").asInt >= 2

  private def assertUndisturbed(fit: JsonNode): Unit = assertSameFit(fit, undisturbed)

  private def assertUndisturbedScores(out: String): Unit = {
    val scores = Tables.predictions("parquet", path(out))
    assert(scores.map(_._1) == (0 until 40000), "each row once")
    assert(scores == undisturbedScores)
  }

  private def moving(pause: Int): Seq[String] = {
    val classes = Path.of("target/test-classes").toAbsolutePath
    Seq("--driver-class-path", s"$classes", "--conf", s"spark.executor.extraClassPath=$classes") ++
      Seq("--conf", s"spark.hadoop.fs.moving.impl=${classOf[MovingFiles].getName}") ++
      Seq("--conf", s"spark.hadoop.fs.moving.pause=$pause")
  }

  test("the moving files have the same rows in another order each time") {
    def ids() = Tables.moving(queries).select("id").collect().map(_.getInt(0)).toSeq
    val (first, second) = (ids(), ids())
    assert(first != second)
    assert(first.sorted == second.sorted && first.sorted == (0 until 40000))
  }

  test("a fit goes on without an executor that is killed during a step") {
    undisturbed
    val run = new Run("fit", fit("fit", training))
    assertUndisturbed(endedWithoutExecutor(run, epoch(3)))
  }

  test("a fit goes on without an executor that is killed while rows that move are read") {
    undisturbed
    val run = new Run("moving-fit", fit("moving-fit", s"moving:$training"), moving(pause = 500): _*)
    assertUndisturbed(endedWithoutExecutor(run, called("PackedTraining")))
  }

  test("a fit whose keys stay in files goes on when rows that move are read by a lost executor") {
    def partitioned(model: String, data: String): Seq[String] =
      fit(model, data).map(w => if (w == "broadcast") "partitioned" else w) ++
        Seq("--mini-batch-fraction", "0.05")
    val expected = here(partitioned("undisturbed-files", training))
    val run = new Run(
      "moving-files",
      partitioned("moving-files", s"moving:$training"),
      moving(pause = 500): _*
    )
    assertSameFit(endedWithoutExecutor(run, called("StagedTraining")), expected)
  }

  test("a score goes on without an executor that is killed while it writes") {
    undisturbedScores
    val run = new Run("score", score("scores", queries))
    assert(endedWithoutExecutor(run, writing).get("rows").asLong == 40000)
    assertUndisturbedScores("scores")
  }

  test("a score of rows that move has each row once after an executor was killed") {
    undisturbedScores
    val arguments = score("moving-scores", s"moving:$queries")
    val run = new Run("moving-score", arguments, moving(pause = 0): _*)
    assert(endedWithoutExecutor(run, writing).get("rows").asLong == 40000)
    assertUndisturbedScores("moving-scores")
  }

  test("a fit goes on without a worker that is killed, and with one that is added") {
    undisturbed
    val run = new Run("worker", fit("worker", training))
    val where = run.at(epoch(2))
    val victim = standalone.workers.head
    val executor = id(victim.executors.head)
    victim.process.destroyForcibly()
    run.loses(executor, s"${victim.name} killed, with executor $executor, during $where")
    val added = standalone.addWorker()
    info(s"${added.name} added")
    assertUndisturbed(run.ended())
    assert(run.log.removed.keySet.contains(executor))
    assert(run.log.added == Set("0", "1", "2"))
    assert(run.log.tasks.contains("2"), "the new worker's executor took part")
  }
}
