package ml.regard.job

import java.io.{PrintWriter, StringWriter}
import java.nio.charset.StandardCharsets
import java.nio.file.{Files, Path}

import com.fasterxml.jackson.databind.{JsonNode, ObjectMapper}
import ml.regard.SharedSpark

/** Runs commands in this process, with the session that all suites share. */
object Jobs {
  final case class Run(code: Int, out: String, err: String) {
    def json: JsonNode = new ObjectMapper().readTree(out.linesIterator.toSeq.last)
    def lastErrorLine: String = err.linesIterator.toSeq.lastOption.getOrElse("")
  }

  def run(arguments: String*): Run = {
    SharedSpark.session
    val (out, err) = (new StringWriter, new StringWriter)
    val code = Main.run(arguments.toArray, new PrintWriter(out), new PrintWriter(err))
    Run(code, out.toString, err.toString)
  }

  def csv(folder: Path, name: String, lines: String*): String = {
    val file = folder.resolve(name)
    Files.write(file, lines.mkString("", "\n", "\n").getBytes(StandardCharsets.UTF_8))
    file.toString
  }

  def read(path: Path): String = new String(Files.readAllBytes(path), StandardCharsets.UTF_8)

  /** What a folder holds, hidden files too, without Hadoop's checksum files. */
  def names(folder: Path): Set[String] = {
    val files = Files.list(folder)
    try
      files.toArray
        .map(_.asInstanceOf[Path].getFileName.toString)
        .filterNot(_.endsWith(".crc"))
        .toSet
    finally files.close()
  }
}
