package ml.regard.job

import java.nio.file.attribute.FileTime
import java.nio.file.{Files, Path}
import java.util.concurrent.TimeUnit
import org.scalatest.BeforeAndAfterAll
import org.scalatest.funsuite.AnyFunSuite
import scala.jdk.CollectionConverters._
import scala.util.Using

/** What jobs/regard itself decides, before any Spark: with a spark-submit that prints its
  * arguments, a line each, and with copies of the launcher in folders of their own beside a Maven
  * that only writes down its call.
  */
@org.scalatest.tags.Slow
class LauncherSuite extends AnyFunSuite with BeforeAndAfterAll {
  private val project = Path.of("").toAbsolutePath
  private lazy val tmp = Files.createTempDirectory("regard launcher ")
  private lazy val spark = fakeSpark("spark", "4.1.0")

  override def afterAll(): Unit =
    Using
      .resource(Files.walk(tmp))(_.sorted(java.util.Comparator.reverseOrder[Path]).toList)
      .asScala
      .foreach(Files.delete)

  private case class Result(exit: Int, out: Seq[String], err: Seq[String])

  private def write(path: Path, text: String): Path = {
    Files.createDirectories(path.getParent)
    Files.writeString(path, text)
  }

  private def script(path: Path, lines: String): Path = {
    write(path, s"#!/bin/sh\n$lines\n").toFile.setExecutable(true)
    path
  }

  private def fakeSpark(name: String, version: String): Path = {
    val home = tmp.resolve(name)
    write(home.resolve(s"jars/spark-core_2.13-$version.jar"), "")
    script(home.resolve("bin/spark-submit"), "printf '%s\\n' \"$@\"; exit ${FAKE_EXIT:-0}")
    home
  }

  /** A folder with the launcher in it: `files` make it a checkout or a released copy. */
  private def copyOfRegard(name: String, files: String*): Path = {
    val root = tmp.resolve(name)
    Files.createDirectories(root.resolve("jobs"))
    Files.copy(project.resolve("jobs/regard"), root.resolve("jobs/regard"))
    root.resolve("jobs/regard").toFile.setExecutable(true)
    files.foreach(file => write(root.resolve(file), "<project>\n  <version>1.2</version>\n"))
    root
  }

  private def launcher(root: Path, env: Map[String, String], args: Seq[String]): ProcessBuilder = {
    val builder = new ProcessBuilder((root.resolve("jobs/regard").toString +: args): _*)
    builder.directory(tmp.toFile)
    for (name <- Seq("SPARK_HOME", "SPARK_CONF_DIR")) builder.environment.remove(name)
    builder.environment.putAll(env.asJava)
    builder
  }

  private def run(builder: ProcessBuilder): Result = {
    val out = Files.createTempFile(tmp, "out", "")
    val err = Files.createTempFile(tmp, "err", "")
    val process = builder.redirectOutput(out.toFile).redirectError(err.toFile).start()
    if (!process.waitFor(10, TimeUnit.MINUTES)) {
      process.destroyForcibly()
      fail("the launcher did not end")
    }
    def lines(file: Path) = Files.readAllLines(file).asScala.toSeq
    Result(process.exitValue, lines(out), lines(err))
  }

  /** The project's launcher with the fake Spark. */
  private def regard(args: String*): Result =
    run(launcher(project, Map("SPARK_HOME" -> spark.toString), args))

  /** What the job gets: the words behind the jar. */
  private def jobWords(result: Result): Seq[String] = {
    assert(result.exit === 0, result.err)
    result.out.dropWhile(!_.endsWith("-job.jar")).tail
  }

  private def assertRefused(result: Result, parts: String*): Unit = {
    assert(result.exit === 2, result.err)
    assert(result.out === Nil)
    assert(result.err.last.startsWith("regard: "))
    for (part <- parts) assert(result.err.last.contains(part))
  }

