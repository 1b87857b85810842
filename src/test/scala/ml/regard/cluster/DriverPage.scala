package ml.regard.cluster

import com.fasterxml.jackson.databind.JsonNode

/** What a running driver tells of its work, at its web UI. */
final class DriverPage {
  private val port = StandaloneCluster.freePort()

  /** What spark-submit needs for it. */
  val options: Seq[String] = Seq("--conf", s"spark.ui.port=$port")

  private def application: JsonNode = Web.list(port, "/api/v1/applications").head

  private def list(what: String): Seq[JsonNode] =
    Web.list(port, s"/api/v1/applications/${application.get("id").asText}/$what")

  /** The stages under way. */
  def stages: Seq[JsonNode] = list("stages?status=active")

  /** The executors with tasks under way. */
  def busy: Seq[String] =
    list("executors").filter(_.get("activeTasks").asInt > 0).map(_.get("id").asText)

  /** The executors that the driver has given up. */
  def lost: Seq[String] =
    list("allexecutors").filterNot(_.get("isActive").asBoolean).map(_.get("id").asText)

  def isComplete: Boolean = application.get("attempts").get(0).get("completed").asBoolean
}
