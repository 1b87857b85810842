package ml.regard.cluster

import java.nio.file.{Files, Path}
import java.util.concurrent.TimeUnit

import scala.jdk.CollectionConverters._

import com.fasterxml.jackson.databind.{JsonNode, ObjectMapper}
import ml.regard.SharedSpark

/** The jobs as a user starts them: processes of their own, through jobs/regard. The driver is the
  * process itself, since the launcher replaces itself by Spark's JVM.
  */
object Regard {
  final case class Ended(code: Int, out: Seq[String], err: Seq[String]) {
    def json: JsonNode = new ObjectMapper().readTree(out.last)
  }

  final class Running(val process: Process, out: Path, err: Path) {
    def ended(minutes: Int = 5): Ended = {
      if (!process.waitFor(minutes, TimeUnit.MINUTES)) {
        process.destroyForcibly()
        throw new AssertionError("jobs/regard did not end:\n" + lines(err).mkString("\n"))
      }
      Ended(process.exitValue, lines(out), lines(err))
    }
  }

  private val folder = SharedSpark.temporaryFolder("jobs")

  /** Where drivers and executors keep their blocks; a process that is killed cleans up nothing. */
  val localFolder: Path = SharedSpark.temporaryFolder("blocks")

  /** The Spark that the launcher assembles. */
  lazy val embeddedSpark: Path = {
    good("--version")
    Path.of("target/spark").toAbsolutePath
  }

  def start(environment: Map[String, String], arguments: Seq[String]): Running = {
    val out = Files.createTempFile(folder, "out", "")
    val err = Files.createTempFile(folder, "err", "")
    val builder =
      new ProcessBuilder((Path.of("jobs/regard").toAbsolutePath.toString +: arguments): _*)
        .redirectOutput(out.toFile)
        .redirectError(err.toFile)
    Seq("SPARK_HOME", "SPARK_CONF_DIR").foreach(builder.environment.remove)
    builder.environment.put("SPARK_LOCAL_IP", "127.0.0.1")
    builder.environment.put("SPARK_LOCAL_DIRS", localFolder.toString)
    builder.environment.putAll(environment.asJava)
    val process = builder.start()
    sys.addShutdownHook(process.destroyForcibly())
    new Running(process, out, err)
  }

  def run(arguments: String*): Ended = start(Map.empty, arguments).ended()

  /** A run that ends well and prints its line of JSON. */
  def good(arguments: String*): Ended = wellEnded(run(arguments: _*))

  def wellEnded(ended: Ended): Ended = {
    assert(ended.code == 0, ended.err.mkString("\n"))
    assert(ended.out.size == 1, "one line of JSON and nothing else")
    ended
  }

  private def lines(file: Path): Seq[String] = Files.readAllLines(file).asScala.toSeq
}