  test("without a command: the usage, a sentence and exit code 2") {
    val result = regard()
    assertRefused(result, "A command is missing")
    assert(result.err.head.startsWith("Usage: jobs/regard"))
    assertRefused(regard("--master", "local[2]"), "A command is missing")
  }

  test("--help prints the usage on standard output and needs nothing") {
    for (option <- Seq("--help", "-h")) {
      val result = run(launcher(project, Map("SPARK_HOME" -> "/nowhere"), Seq(option)))
      assert(result.exit === 0)
      assert(result.err === Nil)
      for (command <- Seq("generate", "demo", "fit", "score", "evaluate", "explain", "bench"))
        assert(result.out.exists(_.startsWith(s"  $command ")))
    }
  }

  test("words before the command go to spark-submit, words after it to the job, in their order") {
    val result = regard(
      Seq("--master", "local[2]", "--verbose", "--conf", "spark.x=fit demo", "--name=a b") ++
        Seq("-c", "spark.y=1", "fit", "--master", "mine", "--conf", "", "--x=a b", "*", "$HOME"): _*
    )
    val (submit, job) = result.out.splitAt(result.out.indexWhere(_.endsWith("-job.jar")))
    assert(submit.take(2) === Seq("--conf", "spark.yarn.maxAppAttempts=1"))
    assert(submit.containsSlice(Seq("--class", "ml.regard.job.Main")))
    assert(
      submit.takeRight(8) === Seq("--master", "local[2]", "--verbose", "--conf", "spark.x=fit demo")
        ++ Seq("--name=a b", "-c", "spark.y=1")
    )
    assert(
      job.tail === Seq("fit", "--master", "mine", "--conf", "", "--x=a b", "*", "$HOME")
    )
    assert(result.err === Nil)
  }

  test("a spark-submit option without its value is refused") {
    assertRefused(regard("--verbose", "--master"), "'--master' needs a value")
  }

  test("without a terminal there is no progress bar, unless it is asked for") {
    val off = "spark.ui.showConsoleProgress=false"
    val on = "spark.ui.showConsoleProgress=true"
    val words = regard("--conf", on, "demo").out
    assert(words.contains(off) && words.indexOf(off) < words.indexOf(on))
  }

  test("the exit code is the job's") {
    val env = Map("SPARK_HOME" -> spark.toString, "FAKE_EXIT" -> "3")
    assert(run(launcher(project, env, Seq("fit"))).exit === 3)
  }

  test("a config file gives options, before those of the command line") {
    write(
      tmp.resolve("some.conf"),
      """# a comment
        |
        |data = data/my flights.parquet
        |  features=hour(date)*60+minute(date) as minute, "a # b"
        |label   =  y = "z"	# a comment after white space
        |path = a#b
        |   # an indented comment
        |overwrite = true
        |verbose = false
        |last = 1""".stripMargin + "\r\n"
    )
    val fromFile = Seq("--data", "data/my flights.parquet", "--features") ++
      Seq("hour(date)*60+minute(date) as minute, \"a", "--label", "y = \"z\"", "--path", "a#b") ++
      Seq("--overwrite", "--verbose=false", "--last", "1")
    // The file's name is relative to the caller's folder, which has a space in its name.
    val expected = ("fit" +: fromFile) ++ Seq("--label", "x", "--y", "")
    assert(
      jobWords(regard("fit", "--label", "x", "--config", "some.conf", "--y", "")) === expected
    )
    assert(jobWords(regard("fit", "--config=some.conf", "--label", "x", "--y", "")) === expected)
  }

  test("--version is a command of its own") {
    assert(jobWords(regard("--version")) === Seq("generate", "--version"))
  }

  test("of two config files the later wins") {
    write(tmp.resolve("one.conf"), "seed = 1\n")
    write(tmp.resolve("two.conf"), "seed = 2\n")
    assert(
      jobWords(regard("demo", "--config", "one.conf", "--config", "two.conf")) ===
        Seq("demo", "--seed", "1", "--seed", "2")
    )
  }

