package ml.regard.job

import java.nio.file.attribute.FileTime
import java.nio.file.{Files, Path}
import java.time.{Clock, Duration, Instant, LocalDate}

import scala.jdk.CollectionConverters._

import ml.regard.io.{DatedSink, LockTimes, MortalFileSystem, RowSink, Tables}
import ml.regard.{DataException, SharedSpark}
import org.apache.commons.io.FileUtils
import org.scalatest.BeforeAndAfterAll
import org.scalatest.funsuite.AnyFunSuite

/** A score of a date that has been scored before dies at each operation that changes a file. */
class KilledScoreSuite extends AnyFunSuite with BeforeAndAfterAll {
  private lazy val spark = SharedSpark.session
  private val folder = SharedSpark.temporaryFolder("killed")
  private val (out, rejects) = (folder.resolve("out"), folder.resolve("rejects"))
  private val both = Seq(out, rejects)

  override def beforeAll(): Unit =
    for ((key, value) <- MortalFileSystem.Settings)
      spark.sparkContext.hadoopConfiguration.set(key, value)

  private lazy val model = {
    val train = Jobs.csv(folder, "train.csv", "x,y", "1,1", "2,2", "3,3")
    val run = Jobs.run(
      Seq("fit", "--data", train, "--format", "csv", "--features", "x", "--label", "y") ++
        Seq("--model", folder.resolve("model").toString, "--solver", "fixed", "--width", "0.1"): _*
    )
    assert(run.code == 0, run.err)
    folder.resolve("model").toString
  }

  private val older = Jobs.csv(folder, "older.csv", "x", "1", "bad")
  private val newer = Jobs.csv(folder, "newer.csv", "x", "1", "2", "worse", "3")

  private def score(data: String, day: String): Jobs.Run = Jobs.run(
    Seq("score", "--model", model, "--data", data, "--format", "csv", "--out-format", "json") ++
      Seq("--out", s"mortal:$out", "--rejected", s"mortal:$rejects") ++
      Seq("--run-date", day, "--partitions", "1"): _*
  )

  /** The rows that a reader finds, none when there is no partition. */
  private def rows(root: Path, day: String): Option[Set[String]] = {
    val partition = root.resolve("run_date=" + day)
    Option.when(Files.exists(partition)) {
      val parts = Jobs.names(partition).filter(_.startsWith("part-"))
      parts.flatMap(p => Jobs.read(partition.resolve(p)).linesIterator)
    }
  }

  private def seen(day: String): Seq[Option[Set[String]]] = both.map(rows(_, day))

  /** A killed driver is silent from then on. */
  private def letTimePass(): Unit =
    for {
      root <- both
      hidden = root.resolve(".regard")
      if Files.exists(hidden)
      name <- Jobs.names(hidden)
      if name.endsWith(".lock")
    } Files.setLastModifiedTime(
      hidden.resolve(name),
      FileTime.from(Instant.now.minusSeconds(61))
    )

  private def whole(data: String): Seq[Option[Set[String]]] = {
    assert(score(data, "2026-01-02").code == 0)
    seen("2026-01-02")
  }

  test("readers see the old rows, the new ones or none, and the next run completes it") {
    val old = whole(older)
    val fresh = whole(newer)
    assert(old.flatten.map(_.size) == Seq(1, 1) && fresh.flatten.map(_.size) == Seq(3, 1))
    assert(old != fresh)
    assert(score(older, "2026-01-01").code == 0)
    assert(whole(older) == old)
    val before = folder.resolve("before")
    for (root <- both) FileUtils.copyDirectory(root.toFile, before.resolve(root.getFileName).toFile)
    def restore(): Unit =
      for (root <- both) {
        FileUtils.deleteDirectory(root.toFile)
        FileUtils.copyDirectory(before.resolve(root.getFileName).toFile, root.toFile)
      }

    var kills = 0
    var decided = 0
    var died = true
    while (died) {
      restore()
      assert(seen("2026-01-02") == old)
      MortalFileSystem.dieAt(kills + 1)
      val run = score(newer, "2026-01-02")
      died = MortalFileSystem.revive()
      if (died) {
        kills += 1
        // Who dies over the last empty folder has done its work.
        assert(run.code == 1 || seen("2026-01-02") == fresh, s"kill $kills: ${run.err}")
        for ((now, i) <- seen("2026-01-02").zipWithIndex)
          assert(now.isEmpty || now == old(i) || now == fresh(i), s"kill $kills")
        val committed = both.exists { root =>
          val hidden = root.resolve(".regard")
          Files.exists(hidden) && Jobs
            .names(hidden)
            .exists(run => Files.exists(hidden.resolve(run).resolve("journal.json")))
        }
        letTimePass()
        // Whichever date is scored next, what was decided is carried out first.
        assert(score(older, "2026-01-01").code == 0, s"kill $kills")
        val settled = seen("2026-01-02")
        assert(settled == old || settled == fresh, s"kill $kills")
        if (committed) {
          decided += 1
          assert(settled == fresh, s"kill $kills")
        }
        assert(whole(newer) == fresh, s"kill $kills")
        assert(seen("2026-01-01") == old, "another date is not touched")
        for (root <- both) assert(!Jobs.names(root).contains(".regard"), s"kill $kills")
      } else {
        assert(run.code == 0, run.err)
        assert(seen("2026-01-02") == fresh)
      }
    }
    info(s"kill points 1 to $kills, $decided of them with a journal")
    assert(kills > 20 && decided > 5)
  }

  test("a run whose lock is taken over before its commit changes nothing") {
    val old = whole(older)
    // The clock of the second run is far ahead, so that it finds the first silent.
    val date = LocalDate.parse("2026-01-02")
    val ahead = Clock.offset(Clock.systemUTC, Duration.ofHours(1))
    val slow = Duration.ofHours(2)
    val times = new LockTimes(Clock.systemUTC, slow, Duration.ofSeconds(60))
    val later = new LockTimes(ahead, slow, Duration.ofSeconds(60))
    def sink(times: LockTimes) = new DatedSink(
      spark,
      Map[RowSink.Part, String](RowSink.Part.OUT -> out.toString).asJava,
      Tables.Format.JSON,
      date,
      times
    )
    val table = spark.range(7).toDF("id")
    val first = sink(times)
    first.stage(RowSink.Part.OUT, table, 7)
    val second = sink(later)
    val lost = intercept[DataException](first.commit(java.util.Map.of()))
    first.close()
    assert(seen("2026-01-02") == old)
    second.stage(RowSink.Part.OUT, table, 7)
    second.commit(java.util.Map.of())
    second.close()
    assert(lost.getMessage.contains("was taken over by run"))
    assert(rows(out, "2026-01-02").get.size == 7)
    assert(!Jobs.names(out).contains(".regard"))
  }
}
