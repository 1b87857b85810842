package ml.regard.job

import java.io.File
import java.nio.file.{Files, Path}
import java.util.concurrent.TimeUnit

import scala.jdk.CollectionConverters._

import com.fasterxml.jackson.databind.{JsonNode, ObjectMapper}
import org.scalatest.Assertions

/** A command in a process of its own, through the launcher, that tests may watch and end. */
class RegardProcess(folder: Path, arguments: String*) extends Assertions {
  private val out = Files.createTempFile(folder, "out", ".txt")
  private val err = Files.createTempFile(folder, "err", ".txt")
  private val process = {
    val builder = new ProcessBuilder((new File("jobs/regard").getAbsolutePath +: arguments): _*)
    builder.environment.put("SPARK_HOME", "")
    builder.environment.put("SPARK_LOCAL_IP", "127.0.0.1")
    builder.redirectOutput(out.toFile).redirectError(err.toFile).start()
  }

  def outLines: Seq[String] = Files.readAllLines(out).asScala.toSeq
  def errLines: Seq[String] = Files.readAllLines(err).asScala.toSeq
  def json: JsonNode = new ObjectMapper().readTree(outLines.last)

  /** Looks again and again until something is there; fails when the process ends before that. */
  def awaitWhileRunning(what: String)(isThere: => Boolean): Unit = {
    val deadline = System.nanoTime + TimeUnit.MINUTES.toNanos(3)
    while (!isThere) {
      val running = !process.waitFor(20, TimeUnit.MILLISECONDS)
      assert(running, s"ended before there was $what:\n${errLines.mkString("\n")}")
      assert(System.nanoTime < deadline, s"no $what in time:\n${errLines.mkString("\n")}")
    }
  }

  /** SIGTERM. */
  def terminate(): Unit = process.destroy()

  /** SIGKILL. */
  def kill(): Unit = process.destroyForcibly()

  /** The exit code, once it has ended. */
  def exitCode(seconds: Long = 300): Int = {
    if (!process.waitFor(seconds, TimeUnit.SECONDS)) {
      kill()
      fail(s"did not end within $seconds s:\n${errLines.mkString("\n")}")
    }
    process.exitValue
  }
}
