package ml.regard.cluster

import java.io.File
import java.nio.file.attribute.FileTime
import java.nio.file.{Files, Path}
import java.time.Instant

import scala.sys.process._

import ml.regard.io.MortalFileSystem
import ml.regard.job.Jobs

/** The driver of a score, killed with SIGKILL at each stage of the commit. */
class KilledDriverSuite extends ClusterSuite {
  private lazy val standalone = new StandaloneCluster
  override protected def cluster: Option[StandaloneCluster] = Some(standalone)
  private val (out, rejects) = (folder.resolve("out"), folder.resolve("rejects"))
  private val day = "run_date=2026-01-02"

  private def regard(settings: Seq[String], arguments: String*): (Int, String) = {
    val scala =
      new File("target/spark/jars").listFiles.filter(_.getName.startsWith("scala-library"))
    val classes = (new File("target/test-classes") +: scala).map(_.getAbsolutePath).mkString(":")
    val all = MortalFileSystem.Settings.map { case (k, v) => s"spark.hadoop.$k=$v" } ++ settings ++
      Seq(s"spark.executor.extraClassPath=$classes")
    val command = Seq(new File("jobs/regard").getAbsolutePath, "--master", standalone.url) ++
      Seq("--driver-class-path", classes) ++ all.flatMap(Seq("--conf", _)) ++ arguments
    val said = new StringBuilder
    val code = Process(command, new File("."), "SPARK_HOME" -> "", "SPARK_LOCAL_IP" -> "127.0.0.1")
      .!(ProcessLogger(_ => (), line => said.synchronized(said ++= line + "\n")))
    (code, said.toString)
  }

  private def score(data: String, settings: String*): (Int, String) = regard(
    settings,
    Seq("score", "--model", folder.resolve("model").toString, "--data", data, "--format", "csv") ++
      Seq("--out", s"mortal:$out", "--rejected", s"mortal:$rejects", "--out-format", "json") ++
      Seq("--run-date", day.stripPrefix("run_date=")): _*
  )

  private def good(result: (Int, String)): Unit = assert(result._1 == 0, result._2)

  private def rows(root: Path): Option[Set[String]] = {
    val partition = root.resolve(day)
    Option.when(Files.exists(partition)) {
      val parts = Jobs.names(partition).filter(_.startsWith("part-"))
      parts.flatMap(p => Jobs.read(partition.resolve(p)).linesIterator)
    }
  }

  private def seen: Seq[Option[Set[String]]] = Seq(rows(out), rows(rejects))

  private def letTimePass(): Unit =
    for (root <- Seq(out, rejects)) {
      val lock = root.resolve(".regard/2026-01-02.lock")
      Files.setLastModifiedTime(lock, FileTime.from(Instant.now.minusSeconds(61)))
    }

  test("at no stage is a part visible, and the next run completes it") {
    val train = Jobs.csv(folder, "train.csv", "x,y", "1,1", "2,2", "3,3")
    good(
      regard(
        Nil,
        Seq("fit", "--data", train, "--format", "csv", "--features", "x", "--label", "y") ++
          Seq("--model", folder.resolve("model").toString, "--solver", "fixed") ++
          Seq("--width", "0.1"): _*
      )
    )
    val older = Jobs.csv(folder, "older.csv", "x", "1", "bad")
    val newer = Jobs.csv(folder, "newer.csv", "x", "1", "2", "worse", "3")
    good(score(newer))
    val fresh = seen
    good(score(older))
    val old = seen
    val none = None
    val expected = Map(
      "staging written" -> old,
      "journal written" -> old,
      "old moved to trash" -> Seq(none, old(1)),
      "new in place" -> Seq(fresh.head, old(1)),
      "rejected in place" -> fresh,
      "journal dropped" -> fresh
    )
    for ((stage, i) <- MortalFileSystem.Stages.zipWithIndex) {
      val killed = score(newer, s"spark.hadoop.regard.test.kill=$stage")
      assert(killed._1 == 137, s"$stage: ${killed._2}")
      assert(seen == expected(stage), stage)
      if (i == 0) {
        val (code, said) = score(newer)
        assert(code == 3 && said.contains("is being written by run"), said)
      }
      letTimePass()
      // The next run fails on its own input, but only after it has settled what it found.
      assert(score(folder.resolve("missing").toString)._1 == 3)
      val settled = seen
      assert(settled == (if (stage == "staging written") old else fresh), stage)
      good(score(older))
      assert(seen == old, stage)
      for (root <- Seq(out, rejects)) assert(Jobs.names(root) == Set(day), stage)
      info(s"kill point ${i + 1}: $stage: readers saw ${expected(stage)}, then $settled")
    }
  }
}
