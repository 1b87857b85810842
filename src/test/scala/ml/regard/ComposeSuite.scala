package ml.regard

import com.fasterxml.jackson.databind.{JsonNode, ObjectMapper}
import com.networknt.schema.{JsonSchemaFactory, SchemaLocation, SpecVersion}
import java.nio.file.{Files, Path}
import org.scalatest.funsuite.AnyFunSuite
import org.yaml.snakeyaml.constructor.SafeConstructor
import org.yaml.snakeyaml.error.YAMLException
import org.yaml.snakeyaml.{LoaderOptions, Yaml}
import scala.jdk.CollectionConverters._

/** docker-compose.yml against the schema of the Compose Specification and against our own rules. */
class ComposeSuite extends AnyFunSuite {
  private val text = Files.readString(Path.of("docker-compose.yml"))
  private val compose = parse(text)
  private val services = compose.get("services").properties.asScala.map(e => e.getKey -> e.getValue)
  private val longRunning = Set("master", "worker", "history")

  private lazy val schema = JsonSchemaFactory
    .getInstance(SpecVersion.VersionFlag.V202012)
    .getSchema(SchemaLocation.of("classpath:compose-spec.json"))

  // The mapper of jackson-dataformat-yaml does not resolve anchors and merges; its parser does.
  private def parse(yaml: String): JsonNode = {
    val options = new LoaderOptions
    options.setAllowDuplicateKeys(false)
    new ObjectMapper().valueToTree(new Yaml(new SafeConstructor(options)).load[AnyRef](yaml))
  }

  private def violations(file: JsonNode): Seq[String] =
    schema.validate(file).asScala.map(_.getMessage).toSeq

  private def words(list: JsonNode): Seq[String] = list.asScala.map(_.asText).toSeq

  private def names(map: JsonNode): Set[String] = map.fieldNames.asScala.toSet

  test("the file is valid under the schema of the Compose Specification") {
    assert(violations(compose) === Nil)
  }

  test("the schema finds what is wrong") {
    def broken(from: String, to: String) = {
      assert(text.contains(from))
      violations(parse(text.replace(from, to)))
    }
    assert(broken("    hostname: master", "    hostnames: master").mkString.contains("hostnames"))
    assert(broken("condition: service_healthy", "condition: healthy").nonEmpty)
    assert(broken("hostname: master", "hostname: [master]").nonEmpty)
    assert(broken("cap_drop: [ALL]", "cap_drop: ALL").nonEmpty)
  }

  test("a key given twice is an error") {
    assertThrows[YAMLException](parse("services:\n  a: {image: x}\n  a: {image: y}\n"))
  }

  test("there are a master, two workers, a history server and a submit service") {
    assert(services.map(_._1).toSet === longRunning + "submit")
    assert(compose.at("/services/worker/deploy/replicas").asInt === 2)
  }

  test("every image is pinned to the Spark version of pom.xml, on Java 17") {
    val pom = Files.readString(Path.of("pom.xml"))
    val spark = "<spark.version>(.+)</spark.version>".r.findFirstMatchIn(pom).get.group(1)
    for ((name, service) <- services)
      assert(
        service.get("image").asText === s"apache/spark:$spark-scala2.13-java17-ubuntu",
        s"in $name"
      )
  }

  test("no service runs as root, gains rights or shares the network of the host") {
    for ((name, service) <- services) {
      assert(service.get("user").asText.matches("[1-9]\\d*:[1-9]\\d*"), s"in $name")
      assert(words(service.get("cap_drop")) === Seq("ALL"), s"in $name")
      assert(words(service.get("security_opt")) === Seq("no-new-privileges:true"), s"in $name")
      for (key <- Seq("privileged", "network_mode", "pid", "ipc", "cap_add", "devices"))
        assert(!service.has(key), s"$key in $name")
    }
  }

  test("every service that stays up has a health check and runs in the foreground") {
    for ((name, service) <- services if longRunning(name)) {
      val check = service.get("healthcheck")
      assert(words(check.get("test")).head === "CMD", s"in $name")
      assert(names(check) === Set("test", "interval", "timeout", "retries", "start_period"))
      assert(service.get("command").get(0).asText === "/opt/spark/bin/spark-class", s"in $name")
      assert(service.get("command").get(1).asText.startsWith("org.apache.spark.deploy."))
    }
  }

  test("the submit service runs the demo through the launcher, against the master") {
    val command = words(compose.at("/services/submit/command"))
    assert(command.head === "/regard/jobs/regard")
    assert(command.containsSlice(Seq("--master", "spark://master:7077")))
    assert(command.contains("demo"))
    val mounts = words(compose.at("/services/submit/volumes"))
    assert(mounts.contains(".:/regard:ro"))
  }

  test("a service waits for services that exist, until they are healthy") {
    for {
      (name, service) <- services if service.has("depends_on")
      other <- service.get("depends_on").properties.asScala
    } {
      assert(longRunning(other.getKey), s"in $name")
      assert(other.getValue.get("condition").asText === "service_healthy", s"in $name")
    }
  }

  test("named volumes are declared, used, and once mounted where user 185 may write") {
    val mounts = services.toSeq
      .flatMap { case (_, service) => Option(service.get("volumes")).toSeq.flatMap(words) }
      .map(_.split(":").toSeq)
      .filterNot(_.head.startsWith("."))
    val declared = names(compose.get("volumes"))
    assert(mounts.map(_.head).toSet === declared)
    for (volume <- declared)
      assert(mounts.exists(m => m.head == volume && m(1) == "/opt/spark/work-dir"), volume)
  }

  test("driver and executors see the output folder under the same name") {
    val output = words(compose.at("/services/submit/volumes")).filter(_.startsWith("output:"))
    assert(output.nonEmpty)
    assert(words(compose.at("/services/worker/volumes")).filter(_.startsWith("output:")) === output)
    val folder = output.head.split(":")(1)
    val command = words(compose.at("/services/submit/command"))
    assert(command(command.indexOf("--out") + 1).startsWith(folder + "/"))
  }

  test("ports are open to this machine only") {
    val ports = services.flatMap { case (_, s) => Option(s.get("ports")).toSeq.flatMap(words) }
    assert(ports.nonEmpty)
    for (port <- ports) assert(port.startsWith("127.0.0.1:"))
  }

  test("the file holds no password and no secret") {
    assert(!compose.has("secrets"))
    val secret = "(?i).*(passw|secret|token|credential|api_?key|access_?key).*"
    for {
      (name, service) <- services
      key <- Option(service.get("environment")).toSeq.flatMap(names)
    } assert(!key.matches(secret), s"in $name")
    assert(!text.linesIterator.exists(_.matches(secret)))
  }
}
