package ml.regard.schedule

import java.nio.file.Files

import org.scalatest.funsuite.AnyFunSuite

/** The crontab: its fields, its escapes, and the command that it runs. */
class CronSuite extends AnyFunSuite {
  private val lines = Files
    .readString(ScheduledScore.folder.resolve("regard-score.cron"))
    .linesIterator
    .filterNot(line => line.isBlank || line.startsWith("#"))
    .toSeq
  private val (settings, entries) = lines.partition(_.matches("[A-Z_]+=\\S*"))
  private val entry = entries.head
  private val fields = entry.split(" ", 7)

  /** What cron gives to the shell: an escaped percent is one, a bare one would end the line. */
  private def command: String = {
    assert(!fields(6).replace("\\%", "").contains('%'))
    fields(6).replace("\\%", "%")
  }

  test("there are settings and one entry, on a line that ends") {
    assert(entries.size == 1)
    assert(
      settings.map(_.takeWhile(_ != '=')).toSet ==
        Set("SHELL", "PATH", "MAILTO", "CRON_TZ", "SPARK_HOME", "SPARK_CONF_DIR")
    )
    assert(settings.contains("SHELL=/bin/sh") && settings.contains("CRON_TZ=UTC"))
    val text = Files.readString(ScheduledScore.folder.resolve("regard-score.cron"))
    assert(text.endsWith("\n"))
  }

  test("the entry runs once a day, as its own user") {
    val limits = Seq(0 to 59, 0 to 23)
    for ((field, limit) <- fields.take(2).zip(limits)) assert(limit.contains(field.toInt))
    assert(fields.slice(2, 5).toSeq == Seq("*", "*", "*"))
    assert(fields(5) == "regard")
  }

  test("the command scores yesterday, logs, and says nothing that cron would mail") {
    val machine = new ScheduledScore.Machine
    val (code, said) = machine.run(command)
    assert(code == 0 && said.isEmpty, said)
    assert(machine.calls.head == machine.state.toString)
    ScheduledScore.assertScoresYesterday(machine.calls.tail)
    assert(Files.readString(machine.state.resolve("score.log")).endsWith("started\n"))
  }

  test("of a run that fails the exit code and the last line of the log are mailed") {
    val (_, said) = new ScheduledScore.Machine(launcherExit = 3).run(command)
    assert(said.matches("score \\d{4}-\\d\\d-\\d\\d: exit code 3: started\n"))
  }

  test("while one run holds the lock, another does not start, and that is mailed") {
    val machine = new ScheduledScore.Machine
    val (_, said) = machine.run(s"flock score.lock sh -c '$command'")
    assert(!command.contains('\''))
    assert(said.contains("exit code 75"), said)
    assert(machine.calls.isEmpty)
  }
}
