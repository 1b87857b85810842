package ml.regard

import java.nio.file.{Files, Path}
import java.util.concurrent.TimeUnit

import scala.jdk.CollectionConverters._

import com.fasterxml.jackson.databind.{JsonNode, ObjectMapper}
import org.apache.commons.io.FileUtils
import org.scalatest.Assertions

/** A command as a user starts it: a process of its own, through jobs/regard, that tests may watch
  * and end. The driver is the process itself, since the launcher replaces itself by Spark's JVM.
  */
final class RegardProcess private (process: Process, out: Path, err: Path) extends Assertions {
  import RegardProcess.Ended

  def isAlive: Boolean = process.isAlive

  /** Looks again and again until something is there; fails when the process ends before that. */
  def awaitWhileRunning(what: String)(isThere: => Boolean): Unit = {
    val deadline = System.nanoTime + TimeUnit.MINUTES.toNanos(3)
    while (!isThere) {
      val running = !process.waitFor(20, TimeUnit.MILLISECONDS)
      assert(running, s"ended before there was $what:\n$said")
      assert(System.nanoTime < deadline, s"no $what in time:\n$said")
    }
  }

  /** SIGTERM. */
  def terminate(): Unit = process.destroy()

  /** SIGKILL. */
  def kill(): Unit = process.destroyForcibly()

  def ended(seconds: Long = 300): Ended = {
    if (!process.waitFor(seconds, TimeUnit.SECONDS)) {
      kill()
      fail(s"did not end within $seconds s:\n$said")
    }
    Ended(process.exitValue, lines(out), lines(err))
  }

  /** What it answers, when it ends well. */
  def good(seconds: Long = 300): Ended = {
    val all = ended(seconds)
    assert(all.code == 0, said)
    assert(all.out.size == 1, "one line of JSON and nothing else")
    all
  }

  private def lines(file: Path): Seq[String] = Files.readAllLines(file).asScala.toSeq
  private def said: String = lines(err).mkString("\n")
}

object RegardProcess {
  final case class Ended(code: Int, out: Seq[String], err: Seq[String]) {
    def json: JsonNode = new ObjectMapper().readTree(out.last)
  }

  private val folder = SharedSpark.temporaryFolder("jobs")

  /** Where drivers and executors keep their blocks; a process that is killed cleans up nothing. */
  private val blocks = SharedSpark.temporaryFolder("blocks")

  /** Every process is on loopback. */
  val environment: Map[String, String] =
    Map("SPARK_LOCAL_IP" -> "127.0.0.1", "SPARK_LOCAL_DIRS" -> blocks.toString)

  /** For processes that start more than they compute: a JVM that compiles fast, not well. */
  val shortLived: Map[String, String] =
    Map("JDK_JAVA_OPTIONS" -> "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC")

  /** The Spark that the launcher assembles. */
  lazy val embeddedSpark: Path = {
    good("--version")
    assembled
  }

  private val assembled = Path.of("target/spark").toAbsolutePath

  /** An empty folder in the place of conf/. */
  lazy val noSettings: Path =
    Files.createDirectories(embeddedSpark.resolve("no-settings"))

  /** What lets a JVM map Spark's classes as another has loaded and verified them, in place of doing
    * so again. It does where nothing but [[noSettings]] is before Spark's jars on the class path,
    * and is of no effect elsewhere, which the JVM would tell on the standard output.
    */
  lazy val mappedClasses: String = {
    val archive = embeddedSpark.resolve(s"classes-${System.getProperty("java.vm.version")}.jsa")
    if (!Files.exists(archive)) {
      val made = archive.resolveSibling("classes.part")
      val run = startWith(
        shortLived + ("SPARK_CONF_DIR" -> noSettings.toString),
        Seq("--driver-java-options", s"-XX:ArchiveClassesAtExit=$made", "fit") ++
          Seq("--data", "data/mcycle.csv", "--format", "csv", "--features", "times") ++
          Seq("--label", "accel", "--model", folder.resolve("archived").toString): _*
      ).ended()
      require(run.code == 0, (run.out ++ run.err).mkString("\n"))
      Files.move(made, archive)
    }
    s"-XX:SharedArchiveFile=$archive -Xlog:disable"
  }

  /** For many short lives on clusters: with mapped classes, and without the settings of conf/. */
  lazy val mapped: Map[String, String] = Map(
    "JDK_JAVA_OPTIONS" -> s"${shortLived("JDK_JAVA_OPTIONS")} $mappedClasses",
    "SPARK_CONF_DIR" -> noSettings.toString
  )

  // The executors of a local-cluster run in the folder of their Spark, whatever suite started them.
  sys.addShutdownHook(FileUtils.deleteDirectory(assembled.resolve("work").toFile))

  def start(arguments: String*): RegardProcess = startWith(shortLived, arguments: _*)

  def startWith(more: Map[String, String], arguments: String*): RegardProcess = {
    val (out, err) =
      (Files.createTempFile(folder, "out", ""), Files.createTempFile(folder, "err", ""))
    val command = Path.of("jobs/regard").toAbsolutePath.toString +: arguments
    val builder =
      new ProcessBuilder(command: _*).redirectOutput(out.toFile).redirectError(err.toFile)
    Seq("SPARK_HOME", "SPARK_CONF_DIR").foreach(builder.environment.remove)
    builder.environment.putAll((environment ++ more).asJava)
    val process = builder.start()
    sys.addShutdownHook(process.destroyForcibly())
    new RegardProcess(process, out, err)
  }

  def run(arguments: String*): Ended = start(arguments: _*).ended()

  /** A run that ends well and prints its line of JSON. */
  def good(arguments: String*): Ended = start(arguments: _*).good()
}
