package ml.regard.schedule

import java.nio.file.{Files, Path}
import java.time.{LocalDate, ZoneOffset}
import java.util.concurrent.TimeUnit

import ml.regard.SharedSpark
import ml.regard.job.Commands
import org.scalatest.Assertions._
import scala.jdk.CollectionConverters._

/** The command of a schedule, run by a shell with a launcher that writes down its words. */
object ScheduledScore {
  val folder: Path = Path.of("jobs/schedule")

  /** A folder that stands for a machine: the launcher, its words, and the state directory. */
  final class Machine(launcherExit: Int = 0) {
    val root: Path = SharedSpark.temporaryFolder("schedule")
    val state: Path = Files.createDirectory(root.resolve("state"))
    private val called = root.resolve("called")
    private val launcher = root.resolve("regard")
    private val script =
      s"#!/bin/sh\nprintf '%s\\n' $$(pwd) \"$$@\" >>$called\necho started\nexit $launcherExit\n"
    Files.writeString(launcher, script)
    launcher.toFile.setExecutable(true)

    /** Runs a line of shell that names the launcher and the state directory as installed. */
    def run(line: String): (Int, String) = {
      assert(line.contains("/opt/regard/jobs/regard "))
      val here = line
        .replace("/opt/regard/jobs/regard", launcher.toString)
        .replace("/var/lib/regard", state.toString)
      val out = root.resolve("out")
      val process = new ProcessBuilder("/bin/sh", "-c", here)
        .directory(state.toFile)
        .redirectErrorStream(true)
        .redirectOutput(out.toFile)
        .start()
      assert(process.waitFor(1, TimeUnit.MINUTES), line)
      (process.exitValue, Files.readString(out))
    }

    /** The folder that the launcher ran in, and its words; nothing when it was not called. */
    def calls: Seq[String] =
      if (Files.exists(called)) Files.readAllLines(called).asScala.toSeq else Nil
  }

  /** Checks that words are a `score` command for the last day that is over, with a result. */
  def assertScoresYesterday(words: Seq[String]): Unit = {
    val today = LocalDate.now(ZoneOffset.UTC)
    assertParses(words)
    val date = LocalDate.parse(value(words, "--run-date"))
    assert(date == today.minusDays(1) || date == LocalDate.now(ZoneOffset.UTC).minusDays(1))
    assert(value(words, "--result").contains(date.toString))
  }

  /** Checks that words are a `score` command, with what its config file says. */
  def assertParses(words: Seq[String]): Unit = {
    assert(words.head == "score")
    val config = words.indexOf("--config")
    val expanded =
      if (config < 0) words
      else {
        val name = Path.of(words(config + 1)).getFileName
        words.patch(config, Commands.config(Path.of("conf").resolve(name)), 2)
      }
    Commands.parse(expanded: _*)
  }

  def value(words: Seq[String], option: String): String = words(words.indexOf(option) + 1)
}