  test("a config file that is missing or malformed is refused with its name, line and text") {
    assertRefused(regard("fit", "--config", "no such.conf"), "'no such.conf'", "does not exist")
    assertRefused(regard("fit", "--config"), "'--config' needs")
    assertRefused(regard("fit", "--config", "."), "'.'")
    for (line <- Seq("label", "= y", "label =", "label = # y", "two words = y", "--label = y")) {
      write(tmp.resolve("bad.conf"), s"data = x\n\n$line\n")
      assertRefused(regard("fit", "--config", "bad.conf"), "Line 3", "'bad.conf'", s"'$line'")
    }
  }

  test("every example in conf/ can be read") {
    for (command <- Seq("generate", "demo", "fit", "score", "evaluate", "explain", "bench")) {
      val words = jobWords(regard(command, "--config", s"$project/conf/$command.conf"))
      assert(words.head === command)
      assert(words.size > 4)
    }
  }

  test("a SPARK_HOME of another version, without a Spark or missing is refused") {
    def withSpark(home: Path) =
      run(launcher(project, Map("SPARK_HOME" -> home.toString), Seq("fit")))
    assertRefused(withSpark(fakeSpark("old", "3.5.1")), "Spark 4.1", "Spark 3.5.1")
    assertRefused(withSpark(fakeSpark("new", "4.10.0")), "Spark 4.1,", "Spark 4.10.0")
    assertRefused(withSpark(tmp.resolve("nowhere")), "nowhere", "no such folder")
    val empty = Files.createDirectories(tmp.resolve("empty"))
    assertRefused(withSpark(empty), "holds no Spark")
    write(empty.resolve("RELEASE"), "Spark 3.4.0 (git revision 1) built for Hadoop 3.3.4\n")
    assertRefused(withSpark(empty), "Spark 3.4.0")
    assert(withSpark(fakeSpark("patch", "4.1.3")).exit === 0)
  }

  test("a Java that is missing or not fit is refused") {
    def withJava(home: Path) =
      run(
        launcher(
          project,
          Map("SPARK_HOME" -> spark.toString, "JAVA_HOME" -> home.toString),
          Seq("fit")
        )
      )
    assertRefused(withJava(tmp.resolve("no java")), "no java")
    for (version <- Seq("11.0.2", "1.8.0_392", "25.0.3")) {
      val home = tmp.resolve(s"java $version")
      script(home.resolve("bin/java"), s"""echo 'openjdk version "$version" 2018-10-16' >&2""")
      assertRefused(withJava(home), "Java from 17 to 23", s"Java $version")
    }
  }

  /** A PATH whose Maven writes its arguments into the file `calls`, waits and then does `more`. */
  private def pathWithMaven(name: String, more: String): (Path, String) = {
    val bin = tmp.resolve(name)
    script(bin.resolve("mvn"), s"""echo "$$@" >>"$$(dirname "$$0")/calls"; echo said; $more""")
    (bin.resolve("calls"), s"$bin:${System.getenv("PATH")}")
  }

  private def calls(file: Path): Seq[String] =
    if (Files.exists(file)) Files.readAllLines(file).asScala.toSeq else Nil

  test("a checkout builds its jar when it is missing or older than the sources, and only then") {
    val root = copyOfRegard("check out", "src/main/java/A.java", "pom.xml")
    val jar = root.resolve("target/regard-spark_2.13-1.2-job.jar")
    val (log, path) = pathWithMaven("mvn-jar", s"mkdir -p '$root/target'; touch '$jar'")
    val env = Map("SPARK_HOME" -> spark.toString, "PATH" -> path)
    val result = run(launcher(root, env, Seq("demo", "x")))
    assert(result.out.takeRight(3) === Seq(jar.toString, "demo", "x"))
    assert(!result.out.contains("said") && result.err.contains("said"))
    assert(calls(log).size === 1)
    assert(calls(log).head.endsWith("package"))
    def age(file: Path, seconds: Int) =
      Files.setLastModifiedTime(
        file,
        FileTime.fromMillis(System.currentTimeMillis - 1000L * seconds)
      )
    for (newer <- Seq("src/main/java/A.java", "src/main/java/B.java", "pom.xml")) {
      age(jar, -60)
      assert(run(launcher(root, env, Seq("demo"))).exit === 0)
      val before = calls(log).size
      age(write(root.resolve(newer), Files.readString(root.resolve("pom.xml"))), -120)
      assert(run(launcher(root, env, Seq("demo"))).exit === 0)
      assert(calls(log).size === before + 1, s"after $newer was touched")
      age(root.resolve(newer), 0)
    }
    assert(calls(log).size === 4)
  }

