package ml.regard.cluster

import java.nio.file.{Files, Path}

import scala.jdk.CollectionConverters._
import scala.jdk.StreamConverters._
import scala.util.Using

import com.fasterxml.jackson.databind.{JsonNode, ObjectMapper}

/** What Spark writes down of one run, read when the run has ended. */
final class EventLog(folder: Path) {
  Files.createDirectory(folder)

  /** What spark-submit needs for it. */
  val options: Seq[String] = Seq(
    "spark.eventLog.enabled=true",
    s"spark.eventLog.dir=${folder.toUri}",
    "spark.eventLog.rolling.enabled=false",
    "spark.eventLog.compress=false"
  ).flatMap(Seq("--conf", _))

  private lazy val events: Seq[JsonNode] = {
    val file =
      Using.resource(Files.list(folder))(_.toScala(Seq)).filterNot(_.toString.endsWith(".crc"))
    Files.readAllLines(file.head).asScala.toSeq.map(new ObjectMapper().readTree(_))
  }

  private def all(event: String): Seq[JsonNode] =
    events.filter(_.get("Event").asText == s"SparkListener$event")

  /** The executors that ended tasks well, each with their number. */
  def tasks: Map[String, Int] =
    all("TaskEnd")
      .filter(_.get("Task End Reason").get("Reason").asText == "Success")
      .groupBy(_.get("Task Info").get("Executor ID").asText)
      .map { case (executor, ended) => executor -> ended.size }

  /** The executors that came. */
  def added: Set[String] = all("ExecutorAdded").map(_.get("Executor ID").asText).toSet

  /** The executors that went, each with the reason. */
  def removed: Map[String, String] =
    all("ExecutorRemoved")
      .map(e => e.get("Executor ID").asText -> e.get("Removed Reason").asText)
      .toMap
}
