package ml.regard

import java.io.ByteArrayOutputStream
import java.nio.charset.StandardCharsets
import java.nio.file.{Files, Path}
import javax.tools.ToolProvider

import com.fasterxml.jackson.databind.{JsonNode, ObjectMapper}
import job.{Commands, Jobs}
import ml.{KernelRegression, KernelRegressionModel}
import org.apache.spark.ml.Pipeline
import org.apache.spark.ml.feature.VectorAssembler
import org.scalatest.funsuite.AnyFunSuite

/** The README is held to what the code does. */
class ReadmeSuite extends AnyFunSuite {
  private val Json = new ObjectMapper
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
      // Options of spark-submit come before the command.
      Commands.parse(words.dropWhile(w => !Commands.names(w)): _*)
      for (word <- words if word.startsWith("data/")) assert(Files.exists(Path.of(word)), word)
    }
  }

  test("the demo prints what the README says") {
    val shown = Json.readTree(
      "(?s)```json\n(\\{\"averagePooling.*?)```".r.findFirstMatchIn(readme).get.group(1)
    )
    val out = SharedSpark.temporaryFolder("readme").resolve("demo")
    val run = Jobs.run("demo", "--out", out.toString)
    assert(run.code == 0, run.err)
    def compare(said: JsonNode, seen: JsonNode, at: String): Unit =
      if (said.isNumber)
        assert(math.abs(said.asDouble / seen.asDouble - 1) < 1e-9, at)
      else if (said.isArray || said.isObject) {
        assert(said.size == seen.size, at)
        val (s, t) = (said.elements, seen.elements)
        while (s.hasNext) compare(s.next(), t.next(), at)
      }
    for (key <- Seq("averagePooling", "nonparametric", "trained", "optimum"))
      compare(shown.get(key), run.json.get(key), key)
  }

  test("the Scala snippet is the one that runs here") {
    val data = Golden.csv("golden/mcycle/mcycle.csv").toSeq.map(r => (r(0), r(1)))
    val train = SharedSpark.session.createDataFrame(data).toDF("times", "accel")
    val test = train.drop("accel")
    // README
    val assembler = new VectorAssembler().setInputCols(Array("times")).setOutputCol("features")
    val regression = new KernelRegression().setLabelCol("accel")
    val model = new Pipeline().setStages(Array(assembler, regression)).fit(train)
    val predictions = model.transform(test)

    val learned = model.stages.last.asInstanceOf[KernelRegressionModel]
    println(learned.widths.mkString(", "))
    println(learned.summary.looRSquared)
    // README
    assert(predictions.count() == 133)
    val source = Files.readString(Path.of("src/test/scala/ml/regard/ReadmeSuite.scala"))
    val here = source.split("\n    // README\n")(1).linesIterator.map(_.stripPrefix("    "))
    val same = readme.contains(here.mkString("\n"))
    assert(same, "the snippet of the README is another one")
  }

  test("the Java snippet compiles") {
    val snippet = "(?s)```java\n(.*?)```".r.findFirstMatchIn(readme).get.group(1)
    val folder = SharedSpark.temporaryFolder("snippet")
    val file = folder.resolve("Snippet.java")
    Files.writeString(
      file,
      s"""import ml.regard.ml.*;
         |import org.apache.spark.ml.linalg.Vectors;
         |import org.apache.spark.sql.*;
         |class Snippet {
         |  void run(Dataset<Row> train, Dataset<Row> test) throws Exception {
         |    $snippet
         |  }
         |}""".stripMargin
    )
    val messages = new ByteArrayOutputStream
    val classPath = System.getProperty("java.class.path")
    val code = ToolProvider.getSystemJavaCompiler
      .run(null, messages, messages, "-cp", classPath, "-d", folder.toString, file.toString)
    assert(code == 0, messages.toString)
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
        case ""                     => "none"
        case numbers: Array[Double] => numbers.mkString(", ")
        case value                  => value.toString
      }
      assert(rows(param.name) == default.getOrElse("unset"), param.name)
    }
  }
}
