package ml.regard.job

import java.nio.file.Path

import picocli.CommandLine

/** Parses a command line as the jobs do, without running it; throws when it is wrong. */
object Commands {
  val names: Set[String] = Set("generate", "demo", "fit", "score", "evaluate", "explain", "bench")

  def parse(arguments: String*): Unit = {
    val line = new CommandLine(new Main).setCaseInsensitiveEnumValuesAllowed(true)
    line.setOverwrittenOptionsAllowed(true).parseArgs(arguments: _*)
  }

  /** The options that a config file stands for, as the launcher reads it. */
  def config(file: Path): Seq[String] =
    Jobs
      .read(file)
      .linesIterator
      .map(_.replaceFirst("(^|\\s)#.*$", "").trim)
      .filter(_.nonEmpty)
      .map(_.split("\\s*=\\s*", 2).toSeq)
      .flatMap {
        case Seq(key, "true")  => Seq("--" + key)
        case Seq(key, "false") => Seq(s"--$key=false")
        case Seq(key, value)   => Seq("--" + key, value)
      }
      .toSeq
}
