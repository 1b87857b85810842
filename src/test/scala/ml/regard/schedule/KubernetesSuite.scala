package ml.regard.schedule

import com.fasterxml.jackson.databind.JsonNode
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper
import java.nio.file.{Files, Path}

import org.scalatest.funsuite.AnyFunSuite
import scala.jdk.CollectionConverters._

/** The ScheduledSparkApplication against a table of the operator's fields, and its command.
  *
  * The table is drawn from the custom resource definition of Kubeflow's Spark operator 2.2
  * (config/crd/bases/sparkoperator.k8s.io_scheduledsparkapplications.yaml): of each object that is
  * in use the fields that we may want, their types, and which ones it requires.
  */
class KubernetesSuite extends AnyFunSuite {
  import Kind._

  private val text = Files.readString(ScheduledScore.folder.resolve("regard-score.yaml"))
  private val app = new YAMLMapper().readTree(text)

  private val pod = Seq("cores" -> Number, "memory" -> Text, "memoryOverhead" -> Text) ++
    Seq("serviceAccount" -> Text, "labels" -> TextMap, "javaOptions" -> Text)
  private val restartPolicy = Fields()(
    "type" -> OneOf("Never", "OnFailure", "Always"),
    "onFailureRetries" -> Number,
    "onFailureRetryInterval" -> Number,
    "onSubmissionFailureRetries" -> Number,
    "onSubmissionFailureRetryInterval" -> Number
  )
  private val template =
    Fields("driver", "executor", "mainApplicationFile", "sparkVersion", "type")(
      "type" -> OneOf("Java", "Python", "Scala", "R"),
      "mode" -> OneOf("cluster", "client"),
      "sparkVersion" -> Text,
      "image" -> Text,
      "imagePullPolicy" -> Text,
      "mainClass" -> Text,
      "mainApplicationFile" -> Text,
      "arguments" -> Texts,
      "sparkConf" -> TextMap,
      "hadoopConf" -> TextMap,
      "restartPolicy" -> restartPolicy,
      "driver" -> Fields()(pod: _*),
      "executor" -> Fields()(pod :+ ("instances" -> Number): _*)
    )
  private val resource = Fields("apiVersion", "kind", "metadata", "spec")(
    "apiVersion" -> OneOf("sparkoperator.k8s.io/v1beta2"),
    "kind" -> OneOf("ScheduledSparkApplication"),
    "metadata" -> Fields("name")("name" -> Text, "namespace" -> Text, "labels" -> TextMap),
    "spec" -> Fields("schedule", "template")(
      "schedule" -> Text,
      "timeZone" -> Text,
      "concurrencyPolicy" -> OneOf("Allow", "Forbid", "Replace"),
      "successfulRunHistoryLimit" -> Number,
      "failedRunHistoryLimit" -> Number,
      "template" -> template
    )
  )

  /** What is wrong with a value, each with its place. */
  private def problems(node: JsonNode, kind: Kind, at: String): Seq[String] = {
    def when(wrong: Boolean) = if (wrong) Seq(s"$at: $node") else Nil
    kind match {
      case Text            => when(!node.isTextual)
      case Number          => when(!node.isInt || node.asInt < 0)
      case OneOf(all @ _*) => when(!all.contains(node.asText))
      case Texts           =>
        when(!node.isArray) ++ node.asScala.flatMap(problems(_, Text, at))
      case TextMap =>
        when(!node.isObject) ++
          node.properties.asScala.flatMap(f => problems(f.getValue, Text, s"$at.${f.getKey}"))
      case fields: Fields =>
        val known = fields.known.toMap
        when(!node.isObject) ++
          fields.required.filterNot(node.has).map(name => s"$at.$name is missing") ++
          node.properties.asScala.flatMap { field =>
            val place = s"$at.${field.getKey}"
            known
              .get(field.getKey)
              .map(problems(field.getValue, _, place))
              .getOrElse(Seq(s"$place is unknown"))
          }
    }
  }

  private def problems(yaml: String): Seq[String] =
    problems(new YAMLMapper().readTree(yaml), resource, "")

  private def words = app.at("/spec/template/arguments").asScala.map(_.asText).toSeq

  test("the file has the fields that the operator requires, and knows all that it has") {
    assert(problems(text) == Nil)
  }

  test("the table finds what is wrong") {
    def broken(from: String, to: String) = {
      assert(text.contains(from))
      problems(text.replace(from, to))
    }
    assert(broken("concurrencyPolicy: Forbid", "concurrencyPolicy: Never").nonEmpty)
    assert(broken("concurrencyPolicy:", "concurrency:") == Seq(".spec.concurrency is unknown"))
    assert(broken("type: Java", "kind: Java").exists(_.contains("type is missing")))
    assert(broken("onFailureRetries: 2", "onFailureRetries: \"2\"").nonEmpty)
    assert(broken("- yesterday", "- 2026").nonEmpty)
  }

  test("a run starts once a day in UTC, and not beside another one") {
    assert(app.at("/spec/schedule").asText.matches("\\d+ \\d+ \\* \\* \\*"))
    assert(app.at("/spec/timeZone").asText == "UTC")
    assert(app.at("/spec/concurrencyPolicy").asText == "Forbid")
  }

  test("the last retry starts on the same day") {
    val policy = app.at("/spec/template/restartPolicy")
    assert(policy.get("type").asText == "OnFailure")
    val retries = policy.get("onFailureRetries").asInt
    // The operator waits for the interval times the attempts so far.
    val waits = (1 to retries).map(_ * policy.get("onFailureRetryInterval").asInt).sum
    assert(retries > 0 && waits < 3600)
  }

  test("image and Spark fit the build") {
    val pom = Files.readString(Path.of("pom.xml"))
    val spark = "<spark.version>(.+)</spark.version>".r.findFirstMatchIn(pom).get.group(1)
    val version = "(?m)^  <version>(.+)</version>".r.findFirstMatchIn(pom).get.group(1)
    assert(app.at("/spec/template/sparkVersion").asText == spark)
    assert(app.at("/spec/template/image").asText.endsWith(s":$version"))
    assert(app.at("/spec/template/mainClass").asText == classOf[ml.regard.job.Main].getName)
    assert(app.at("/spec/template/mainApplicationFile").asText.startsWith("local:///"))
  }

  test("driver and executors have memory beside the heap, and the driver a service account") {
    for (role <- Seq("driver", "executor"); size <- Seq("memory", "memoryOverhead"))
      assert(app.at(s"/spec/template/$role/$size").asText.matches("\\d+[mg]"), s"$role $size")
    assert(app.at("/spec/template/driver/serviceAccount").asText.nonEmpty)
  }

  test("the arguments are a score command for yesterday's rows, with a result") {
    assert(ScheduledScore.value(words, "--run-date") == "yesterday")
    for (option <- Seq("--date-col", "--result", "--rejected")) assert(words.contains(option))
    ScheduledScore.assertParses(words)
  }

  test("the executors find every path, none is on a driver's disk") {
    for (option <- Seq("--model", "--data", "--out", "--rejected", "--result"))
      assert(ScheduledScore.value(words, option).startsWith("hdfs://"), option)
  }
}

/** What a field may hold. */
private sealed trait Kind

private object Kind {
  case object Text extends Kind
  case object Number extends Kind
  case object Texts extends Kind
  case object TextMap extends Kind
  final case class OneOf(values: String*) extends Kind
  final case class Fields(required: String*)(val known: (String, Kind)*) extends Kind
}
