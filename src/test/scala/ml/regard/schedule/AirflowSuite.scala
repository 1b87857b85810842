package ml.regard.schedule

import com.fasterxml.jackson.databind.{JsonNode, ObjectMapper}
import java.io.IOException
import java.nio.file.{Files, Path}
import java.util.concurrent.TimeUnit

import ml.regard.SharedSpark
import org.scalatest.funsuite.AnyFunSuite
import scala.jdk.CollectionConverters._

/** The Airflow DAG as Python's own parser sees it: imports, the arguments of its calls, and the
  * command that it submits. Airflow itself is not needed.
  */
class AirflowSuite extends AnyFunSuite {
  private val dag = ScheduledScore.folder.resolve("regard_score.py")

  // Writes {"imports": [...], "calls": {name: {argument: value}}} with strings put together, and
  // null for what is no literal.
  private val reader =
    """import ast, json, sys
      |tree = ast.parse(open(sys.argv[1]).read())
      |names = {}
      |def value(node):
      |    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
      |        return value(node.left) + value(node.right)
      |    if isinstance(node, ast.Name):
      |        return names.get(node.id)
      |    if isinstance(node, ast.List):
      |        return [value(item) for item in node.elts]
      |    if isinstance(node, ast.Dict):
      |        return {value(k): value(v) for k, v in zip(node.keys, node.values)}
      |    if isinstance(node, ast.Call):
      |        return [value(item) for item in node.args] + [
      |            {k.arg: value(k.value)} for k in node.keywords]
      |    return ast.literal_eval(node) if isinstance(node, ast.Constant) else None
      |imports, calls = [], {}
      |for node in ast.walk(tree):
      |    if isinstance(node, ast.Assign):
      |        names[node.targets[0].id] = value(node.value)
      |    if isinstance(node, ast.ImportFrom):
      |        imports += [node.module + "." + name.name for name in node.names]
      |    if isinstance(node, ast.Import):
      |        imports += [name.name for name in node.names]
      |for node in ast.walk(tree):
      |    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
      |        assert node.func.id not in calls or node.func.id == "timedelta"
      |        calls[node.func.id] = {k.arg: value(k.value) for k in node.keywords}
      |print(json.dumps({"imports": imports, "calls": calls}))
      |""".stripMargin

  private lazy val parsed: JsonNode = {
    val out = SharedSpark.temporaryFolder("dag").resolve("out")
    val process =
      try
        new ProcessBuilder("python3", "-c", reader, dag.toString)
          .redirectErrorStream(true)
          .redirectOutput(out.toFile)
          .start()
      catch { case _: IOException => cancel("python3 is not installed") }
    assert(process.waitFor(1, TimeUnit.MINUTES))
    assert(process.exitValue == 0, Files.readString(out))
    new ObjectMapper().readTree(out.toFile)
  }
  private def call(name: String) = parsed.at(s"/calls/$name")
  private def operator = call("SparkSubmitOperator")
  private def keywords(call: JsonNode) = call.fieldNames.asScala.toSet
  private def words = operator.get("application_args").asScala.map(_.asText).toSeq

  // The parameters of SparkSubmitOperator in apache-airflow-providers-apache-spark 4 to 6, and those
  // of BaseOperator that we may want.
  private val operatorParameters = Set(
    Seq("application", "conf", "conn_id", "files", "archives", "driver_class_path", "jars") ++
      Seq("java_class", "packages", "exclude_packages", "repositories", "total_executor_cores") ++
      Seq("executor_cores", "executor_memory", "driver_memory", "keytab", "principal") ++
      Seq("proxy_user", "name", "num_executors", "status_poll_interval", "application_args") ++
      Seq("env_vars", "verbose", "spark_binary", "properties_file", "yarn_queue", "deploy_mode") ++
      Seq("use_krb5ccache", "task_id", "retries", "retry_delay", "execution_timeout", "pool"): _*
  )
  private val dagParameters = Set(
    Seq("dag_id", "description", "schedule", "start_date", "end_date", "catchup", "tags") ++
      Seq("max_active_runs", "dagrun_timeout", "default_args"): _*
  )

  test("the DAG imports what it needs of Airflow and the Spark provider, and nothing else") {
    assert(
      parsed.get("imports").asScala.map(_.asText).toSet == Set(
        "datetime.datetime",
        "datetime.timedelta",
        "datetime.timezone",
        "airflow.providers.apache.spark.operators.spark_submit.SparkSubmitOperator",
        "airflow.sdk.DAG",
        "airflow.timetables.interval.CronDataIntervalTimetable"
      )
    )
  }

  test("the arguments of DAG and operator are ones that they have") {
    assert(keywords(call("DAG")).diff(dagParameters).isEmpty)
    assert(keywords(operator).diff(operatorParameters).isEmpty)
    assert(
      keywords(call("DAG").get("default_args")).diff(operatorParameters + "depends_on_past").isEmpty
    )
  }

  test("a date at a time, each once it is over, with retries") {
    val dag = call("DAG")
    val schedule = dag.get("schedule")
    assert(schedule.get(0).asText.matches("\\d+ \\d+ \\* \\* \\*"))
    assert(schedule.get(1).get("timezone").asText == "UTC")
    assert(dag.get("catchup").isBoolean && dag.get("max_active_runs").asInt == 1)
    assert(dag.at("/default_args/retries").asInt == 2)
    assert(!dag.at("/default_args/depends_on_past").asBoolean(true))
  }

  test("the command scores the date of the run, and the result is that date's") {
    val date = "2026-07-01"
    val rendered = words.map(_.replace("{{ ds }}", date))
    assert(!rendered.exists(_.contains("{{")))
    ScheduledScore.assertParses(rendered)
    assert(ScheduledScore.value(rendered, "--run-date") == date)
    for (option <- Seq("--data", "--result"))
      assert(ScheduledScore.value(rendered, option).contains(date), option)
  }

  test("spark-submit gets the job's class and the jar of this version") {
    val pom = Files.readString(Path.of("pom.xml"))
    val version = "(?m)^  <version>(.+)</version>".r.findFirstMatchIn(pom).get.group(1)
    assert(operator.get("java_class").asText == classOf[ml.regard.job.Main].getName)
    assert(operator.get("application").asText.endsWith(s"/regard-spark_2.13-$version-job.jar"))
    for (value <- operator.get("conf").asScala) assert(value.isTextual)
  }
}
