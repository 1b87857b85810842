package ml.regard.job

import java.io.File
import java.nio.file.Files
import java.time.{Clock, Duration}
import java.util.Optional

import scala.jdk.CollectionConverters._

import ml.regard.io.{Database, JdbcSink, LockTimes, RowSink}
import ml.regard.{DataException, RegardProcess, SharedSpark}
import org.scalatest.BeforeAndAfterAll
import org.scalatest.concurrent.Eventually
import org.scalatest.funsuite.AnyFunSuite
import org.scalatest.tags.Slow
import org.scalatest.time.{Millis, Minutes, Span}

/** Scoring from tables into tables of a real database. */
@Slow
class PostgresSuite extends AnyFunSuite with BeforeAndAfterAll with Eventually {
  private lazy val spark = SharedSpark.session
  private val folder = SharedSpark.temporaryFolder("jdbc")
  private lazy val database = Postgres.installed.map(new Postgres(_))
  private lazy val db = {
    assume(database.isDefined, "there is no PostgreSQL on this machine")
    database.get
  }
  implicit override val patienceConfig: PatienceConfig =
    PatienceConfig(Span(2, Minutes), Span(100, Millis))

  override def beforeAll(): Unit = database.foreach { postgres =>
    postgres.start()
    postgres.execute("create schema nightly")
    postgres.execute(
      "create table queries (id int, x double precision, at timestamptz, tags text[], y int)"
    )
    postgres.execute("""insert into queries values (1, 1, '2026-01-01 10:00Z', '{a,b}', 1),
      (2, 2, '2026-01-01 11:00Z', null, 2), (3, null, '2026-01-01 12:00Z', '{}', 3),
      (4, 'NaN', '2026-01-02 12:00Z', '{}', 4), (5, 3, '2026-01-02 13:00Z', '{}', 5)""")
  }

  override def afterAll(): Unit = database.foreach(_.stop())

  private lazy val model = {
    val train = Jobs.csv(folder, "train.csv", "x,y", "1.0,1", "2.0,2", "3.0,3")
    val run = Jobs.run(
      Seq("fit", "--data", train, "--format", "csv", "--features", "x", "--label", "y") ++
        Seq("--model", folder.resolve("model").toString, "--solver", "fixed", "--width", "0.1"): _*
    )
    assert(run.code == 0, run.err)
    folder.resolve("model").toString
  }

  private lazy val properties = Files
    .writeString(
      folder.resolve("db.properties"),
      s"user=${db.user}\npassword=${db.password}\ndriver=org.postgresql.Driver\n"
    )
    .toString

  private def score(options: String*): Seq[String] =
    Seq("score", "--model", model, "--data", "queries", "--format", "jdbc", "--jdbc", db.url) ++
      Seq("--jdbc-properties", properties, "--columns", "id,tags") ++ options

  private def good(arguments: Seq[String]): Jobs.Run = {
    val run = Jobs.run(arguments: _*)
    assert(run.code == 0, run.err)
    assert(!(run.out + run.err).contains(db.password))
    run
  }

  private def dated(day: String): Seq[String] = score(
    Seq("--out", "nightly.scores", "--rejected", "nightly.rejects", "--date-col", "at") ++
      Seq("--run-date", day): _*
  )

  private def tables: Set[String] = db
    .rows("select table_name from information_schema.tables where table_name like 'regard%'")
    .toSet

  private def scores: Seq[String] = db.rows("select * from nightly.scores order by id")
  private def rejects: Seq[String] = db.rows("select * from nightly.rejects order by id")
  private def letTimePass(): Unit =
    db.execute("update nightly.regard_runs set heartbeat_ms = heartbeat_ms - 61000")

  test("a table is scored into a table, twice for the same date, with rejects") {
    val first = Seq("1|[\"a\",\"b\"]|1|2026-01-01", "2|null|2|2026-01-01")
    val rejected = Seq("3|[]|feature x is null|2026-01-01")
    for (_ <- 1 to 2) {
      val json = good(dated("2026-01-01")).json
      assert(json.get("rows").asInt == 2 && json.get("rejectedRows").asInt == 1)
      assert(json.get("out").asText == "nightly.scores")
      val manifest = json.get("manifest")
      assert(manifest.get("rowsIn").asInt == 3 && manifest.get("rowsOut").asInt == 2)
      assert(scores == first && rejects == rejected)
    }
    good(dated("2026-01-02"))
    assert(scores == first :+ "5|[]|3|2026-01-02")
    assert(rejects == rejected :+ "4|[]|feature x is NaN|2026-01-02")
    assert(tables == Set("regard_runs"))
    assert(db.rows("select * from nightly.regard_runs").isEmpty)
    assert(!Jobs.names(folder).contains(".regard"))
  }

  test("without a date a table must not exist, unless it is to be overwritten") {
    val whole = score("--out", "whole", "--handle-invalid", "skip")
    for (options <- Seq(whole, whole :+ "--overwrite")) {
      good(options)
      assert(db.rows("select id, prediction from whole order by id") == Seq("1|1", "2|2", "5|3"))
    }
    val run = Jobs.run(whole: _*)
    assert(run.code == 3 && run.lastErrorLine.contains("table whole exists already; --overwrite"))
    good(dated("2026-01-01"))
    val over = Jobs.run(
      score("--out", "nightly.scores", "--handle-invalid", "skip", "--overwrite"): _*
    )
    assert(over.code == 3 && over.lastErrorLine.contains("holds rows of run dates"))
  }

