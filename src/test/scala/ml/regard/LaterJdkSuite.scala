package ml.regard

import java.lang.management.ManagementFactory
import java.nio.file.{Files, Path}
import java.util.concurrent.TimeUnit

import scala.io.Source
import scala.jdk.CollectionConverters._
import scala.jdk.StreamConverters._
import scala.util.Using

import org.scalatest.funsuite.AnyFunSuite
import org.scalatest.tags.Slow

/** The mathematics on a later JDK, whose Vector API is another and whose compiler is younger; and
  * as much of Spark 4.1 as runs there, which is all but files: its Hadoop opens none after Java 23.
  *
  * The JDK is the one that the environment variable `REGARD_TEST_LATER_JDK` names, or else one that
  * lies beside the JDK in use or where systems put theirs.
  */
@Slow
class LaterJdkSuite extends AnyFunSuite {
  private val From = 24

  /** What a JDK's file `release` says, as in `JAVA_VERSION="25.0.3"`. */
  private def version(home: Path): Option[Int] = {
    val release = home.resolve("release")
    if (!Files.isReadable(release) || !Files.isExecutable(java(home))) None
    else {
      val Version = """JAVA_VERSION="(\d+).*"""".r
      Files.readAllLines(release).asScala.collectFirst { case Version(major) => major.toInt }
    }
  }

  private def java(home: Path): Path = home.resolve("bin").resolve("java")

  /** The earliest one, so that the answer does not depend on the order of a folder. */
  private def nearby: Option[Path] = {
    val inUse = Path.of(System.getProperty("java.home")).toRealPath()
    val parents = Seq(inUse.getParent) ++ Seq("/usr/lib/jvm", "/usr/java", "/opt").map(Path.of(_))
    val homes = parents.distinct.filter(Files.isDirectory(_)).flatMap { parent =>
      Using.resource(Files.list(parent))(_.toScala(Seq)).sorted
    }
    homes
      .flatMap(home => version(home).filter(_ >= From).map(_ -> home))
      .minByOption(_._1)
      .map(_._2)
  }

  private def later: Path =
    sys.env.get("REGARD_TEST_LATER_JDK").filter(_.nonEmpty) match {
      case Some(named) =>
        assert(version(Path.of(named)).exists(_ >= From), s"$named is no JDK from $From on")
        Path.of(named)
      case None => nearby.getOrElse(cancel(s"there is no JDK from $From on here"))
    }

  /** Those of this JVM, but for what later JDKs lack or warn of. */
  private def flags: Seq[String] = {
    val here = ManagementFactory.getRuntimeMXBean.getInputArguments.asScala.toSeq
    here
      .filter(f => f.startsWith("--add-") || f.startsWith("-Djdk.") || f.startsWith("-Dio.netty"))
      .filterNot(_.contains("sun.security.action")) ++
      Seq("--enable-native-access=ALL-UNNAMED", "--sun-misc-unsafe-memory-access=allow")
  }

  test("kernel and keys in memory pass their tests on a later JDK, with vectors") {
    val home = later
    val log = SharedSpark.temporaryFolder("later").resolve("log")
    val tests = classOf[LaterJdkSuite].getProtectionDomain.getCodeSource.getLocation.getPath
    val words = Seq(java(home).toString, "-Xmx2g", "-Dregard.test.support=simd") ++ flags ++
      Seq("-cp", System.getProperty("java.class.path"), "org.scalatest.tools.Runner") ++
      Seq("-R", tests, "-oW", "-m", "ml.regard.kernel") ++
      Seq("-s", "ml.regard.engine.BroadcastEngineSuite")
    val builder = new ProcessBuilder(words: _*).redirectErrorStream(true)
    builder.redirectOutput(log.toFile)
    // A fast start, which other suites want, is without vectors.
    Seq("JDK_JAVA_OPTIONS", "JAVA_TOOL_OPTIONS").foreach(builder.environment.remove)
    val process = builder.start()
    sys.addShutdownHook(process.destroyForcibly())
    val ended = process.waitFor(10, TimeUnit.MINUTES)
    process.destroyForcibly()
    val said = Using.resource(Source.fromFile(log.toFile, "UTF-8"))(_.mkString)
    assert(ended, said)
    assert(process.exitValue == 0, said)
    // A test of the kernel has seen that vectors ran.
    assert(said.contains("- the support that runs is the one that this lane is for"), said)
    info(said.linesIterator.filter(_.startsWith("Tests:")).mkString + s" on $home")
  }
}