  test("launches at the same time build once") {
    assume(new ProcessBuilder("sh", "-c", "command -v flock").start().waitFor() == 0)
    val root = copyOfRegard("at once", "src/main/java/A.java", "pom.xml")
    val jar = root.resolve("target/regard-spark_2.13-1.2-job.jar")
    val (log, path) = pathWithMaven("mvn-slow", s"sleep 1; touch '$jar'")
    val env = Map("SPARK_HOME" -> spark.toString, "PATH" -> path)
    val running = Seq.fill(3) {
      launcher(root, env, Seq("demo"))
        .redirectOutput(ProcessBuilder.Redirect.DISCARD)
        .redirectError(ProcessBuilder.Redirect.DISCARD)
        .start()
    }
    assert(running.map(_.waitFor()) === Seq(0, 0, 0))
    assert(calls(log).size === 1)
  }

  test("a build that fails ends with exit code 1 and no job") {
    val root = copyOfRegard("broken", "src/main/java/A.java", "pom.xml")
    val (_, path) = pathWithMaven("mvn-broken", "exit 1")
    val result =
      run(launcher(root, Map("SPARK_HOME" -> spark.toString, "PATH" -> path), Seq("fit")))
    assert(result.exit === 1)
    assert(result.out === Nil)
    assert(result.err.last === "regard: Maven could not build the job jar.")
  }

  test("a Spark that could not be assembled leaves nothing behind") {
    val jar = "target/regard-spark_2.13-1.2-job.jar"
    val root = copyOfRegard("no spark", "src/main/java/A.java", "pom.xml", jar)
    val (log, path) =
      pathWithMaven("mvn-half", "mkdir -p \"${7#*=}\"; touch \"${7#*=}/half.jar\"; exit 1")
    val result = run(launcher(root, Map("PATH" -> path), Seq("fit")))
    assert(result.exit === 1)
    assert(result.err.last === "regard: Maven could not assemble Spark in target/spark.")
    assert(calls(log).head.contains("-DincludeScope=provided"))
    val left = Using.resource(Files.list(root.resolve("target")))(_.toList).asScala
    assert(left.map(_.getFileName.toString).filter(_.startsWith("spark")) === Nil)
  }

  test("a released copy starts its jar with SPARK_HOME and never calls Maven") {
    val root = copyOfRegard("released", "lib/regard-spark_2.13-1.2-job.jar", "pom.xml")
    val (log, path) = pathWithMaven("mvn-never", "exit 1")
    val env = Map("SPARK_HOME" -> spark.toString, "PATH" -> path)
    val result = run(launcher(root, env, Seq("score")))
    assert(result.out.takeRight(2) === Seq(s"$root/lib/regard-spark_2.13-1.2-job.jar", "score"))
    assertRefused(run(launcher(root, env - "SPARK_HOME", Seq("score"))), "SPARK_HOME is not set")
    Files.delete(root.resolve("lib/regard-spark_2.13-1.2-job.jar"))
    assertRefused(run(launcher(root, env, Seq("score"))), "no job jar")
    assert(calls(log) === Nil)
  }

  test("it works through a symbolic link") {
    val link = Files.createSymbolicLink(tmp.resolve("a link"), project.resolve("jobs/regard"))
    val builder = launcher(project, Map("SPARK_HOME" -> spark.toString), Nil)
    assert(jobWords(run(builder.command(link.toString, "demo"))) === Seq("demo"))
  }
}
