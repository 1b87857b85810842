package ml.regard.cluster

import java.io.File
import java.nio.file.attribute.FileTime
import java.nio.file.{Files, Path}
import java.time.Instant

import ml.regard.{RegardProcess, SharedSpark}
import ml.regard.io.MortalFileSystem
import ml.regard.job.Jobs

/** The driver of a score, killed with SIGKILL at each stage of the commit. */
class KilledDriverSuite extends ClusterSuite {
  private lazy val standalone = new StandaloneCluster
  override protected def cluster: Option[StandaloneCluster] = Some(standalone)
  private val (out, rejects) = (folder.resolve("out"), folder.resolve("rejects"))
  private val day = "run_date=2026-01-02"

  private def score(data: String): Seq[String] =
    Seq("score", "--model", path("model"), "--data", data, "--format", "csv") ++
      Seq("--out", s"mortal:$out", "--rejected", s"mortal:$rejects", "--out-format", "json") ++
      Seq("--run-date", day.stripPrefix("run_date="))

  /** A driver of the cluster that kills itself. */
  private def killedAt(stage: String, data: String): RegardProcess.Ended = {
    val scala =
      new File("target/spark/jars").listFiles.filter(_.getName.startsWith("scala-library"))
    val classes = (new File("target/test-classes") +: scala).map(_.getAbsolutePath).mkString(":")
    val mortal = MortalFileSystem.Settings + ("regard.test.kill" -> stage)
    val settings = mortal.map { case (key, value) => s"spark.hadoop.$key=$value" }.toSeq :+
      s"spark.executor.extraClassPath=$classes"
    RegardProcess
      .startWith(
        RegardProcess.mapped,
        Seq("--master", standalone.url, "--driver-class-path", classes) ++
          // Of a few rows: one executor starts sooner than two.
          Seq("--conf", "spark.cores.max=1") ++
          settings.flatMap(Seq("--conf", _)) ++ score(data): _*
      )
      .ended()
  }

  /** A run in this process, which knows nothing of the killed one but its files. */
  private def next(data: String): Jobs.Run = Jobs.run(score(data): _*)

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
    for ((key, value) <- MortalFileSystem.Settings)
      SharedSpark.session.sparkContext.hadoopConfiguration.set(key, value)
    val train = Jobs.csv(folder, "train.csv", "x,y", "1,1", "2,2", "3,3")
    here(
      Seq("fit", "--data", train, "--format", "csv", "--features", "x", "--label", "y") ++
        Seq("--model", path("model"), "--solver", "fixed", "--width", "0.1")
    )
    val older = Jobs.csv(folder, "older.csv", "x", "1", "bad")
    val newer = Jobs.csv(folder, "newer.csv", "x", "1", "2", "worse", "3")
    here(score(newer))
    val fresh = seen
    here(score(older))
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
      val killed = killedAt(stage, newer)
      assert(killed.code == 137, s"$stage: ${killed.err.mkString("\n")}")
      assert(seen == expected(stage), stage)
      if (i == 0) {
        val refused = next(newer)
        assert(refused.code == 3 && refused.err.contains("is being written by run"), refused.err)
      }
      letTimePass()
      // The next run fails on its own input, but only after it has settled what it found.
      assert(next(path("missing")).code == 3)
      val settled = seen
      assert(settled == (if (stage == "staging written") old else fresh), stage)
      here(score(older))
      assert(seen == old, stage)
      for (root <- Seq(out, rejects)) assert(Jobs.names(root) == Set(day), stage)
      info(s"kill point ${i + 1}: $stage: readers saw ${expected(stage)}, then $settled")
    }
  }
}
