package ml.regard.cluster

import java.nio.file.Path

import scala.jdk.CollectionConverters._

import com.fasterxml.jackson.databind.{JsonNode, ObjectMapper}
import ml.regard.RegardProcess
import ml.regard.job.Jobs

/** The jobs on executors that are processes of their own: closures travel, classes are fetched from
  * the driver, and broadcasts are deserialised. Answers have the bits that one process gives.
  */
abstract class RealExecutorsSuite(where: String) extends ClusterSuite {

  /** What `--master` takes: two executors with a core each. */
  protected def master: String

  protected lazy val training = Tables.csv(folder.resolve("training"), 1, 2, 1500)
  protected lazy val queries = Tables.csv(folder.resolve("queries"), 2, 3, 700)
  protected lazy val parquet = {
    Tables.read("csv", queries).write.parquet(path("queries.parquet"))
    path("queries.parquet")
  }

  protected def fit(model: String, more: Seq[String]): Seq[String] =
    Seq("fit", "--data", training, "--format", "csv", "--features", "x,y", "--label", "label") ++
      // So few pairs would be one task.
      Seq("--engine", "broadcast", "--width", "0.5,20", "--partitions", "3") ++
      Seq("--model", path(model)) ++ more

  protected def score(out: String, data: String, format: String): Seq[String] =
    Seq("score", "--model", path("model"), "--data", data, "--format", format, "--out", path(out))

  private def withVectors = s"-XX:+UseSerialGC ${RegardProcess.mappedClasses}"

  /** A run on the executors, both of which must have taken part. */
  protected def there(name: String, arguments: Seq[String], conf: String*): JsonNode = {
    val log = new EventLog(folder.resolve(s"$name-events"))
    val submit = Seq("--master", master, "--conf", "spark.executor.memory=1g") ++
      // Executors inherit the fast start of those that start them, which is without vectors.
      Seq("--conf", s"spark.executorEnv.JDK_JAVA_OPTIONS=$withVectors") ++
      conf.flatMap(Seq("--conf", _)) ++ log.options ++
      // Work starts when both executors are there.
      Seq("--conf", "spark.scheduler.minRegisteredResourcesRatio=1")
    val ended = RegardProcess.startWith(RegardProcess.mapped, submit ++ arguments: _*).good()
    assert(log.tasks.keySet == Set("0", "1"))
    ended.json
  }

  protected def support(output: String): Map[String, String] = {
    val manifest = new ObjectMapper().readTree(Jobs.read(Path.of(path(output), "_manifest.json")))
    val executors = manifest.get("support").get("executors")
    executors.properties.asScala.map(e => e.getKey -> e.getValue.asText).toMap
  }

  protected val steps = Seq("--max-iter", "3")
  protected lazy val model = here(fit("model", steps))

  protected def scoresSame(format: String): Unit =
    test(s"$format is scored with the same bits $where") {
      model
      val data = if (format == "csv") queries else parquet
      here(score(s"$format-here", data, format))
      there(s"$format", score(format, data, format))
      val expected = Tables.predictions(format, path(s"$format-here"))
      assert(expected.map(_._1) == (0 until 2100))
      assert(Tables.predictions(format, path(format)) == expected)
      assert(support(format) == Map("0" -> "simd", "1" -> "simd"))
    }
}

/** A standalone master with two workers. */
class StandaloneSuite extends RealExecutorsSuite("on a standalone cluster") {
  private lazy val workers = new StandaloneCluster
  override protected def cluster: Option[StandaloneCluster] = Some(workers)
  override protected def master: String = workers.url

  scoresSame("parquet")

  test("a fit with mini-batches has the same bits on a standalone cluster") {
    val batches = Seq("--max-iter", "6", "--mini-batch-fraction", "0.2")
    val expected = here(fit("batches-here", batches))
    assertSameFit(there("batches", fit("batches", batches)), expected)
  }

  test(
    "keys that stay in their files are fitted and asked with the same bits on a standalone cluster"
  ) {
    val many = Tables.csv(folder.resolve("many"), 3, 4, 10000) // three segments of keys
    def partitioned(model: String) =
      fit(model, Seq("--max-iter", "3", "--mini-batch-fraction", "0.01")).map {
        case "broadcast" => "partitioned"
        case `training`  => many
        case word        => word
      }
    def asked(out: String, model: String) =
      score(out, queries, "csv").map(w => if (w == path("model")) path(model) else w) ++
        Seq("--engine", "partitioned")
    val expected = here(partitioned("files-here"))
    assert(expected.get("engine").asText == "partitioned")
    assertSameFit(there("files", partitioned("files")), expected)
    here(asked("asked-here", "files-here"))
    there("asked", asked("asked", "files"))
    assert(
      Tables.predictions("csv", path("asked")) == Tables.predictions("csv", path("asked-here"))
    )
  }

  test("a model is evaluated on a standalone cluster") {
    model
    val command = Seq("evaluate", "--model", path("model"), "--data", parquet, "--label", "label")
    val (actual, expected) = (there("evaluated", command), here(command))
    assert(actual.get("rows").asLong == 2100)
    // Sums of Spark SQL, whose order the tasks' end decides.
    for (measure <- Seq("rmse", "mae", "r2")) {
      val exact = expected.get(measure).asDouble
      assert(math.abs(actual.get(measure).asDouble / exact - 1) <= 1e-12)
    }
  }

  test("with Kryo in place of Java's serialiser a fit and its scores have the same bits") {
    val expected = model
    val kryo = "spark.serializer=org.apache.spark.serializer.KryoSerializer"
    assertSameFit(there("kryo-fit", fit("kryo", steps), kryo), expected)
    here(score("kryo-here", parquet, "parquet"))
    there(
      "kryo-score",
      score("kryo-scored", parquet, "parquet"),
      kryo,
      "spark.kryo.registrationRequired=false"
    )
    assert(
      Tables.predictions("parquet", path("kryo-scored")) ==
        Tables.predictions("parquet", path("kryo-here"))
    )
  }
}

/** Spark's own small cluster, whose master and workers are threads of the driver. */
class LocalClusterSuite extends RealExecutorsSuite("on a local cluster") {
  override protected def master = "local-cluster[2,1,1024]"

  test("a fit with all rows in each step has the same bits on a local cluster") {
    val expected = model
    assertSameFit(there("all", fit("all", steps)), expected)
    assert(support("all") == Map("0" -> "simd", "1" -> "simd"))
  }

  scoresSame("csv")
}
