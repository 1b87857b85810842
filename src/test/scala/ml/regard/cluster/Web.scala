package ml.regard.cluster

import java.net.{HttpURLConnection, URI}

import scala.jdk.CollectionConverters._
import scala.util.Using

import com.fasterxml.jackson.databind.{JsonNode, ObjectMapper}
import org.scalatest.concurrent.Eventually
import org.scalatest.time.{Millis, Seconds, Span}

/** The JSON that Spark's web pages on this machine serve. */
object Web extends Eventually {
  override implicit val patienceConfig: PatienceConfig =
    PatienceConfig(timeout = Span(180, Seconds), interval = Span(50, Millis))

  def json(port: Int, path: String): JsonNode = {
    val connection = URI.create(s"http://127.0.0.1:$port$path").toURL.openConnection()
    connection.setRequestProperty("Accept", "application/json")
    connection.setConnectTimeout(5000)
    connection.setReadTimeout(5000)
    Using.resource(connection.asInstanceOf[HttpURLConnection].getInputStream)(
      new ObjectMapper().readTree(_)
    )
  }

  def list(port: Int, path: String): Seq[JsonNode] = json(port, path).elements.asScala.toSeq
}
