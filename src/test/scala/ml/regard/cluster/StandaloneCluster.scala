package ml.regard.cluster

import java.net.ServerSocket
import java.nio.file.{Files, Path}

import scala.jdk.CollectionConverters._
import scala.jdk.StreamConverters._
import scala.util.Using

import com.fasterxml.jackson.databind.JsonNode
import ml.regard.{RegardProcess, SharedSpark}
import ml.regard.cluster.Web.eventually
import org.scalatest.Assertions

/** A standalone master and its workers, processes of their own on loopback, from the Spark that the
  * launcher assembles. Their ports are free ones; folders and logs lie in a temporary folder.
  *
  * @param cores
  *   of each of the two workers
  */
final class StandaloneCluster(cores: Int = 1) extends Assertions with AutoCloseable {
  private val spark = RegardProcess.embeddedSpark
  private val folder = SharedSpark.temporaryFolder("standalone")
  private var daemons = Vector.empty[Daemon]
  sys.addShutdownHook(close())

  private val port, page = StandaloneCluster.freePort()

  /** What `--master` takes. */
  val url = s"spark://127.0.0.1:$port"
  daemon("master", "master.Master", "--port", s"$port", "--webui-port", s"$page")
  eventually(assert(state.get("status").asText == "ALIVE"))
  addWorker()
  addWorker()

  /** A master or worker, with its log. */
  final class Daemon(val name: String, val process: Process, val log: Path) {

    /** The executors that this worker runs. */
    def executors: Seq[ProcessHandle] =
      process.children.toScala(Seq).filter(_.info.commandLine.orElse("").contains("--executor-id"))
  }

  def workers: Seq[Daemon] = daemons.tail.filter(_.process.isAlive)

  /** What the master knows: workers, applications and drivers, alive and ended. */
  def state: JsonNode = Web.json(page, "/json/")

  /** Starts a worker and waits until the master counts it. */
  def addWorker(): Daemon = {
    val before = state.get("aliveworkers").asInt
    val name = s"worker-${daemons.size}"
    val work = folder.resolve(s"$name-files").toString
    val size = Seq("-c", cores.toString, "-m", "6g", "--webui-port", "0")
    val worker =
      daemon(name, "worker.Worker", size ++ Seq("--port", "0", "--work-dir", work, url): _*)
    eventually(assert(state.get("aliveworkers").asInt == before + 1))
    worker
  }

  /** What a driver on a worker wrote: `stream` is stdout or stderr. */
  def driverWrote(driver: String, stream: String): Seq[String] =
    lines(files.find(_.endsWith(Path.of(driver, stream))).get)

  /** The end of each log, and of what drivers and executors wrote, for a test that failed. */
  def tails: String = {
    val told = files.filter(file => file.toString.endsWith(".log") || file.endsWith("stderr"))
    told
      .map(file => (s"--- $file" +: lines(file).takeRight(8).map(_.take(300))).mkString("\n"))
      .mkString("\n")
  }

  private def files: Seq[Path] = Using.resource(Files.walk(folder))(_.toScala(Seq))

  private def lines(file: Path): Seq[String] = Files.readAllLines(file).asScala.toSeq

  override def close(): Unit = {
    val all = daemons.flatMap(d => d.process.toHandle +: d.process.descendants.toScala(Seq))
    all.foreach(_.destroyForcibly())
    all.foreach(_.onExit.join())
  }

  private def daemon(name: String, main: String, arguments: String*): Daemon = {
    val log = folder.resolve(s"$name.log")
    val java = Path.of(System.getProperty("java.home"), "bin", "java").toString
    val words = Seq(java, "-Xmx512m", "-Dspark.master.rest.enabled=false", "-cp", s"$spark/jars/*")
    val builder = new ProcessBuilder(
      (words ++ Seq(s"org.apache.spark.deploy.$main", "--host", "127.0.0.1") ++ arguments): _*
    )
    builder.redirectErrorStream(true).redirectOutput(log.toFile)
    val environment = builder.environment
    environment.put("SPARK_HOME", spark.toString)
    environment.put("SPARK_SCALA_VERSION", "2.13")
    environment.putAll((RegardProcess.environment ++ RegardProcess.mapped).asJava)
    val started = new Daemon(name, builder.start(), log)
    daemons :+= started
    started
  }
}

object StandaloneCluster {

  /** A port that nobody listened on just now. */
  def freePort(): Int = Using.resource(new ServerSocket(0))(_.getLocalPort)
}
