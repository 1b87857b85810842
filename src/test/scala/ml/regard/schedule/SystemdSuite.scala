package ml.regard.schedule

import java.io.IOException
import java.nio.file.Files
import java.util.concurrent.TimeUnit

import ml.regard.SharedSpark
import org.scalatest.funsuite.AnyFunSuite

/** The systemd units: sections and keys, the policy of retries, and the command that they run. */
class SystemdSuite extends AnyFunSuite {
  private type Unit = Map[String, Seq[(String, String)]]

  // man systemd.unit, systemd.service, systemd.exec and systemd.timer: the keys in use.
  private val known = Map(
    "Unit" -> Set(
      Seq("Description", "Wants", "After", "StartLimitIntervalSec", "StartLimitBurst"): _*
    ),
    "Service" -> Set(
      Seq("Type", "User", "StateDirectory", "WorkingDirectory", "Environment", "ExecStart") ++
        Seq("TimeoutStartSec", "Restart", "RestartSec", "RestartPreventExitStatus") ++
        Seq("ProtectSystem", "ProtectHome", "PrivateTmp", "NoNewPrivileges", "RestrictSUIDSGID") ++
        Seq("LockPersonality", "ProtectControlGroups", "ProtectKernelModules") ++
        Seq("ProtectKernelTunables"): _*
    ),
    "Timer" -> Set("OnCalendar", "Persistent", "RandomizedDelaySec"),
    "Install" -> Set("WantedBy")
  )
  private val service = unit("regard-score.service")
  private val timer = unit("regard-score.timer")

  private def unit(name: String): Unit = {
    val lines = Files.readString(ScheduledScore.folder.resolve(name)).linesIterator
    var section = ""
    lines
      .filterNot(line => line.isBlank || line.startsWith("#"))
      .flatMap {
        case s"[$name]" =>
          section = name
          None
        case s"$key=$value" => Some(section -> (key -> value))
        case line           => fail(s"no setting: $line")
      }
      .toSeq
      .groupMap(_._1)(_._2)
  }

  private def value(unit: Unit, section: String, key: String): String = {
    val values = unit(section).collect { case (`key`, value) => value }
    assert(values.size == 1, key)
    values.head
  }

  private def seconds(span: String): Int = span match {
    case s"${n}h"   => n.toInt * 3600
    case s"${n}min" => n.toInt * 60
  }

  test("the units hold sections and keys that systemd knows") {
    assert(service.keySet == Set("Unit", "Service"))
    assert(timer.keySet == Set("Unit", "Timer", "Install"))
    for (unit <- Seq(service, timer); (section, settings) <- unit; (key, value) <- settings) {
      assert(known(section)(key), s"[$section] $key")
      assert(value.nonEmpty, key)
    }
  }

  test("systemd-analyze verify finds nothing") {
    val copies = SharedSpark.temporaryFolder("units")
    val files = Seq("regard-score.service", "regard-score.timer").map { name =>
      Files.copy(ScheduledScore.folder.resolve(name), copies.resolve(name)).toString
    }
    val out = copies.resolve("out").toFile
    val process =
      try
        new ProcessBuilder(Seq("systemd-analyze", "verify", "--man=no") ++ files: _*)
          .redirectErrorStream(true)
          .redirectOutput(out)
          .start()
      catch { case _: IOException => cancel("systemd-analyze is not installed") }
    assert(process.waitFor(1, TimeUnit.MINUTES))
    val said = Files.readString(out.toPath)
    assert(process.exitValue == 0, said)
    assert(!said.contains("regard-score"), said)
  }

  test("the timer starts the service every night, and after a night that it missed") {
    assert(value(timer, "Timer", "OnCalendar").matches("\\*-\\*-\\* \\d\\d:\\d\\d:00 UTC"))
    assert(value(timer, "Timer", "Persistent") == "true")
    assert(value(timer, "Install", "WantedBy") == "timers.target")
  }

  test("exit codes 2 and 3 are not retried, others twice and before the next night") {
    assert(value(service, "Service", "Type") == "oneshot")
    assert(value(service, "Service", "Restart") == "on-failure")
    assert(value(service, "Service", "RestartPreventExitStatus") == "2 3")
    val starts = value(service, "Unit", "StartLimitBurst").toInt
    val window = seconds(value(service, "Unit", "StartLimitIntervalSec"))
    val attempt = seconds(value(service, "Service", "TimeoutStartSec")) +
      seconds(value(service, "Service", "RestartSec"))
    assert(starts == 3)
    assert(starts * attempt < window && window < 24 * 3600)
  }

  test("the command scores yesterday, from the state directory") {
    val machine = new ScheduledScore.Machine
    assert(value(service, "Service", "StateDirectory") == "regard")
    assert(value(service, "Service", "WorkingDirectory") == "/var/lib/regard")
    val line = value(service, "Service", "ExecStart") match {
      case s"/bin/sh -c '$line'" => line
    }
    assert(!line.replace("%%", "").contains('%') && !line.replace("$$", "").contains('$'))
    val (code, said) = machine.run(line.replace("%%", "%").replace("$$", "$"))
    assert(code == 0, said)
    assert(machine.calls.head == machine.state.toString)
    ScheduledScore.assertScoresYesterday(machine.calls.tail)
  }

  test("the exit code of the job is the exit code of the service") {
    val machine = new ScheduledScore.Machine(launcherExit = 3)
    val s"/bin/sh -c '$line'" = value(service, "Service", "ExecStart")
    assert(machine.run(line.replace("%%", "%").replace("$$", "$"))._1 == 3)
  }

  test("the JVM may write machine code") {
    assert(!service("Service").exists(_._1 == "MemoryDenyWriteExecute"))
  }
}