  test("from files into a table, and from a table into files") {
    val data = Jobs.csv(folder, "new.csv", "x,day", "1,2026-01-01", "2,2026-01-01")
    good(
      Seq("score", "--model", model, "--data", data, "--format", "csv", "--out", "fromfiles") ++
        Seq("--out-format", "jdbc", "--jdbc", db.url, "--jdbc-properties", properties)
    )
    assert(db.rows("select * from fromfiles order by x") == Seq("1|2026-01-01|1", "2|2026-01-01|2"))
    val out = folder.resolve("files").toString
    good(score("--out", out, "--out-format", "parquet", "--handle-invalid", "skip"))
    assert(spark.read.parquet(out).count() == 3)
    val manifest = Jobs.read(folder.resolve("files/_manifest.json"))
    assert(manifest.contains(db.url) && !manifest.contains(db.password))
  }

  test("what the database does not have or allow ends with a sentence, and nothing changes") {
    def refused(arguments: Seq[String], part: String): Unit = {
      val run = Jobs.run(arguments: _*)
      assert(run.code == 3, run.err)
      assert(run.lastErrorLine.contains(part))
      assert(!run.err.contains(db.password))
    }
    refused(score("--out", "no", "--data", "nowhere"), """relation "nowhere" does not exist""")
    db.execute("create table narrow (id int, run_date date)")
    db.execute("insert into narrow values (9, '2026-01-01')")
    val narrow = score("--out", "narrow", "--run-date", "2026-01-01", "--handle-invalid", "skip")
    refused(narrow, """column "tags" of relation "narrow" does not exist""")
    assert(db.rows("select * from narrow") == Seq("9|2026-01-01"))
    Files.writeString(folder.resolve("bad.properties"), s"user=${db.user}\npassword=nonsense\n")
    val bad = folder.resolve("bad.properties").toString
    refused(score("--out", "no", "--jdbc-properties", bad), "password authentication failed")
    assert(tables == Set("regard_runs"))
  }

  private val slow = Duration.ofHours(2)

  private def sink(clock: Clock) = {
    val options = Map("user" -> db.user, "password" -> db.password).asJava
    new JdbcSink(
      spark,
      new Database(spark, db.url, options),
      Map[RowSink.Part, String](RowSink.Part.OUT -> "nightly.scores").asJava,
      Optional.of(java.time.LocalDate.parse("2026-01-01")),
      false,
      folder.toString,
      new LockTimes(clock, slow, Duration.ofSeconds(60))
    )
  }

  test("two runs for one date do not mix: the second is refused, or the silent first loses") {
    good(dated("2026-01-01"))
    val before = scores
    val first = sink(Clock.systemUTC)
    val run = Jobs.run(dated("2026-01-01"): _*)
    assert(run.code == 3, run.err)
    assert(
      run.lastErrorLine.contains("run_date=2026-01-01 of table nightly.scores is being written")
    )
    first.stage(RowSink.Part.OUT, spark.range(3).selectExpr("cast(id as int) id"), 3)
    val second = sink(Clock.offset(Clock.systemUTC, Duration.ofHours(1)))
    val lost = intercept[DataException](first.commit(java.util.Map.of()))
    assert(lost.getMessage.contains("was taken over by run"))
    first.close()
    second.close()
    assert(scores == before)
    assert(tables == Set("regard_runs"))
    assert(db.rows("select * from nightly.regard_runs").isEmpty)
  }

  test(
    "a driver killed in the middle of its transaction leaves the old rows; the next run cleans up"
  ) {
    good(dated("2026-01-01"))
    val before = scores
    val driver =
      new File(classOf[org.postgresql.Driver].getProtectionDomain.getCodeSource.getLocation.toURI)
    db.execute("update queries set x = 3 where id = 1")
    try {
      val blocker = db.connect()
      blocker.setAutoCommit(false)
      blocker.createStatement.execute("lock table nightly.scores in share mode")
      val process = RegardProcess.start(
        Seq("--master", "local[2]", "--driver-class-path", driver.toString) ++
          dated("2026-01-01"): _*
      )
      try
        eventually {
          val waiting = "select query from pg_stat_activity where wait_event_type = 'Lock'"
          val there = db.rows(waiting).exists(_.startsWith("DELETE FROM nightly.scores"))
          assert(there || !process.isAlive)
        }
      finally process.kill()
      val killed = process.ended()
      assert(killed.code == 137, killed.err)
      assert(!(killed.out ++ killed.err).exists(_.contains(db.password)))
      assert(tables.size == 3, "the staging tables of the dead run")
      blocker.rollback()
      blocker.close()
      info("kill point: in the middle of the transaction")
      assert(scores == before)
      letTimePass()
      // The next run of any date cleans up.
      good(dated("2026-01-02"))
      assert(tables == Set("regard_runs"))
      assert(!Jobs.names(folder).contains(".regard"))
      good(dated("2026-01-01"))
      assert(scores.head == "1|[\"a\",\"b\"]|3|2026-01-01" && scores.size == before.size)
    } finally db.execute("update queries set x = 1 where id = 1")
  }
}
