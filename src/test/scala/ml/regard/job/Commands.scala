package ml.regard.job

import picocli.CommandLine

/** Parses a command line as the jobs do, without running it; throws when it is wrong. */
object Commands {
  val names: Set[String] = Set("generate", "demo", "fit", "score", "evaluate", "bench")

  def parse(arguments: String*): Unit = {
    val line = new CommandLine(new Main).setCaseInsensitiveEnumValuesAllowed(true)
    line.parseArgs(arguments: _*)
  }
}
