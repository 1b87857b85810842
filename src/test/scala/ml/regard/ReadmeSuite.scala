package ml.regard

import java.nio.charset.StandardCharsets
import java.nio.file.{Files, Path}

import job.Commands
import ml.KernelRegression
import org.scalatest.funsuite.AnyFunSuite

/** The README is held to what the code does. */
class ReadmeSuite extends AnyFunSuite {
  private val readme =
    new String(Files.readAllBytes(Path.of("README.md")), StandardCharsets.UTF_8)

  test("every command in the README is one that parses, and its input files are there") {
    val commands = "(?s)```sh\n(.*?)```".r
      .findAllMatchIn(readme)
      .flatMap(_.group(1).replace("\\\n", " ").linesIterator)
      .filter(_.startsWith("jobs/regard"))
      .toSeq
    assert(commands.size >= 7)
    for (command <- commands) {
      val words = "\"([^\"]*)\"|(\\S+)".r.findAllMatchIn(command).toSeq.map { m =>
        Option(m.group(1)).getOrElse(m.group(2))
      }
      Commands.parse(words.tail: _*)
      for (word <- words if word.startsWith("data/")) assert(Files.exists(Path.of(word)), word)
    }
  }

  test("the parameter table names every parameter with its default") {
    val rows = "(?m)^\\| `(\\w+)` \\| (.*?) \\|".r
      .findAllMatchIn(readme.substring(readme.indexOf("| parameter |")))
      .map(m => m.group(1) -> m.group(2).replace("`", ""))
      .toMap
    val regression = new KernelRegression("readme")
    val params = regression.params
    assert(rows.keySet == params.map(_.name).toSet)
    for (param <- params) {
      val default = regression.getDefault(param).map {
        case ""    => "none"
        case value => value.toString
      }
      assert(rows(param.name) == default.getOrElse("unset"), param.name)
    }
  }
}
