package ml.regard

import java.nio.file.{Files, Path}

import job.Commands
import org.scalatest.funsuite.AnyFunSuite
import scala.jdk.CollectionConverters._
import scala.util.Using

/** The pages for operators are held to what the code does. */
class DocsSuite extends AnyFunSuite {
  private val commands = Commands.names

  private def page(name: String) = Files.readString(Path.of("docs", name))

  /** The commands of a page's shell blocks, each on one line, without a shell's words around. */
  private def lines(page: String): Seq[String] =
    "(?s)```sh\n(.*?)```".r
      .findAllMatchIn(page)
      .flatMap(_.group(1).replace("\\\n", " ").linesIterator)
      .toSeq

  /** The words for the job: those from the command on. */
  private def jobWords(line: String): Seq[String] =
    "\"([^\"]*)\"|(\\S+)".r
      .findAllMatchIn(line.replace("|| break", "").replace("$day", "2026-07-01"))
      .map(m => Option(m.group(1)).getOrElse(m.group(2)))
      .toSeq
      .dropWhile(!commands(_))

  private def expanded(words: Seq[String]): Seq[String] = {
    val config = words.indexOf("--config")
    if (config < 0) words else words.patch(config, Commands.config(Path.of(words(config + 1))), 2)
  }

  private def assertCommandsParse(name: String, atLeast: Int): Unit = {
    val jobs = lines(page(name)).filter(_.matches(".*(jobs/regard|bin/spark-submit) .*"))
    assert(jobs.size >= atLeast)
    for (line <- jobs) Commands.parse(expanded(jobWords(line)): _*)
  }

  test("every command in the page on schedules parses, and its files are there") {
    assertCommandsParse("schedules.md", 1)
    val named = "(?:jobs|conf)/[\\w./-]+\\w".r.findAllIn(lines(page("schedules.md")).mkString("\n"))
    for (file <- named) assert(Files.exists(Path.of(file)), file)
  }

  test("every command in the page on operations parses") {
    assertCommandsParse("operations.md", 6)
  }

  test("the image is built from the Spark and the jar of this build") {
    val pom = Files.readString(Path.of("pom.xml"))
    val spark = "<spark.version>(.+)</spark.version>".r.findFirstMatchIn(pom).get.group(1)
    val version = "(?m)^  <version>(.+)</version>".r.findFirstMatchIn(pom).get.group(1)
    val image = "(?s)```dockerfile\n(.*?)```".r.findFirstMatchIn(page("schedules.md")).get.group(1)
    val app = Files.readString(Path.of("jobs/schedule/regard-score.yaml"))
    val jar = "local://(\\S+)".r.findFirstMatchIn(app).get.group(1)
    assert(
      image.linesIterator.toSeq == Seq(
        s"FROM apache/spark:$spark-scala2.13-java17-ubuntu",
        s"COPY target/regard-spark_2.13-$version-job.jar $jar"
      )
    )
  }

  test("every sentence in the table of errors is one that the code says") {
    // Strings that are put together over several lines, as one.
    val said = (sources :+ Path.of("jobs/regard"))
      .map(Files.readString)
      .mkString
      .replaceAll("\"\\s*(\\.formatted\\([^\"]*?\\)\\s*)?\\+\\s*\"", "")
    val rows = "(?m)^\\| `(.*?)` \\| (?:\\d|3 or 1) \\|".r.findAllMatchIn(page("operations.md"))
    val sentences = rows.map(_.group(1)).toSeq
    assert(sentences.size >= 20)
    for (sentence <- sentences; part <- sentence.split("\\.\\.\\.") if part.trim.length > 3)
      assert(said.replace("\\\"", "\"").contains(part.trim), sentence)
  }

  test("the links between the pages lead somewhere") {
    for {
      name <- Seq("schedules.md", "operations.md")
      link <- "\\]\\(([\\w.-]*)(?:#([\\w-]+))?\\)".r.findAllMatchIn(page(name))
    } {
      val target = if (link.group(1).isEmpty) name else link.group(1)
      val titles = "(?m)^#+ (.+)$".r.findAllMatchIn(page(target)).map(_.group(1))
      val anchors = titles.map(_.toLowerCase.replaceAll("[^\\w -]", "").replace(' ', '-')).toSet
      assert(Option(link.group(2)).forall(anchors), link.matched)
    }
  }

  private def sources: Seq[Path] =
    Using.resource(Files.walk(Path.of("src/main/java"))) {
      _.iterator.asScala.filter(_.toString.endsWith(".java")).toSeq
    }
}
