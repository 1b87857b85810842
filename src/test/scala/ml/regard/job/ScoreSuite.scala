package ml.regard.job

import java.nio.file.{Files, Path}

import com.fasterxml.jackson.databind.{JsonNode, ObjectMapper}
import ml.regard.SharedSpark
import org.apache.spark.sql.DataFrame
import org.scalatest.funsuite.AnyFunSuite

/** What a batch scorer owes its operator: every row is put out or rejected with its reason. */
class ScoreSuite extends AnyFunSuite {
  private lazy val spark = SharedSpark.session
  private val folder = SharedSpark.temporaryFolder("score")

  private def path(name: String): String = folder.resolve(name).toString

  private def csv(name: String, lines: String*): String = Jobs.csv(folder, name, lines: _*)

  private def good(arguments: String*): JsonNode = {
    val run = Jobs.run(arguments: _*)
    assert(run.code == 0, run.err)
    run.json
  }

  private def refused(code: Int, parts: String*)(arguments: Seq[String]): Unit = {
    val run = Jobs.run(arguments: _*)
    assert(run.code == code, run.err)
    assert(run.err.linesIterator.size == 1, run.err)
    for (part <- parts) assert(run.lastErrorLine.contains(part))
  }

  private def fit(name: String, data: String, format: String, features: String): String = {
    good(
      Seq("fit", "--data", data, "--format", format, "--features", features, "--label", "y") ++
        Seq("--model", path(name), "--solver", "fixed", "--width", "0.1"): _*
    )
    path(name)
  }

  private lazy val model =
    fit(
      "model",
      csv("train.csv", "x,z,y", "1,5,1", "2,6,2", "3,7,3", "4,8,4"),
      "csv",
      "x, z as zed"
    )

  private def score(data: String, out: String, options: String*): Seq[String] =
    Seq("score", "--model", model, "--data", data, "--out", path(out)) ++
      (if (options.contains("--format")) Nil else Seq("--format", "csv")) ++ options

  private def read(name: String, format: String = "csv"): DataFrame =
    spark.read.option("header", true).format(format).load(path(name))

  private def cells(frame: DataFrame): Set[String] =
    frame.collect().map(_.toSeq.mkString("|")).toSet

  private def manifest(name: String): JsonNode =
    new ObjectMapper().readTree(folder.resolve(name + "/_manifest.json").toFile)

  private val mixed = Seq("x,z,note", "1,5,a", "oops,6,b", ",7,c", "3,NaN,d", "4,1e200,e", "2,6,f")

  test("--with tells more, in every format, and null of rows that cannot be scored") {
    val data = csv("more.csv", "x,z", "1,5", "4,8", "oops,1", "90,90")
    val more = Seq("--with", "effectiveKeys,support,marginalEffect", "--handle-invalid", "keep")
    good(score(data, "more", more: _*): _*)
    // Width 0.1: each key is ten widths from the next, so it answers alone, without a slope.
    val number = "-?[0-9.]+(?:E-[0-9]+)?"
    val columns = "x|z|prediction|effectiveKeys|support|marginalEffect"
    assert(read("more").columns.mkString("|") == columns)
    val kept = cells(read("more"))
    assert(kept.exists(_.matches(s"1\\|5\\|1.0\\|1.0\\|1.0\\|\\[$number,$number\\]")), kept)
    assert(kept.exists(_.endsWith("|NaN|null|null|null")), kept)
    assert(kept.exists(_.matches(s"90\\|90\\|4.0\\|1.0\\|0.0\\|\\[$number,$number\\]")), kept)
    good(score(data, "parquet", more ++ Seq("--out-format", "parquet"): _*): _*)
    val arrays = read("parquet", "parquet")
    assert(arrays.schema("marginalEffect").dataType.simpleString == "array<double>")
    assert(arrays.where("x = 1").head().getSeq[Double](5).forall(math.abs(_) < 1e-9))
  }

  test("fit --calibration keeps scores, and --with interval,band tells ends at --confidence") {
    val random = new scala.util.Random(1)
    val lines =
      Seq.fill(400)(s"${random.nextDouble()},${random.nextInt(9)},${random.nextGaussian()}")
    val train = csv("noise.csv", "x,z,y" +: lines: _*)
    def fitted(name: String, options: String*) =
      Seq("fit", "--data", train, "--format", "csv", "--features", "x", "--label", "y") ++
        Seq("--solver", "fixed", "--width", "0.2", "--model", path(name)) ++ options
    val asked = csv("asked.csv", "x,z", "0.5,1", "oops,2")
    def ends(name: String, confidence: String, options: String*) =
      Seq("score", "--model", path(name), "--data", asked, "--format", "csv") ++
        Seq("--out", path(s"$name-$confidence"), "--out-format", "parquet") ++
        Seq("--confidence", confidence, "--handle-invalid", "keep") ++ options
    for (kind <- Seq("loo", "cv+", "split")) {
      val result = good(fitted(kind, "--calibration", kind, "--engine", "broadcast"): _*)
      val held = result.get("heldOutRows").asInt
      assert(result.get("rows").asInt == 400)
      assert(if (kind == "split") held > 50 && held < 110 else held == 0)
      assert(manifest(kind).get("rowsRejected").asInt == 0)
      val wide = for (c <- Seq("0.5", "0.9")) yield {
        good(ends(kind, c, "--with", "interval,band"): _*)
        val Array(row, none) = read(s"$kind-$c", "parquet").orderBy("z").collect()
        for (name <- Seq("interval", "band")) assert(none.isNullAt(none.fieldIndex(name)))
        val band = row.getStruct(row.fieldIndex("band"))
        val interval = row.getStruct(row.fieldIndex("interval"))
        assert(interval.getDouble(0) < band.getDouble(0))
        assert(band.getDouble(0) < row.getAs[Double]("prediction"))
        interval.getDouble(1) - interval.getDouble(0)
      }
      // Normal noise of deviation 1: 2 z = 1.35 and 3.29.
      assert(math.abs(wide(0) - 1.35) < 0.3 && math.abs(wide(1) - 3.29) < 0.6, wide)
    }
    good(ends("loo", "0.8", "--with", "band"): _*)
    refused(2, "--confidence must be above 0 and below 1, but was 1.0")(
      ends("loo", "1", "--with", "interval")
    )
    refused(2, "--confidence must be given with --with interval")(ends("loo", "0.7"))
    refused(2, "--calibration", "'cv'", "loo, cv+, split, none")(
      fitted("no", "--calibration", "cv")
    )
    refused(2, "--calibration must be loo or none with --leave-out SQL, but was cv+")(
      fitted("no", "--calibration", "cv+", "--leave-out", "z")
    )
    refused(2, "--calibration must be loo or none with a lattice, but was split")(
      fitted("no", "--calibration", "split", "--engine", "lattice")
    )
  }

  test("--outside-support decides about rows that are like no key") {
    val data = csv("far.csv", "x,z", "1,5", "90,90")
    def out(name: String, rule: String) = {
      val outside = Seq("--outside-support", rule, "--support-threshold", "0.01")
      good(score(data, name, outside: _*): _*)
      cells(read(name))
    }
    assert(out("as mean", "mean") == Set("1|5|1.0", "90|90|2.5"))
    assert(out("as nearest", "nearest") == Set("1|5|1.0", "90|90|4.0"))
    val strict = Seq("--outside-support", "error", "--support-threshold", "0.01")
    refused(3, "a row cannot be scored: the support of its features [90.0, 90.0] is 0.0")(
      score(data, "strict", strict: _*)
    )
    refused(2, "--support-threshold")(score(data, "wrong", "--support-threshold", "2"))
  }

  test("rejected rows go to a place of their own, each with its reason") {
    val data = csv("mixed.csv", mixed: _*)
    val result = good(score(data, "kept", "--rejected", path("rejects")): _*)
    for ((key, n) <- Seq("rowsIn" -> 6, "rows" -> 2, "rejectedRows" -> 4))
      assert(result.get(key).asInt == n, key)
    assert(result.get("rejected").asText == "file:" + path("rejects"))
    assert(cells(read("kept")) == Set("1|5|a|1.0", "2|6|f|2.0"))
    assert(
      cells(read("rejects").select("note", "reason")) == Set(
        "b|column x is 'oops', which is no int",
        "c|feature x is null",
        "d|column z is 'NaN', which is no int",
        "e|column z is '1e200', which is no int"
      )
    )
    for (name <- Seq("kept", "rejects")) {
      val m = manifest(name)
      assert(m.get("rowsIn").asLong == m.get("rowsOut").asLong + m.get("rowsRejected").asLong)
      assert(m.get("rowsRejected").asLong == 4)
      assert(m.get("options").get("handle-invalid").asText == "skip")
    }
  }

  test("a model whose keys stay in its files scores the same bits") {
    val data = csv("either.csv", "x,z", "1,5", "2,6", "3,5")
    for (engine <- Seq("broadcast", "partitioned", "auto"))
      good(score(data, engine, "--engine", engine): _*)
    assert(cells(read("partitioned")) == cells(read("broadcast")))
    assert(cells(read("auto")) == cells(read("broadcast")))
  }

  test("keys that are deleted while a score reads them end it with a sentence") {
    // A feature that can delete the keys: it is computed when the model has been loaded.
    spark.udf.register("deleting", (x: Double) => { DeletedKeys.delete(); x })
    val losing = fit("losing", csv("losing.csv", "x,y", "1,1", "2,2"), "csv", "deleting(x) as x")
    val keys = Path.of(losing, "keys")
    DeletedKeys.folder = Some(keys)
    refused(3, s"the keys in file:$keys/part-", "are gone")(
      Seq("score", "--model", losing, "--data", csv("asking.csv", "x", "1"), "--format", "csv") ++
        Seq("--engine", "partitioned", "--out", path("lost"))
    )
    assert(!Files.exists(folder.resolve("lost")))
  }

  test("yesterday is a date by the clock in UTC, and the manifest names it") {
    val data = csv("nightly.csv", "x,z", "1,5")
    def day = java.time.LocalDate.now(java.time.ZoneOffset.UTC).minusDays(1).toString
    val before = day
    good(score(data, "nightly", "--run-date", "yesterday"): _*)
    val dates = Set(before, day) // midnight may pass
    val Seq(name) = Jobs.names(folder.resolve("nightly")).filter(_.startsWith("run_date=")).toSeq
    assert(dates(name.stripPrefix("run_date=")))
    assert(dates(manifest("nightly/" + name).get("options").get("run-date").asText))
  }

  test("a feature that is null, NaN, infinite or beyond all bounds is named") {
    val train = csv("real.csv", "x,z,y", "1.5,5.5,1", "2.5,6.5,2")
    val real = fit("real", train, "csv", "x, z * 1 as zed")
    val data = csv("real-new.csv", "x,z", "1,NaN", "-Infinity,1", "1,1e200", "1,", "1,1")
    good(
      Seq("score", "--model", real, "--data", data, "--format", "csv", "--out", path("real-out")) ++
        Seq("--rejected", path("real-rejects"), "--out-format", "json"): _*
    )
    assert(
      cells(read("real-rejects", "json").select("reason")) == Set(
        "feature zed is NaN",
        "feature x is -Infinity",
        "feature zed is 1.0E200, beyond 1.0E150",
        "feature zed is null"
      )
    )
    assert(read("real-out", "json").count() == 1)
  }

  test("with error the sentence has the count, the first row and its reason") {
    val data = csv("one-bad.csv", "x,z", "1,5", "oops,6")
    refused(3, "1 of 2 rows", "column x is 'oops', which is no int", """"z":6""")(
      score(data, "none")
    )
    assert(!Files.exists(folder.resolve("none")))
  }

  test("with keep every row is put out, and none is rejected") {
    val data = csv("keep.csv", mixed: _*)
    val result = good(score(data, "all", "--handle-invalid", "keep"): _*)
    for ((key, n) <- Seq("rowsIn" -> 6, "rows" -> 6, "rejectedRows" -> 0, "keptInvalidRows" -> 4))
      assert(result.get(key).asInt == n, key)
    assert(read("all").where("prediction = 'NaN'").count() == 4)
  }

  test("a line that is no row is rejected as a whole, in csv and in json") {
    val short = csv("short.csv", "x,z", "1,5", "2", "3,7,9")
    good(score(short, "short-out", "--rejected", path("short-rejects")): _*)
    assert(
      cells(read("short-rejects").select("reason")) ==
        Set("line '2' cannot be read as a row", "line '3,7,9' cannot be read as a row")
    )
    val broken = csv("broken.json", """{"x": 1, "z": 5}""", """{"x": 1, "z": """)
    val json = Seq("--format", "json", "--rejected", path("json-rejects"))
    assert(good(score(broken, "json-out", json: _*): _*).get("rows").asInt == 1)
    assert(
      cells(read("json-rejects", "json").select("reason")) ==
        Set("""line '{"x": 1, "z": ' cannot be read as a row""")
    )
  }

  test("cells of every type that a model may have seen are read, or rejected by name") {
    val table = spark.sql(
      """select 1.5D as f, 1 as i, 2L as l, 3S as s, 4Y as b, 1.25BD as d, 0.5F as r, true as t,
        | date'2026-01-01' as day, timestamp'2026-01-01 01:02:03' as at,
        | timestamp_ntz'2026-01-01 01:02:03' as wall, 'text' as text, 1.0D as y""".stripMargin
    )
    table.union(table).write.parquet(path("typed"))
    val typed = fit("typed-model", path("typed"), "parquet", "f, hour(at) as hour")
    table.drop("y").write.option("header", true).csv(path("good-cells"))
    table.drop("y").write.json(path("good-cells-json"))
    for ((format, name) <- Seq("csv" -> "good-cells", "json" -> "good-cells-json")) {
      good(
        Seq("score", "--model", typed, "--data", path(name), "--format", format, "--out") ++
          Seq(path("typed-" + format), "--out-format", "parquet"): _*
      )
      val scored = read("typed-" + format, "parquet")
      assert(
        cells(scored.select(table.drop("y").columns.toSeq.map(scored(_)): _*)) == cells(
          table.drop("y")
        )
      )
    }
    val names = Seq("f", "i", "l", "s", "b", "d", "r", "t", "day", "at", "wall")
    val bad = names.map { bad =>
      "{" + names.map(n => s""""$n": ${if (n == bad) "\"?\"" else "null"}""").mkString(", ") + "}"
    }
    good(
      Seq("score", "--model", typed, "--data", csv("bad.json", bad: _*), "--format", "json") ++
        Seq("--out", path("bad-out"), "--rejected", path("bad-rejects")): _*
    )
    val reasons = cells(read("bad-rejects", "json").select("reason"))
    val types = table.schema
    assert(reasons == names.map { n =>
      s"column $n is '?', which is no ${types(n).dataType.simpleString}"
    }.toSet)
  }

  test("columns to keep; a bad cell in a column that nobody needs is no reason") {
    val data = csv("wide.csv", "x,z,y,note", "1,5,n/a,p", "2,6,1,q")
    val result = good(score(data, "narrow", "--columns", "note, X"): _*)
    assert(result.get("rejectedRows").asInt == 0)
    assert(read("narrow").columns.toSeq == Seq("note", "x", "prediction"))
    assert(cells(read("narrow")) == Set("p|1|1.0", "q|2|2.0"))
    refused(3, "column w (--columns) is not in", "x, z, y, note")(
      score(data, "no", "--columns", "w")
    )
    refused(3, "1 of 2 rows", "column y is 'n/a'")(score(data, "no"))
  }

  test("arrays, structs and maps become JSON text where the format has none") {
    val nested = spark.sql(
      """select 1 as x, 5 as z, array(1, null) as a, named_struct('k', 'v', 'n', cast(null as int)) as s,
        | map('m', 2) as m""".stripMargin
    )
    nested.write.parquet(path("nested"))
    good(score(path("nested"), "flat", "--format", "parquet", "--out-format", "csv"): _*)
    val flat = spark.read.option("header", true).option("escape", "\\").csv(path("flat"))
    assert(cells(flat) == Set("""1|5|[1,null]|{"k":"v","n":null}|{"m":2}|1.0"""))
    for (format <- Seq("orc", "json", "parquet")) {
      val options = Seq("--format", "parquet", "--out-format", format)
      good(score(path("nested"), "deep-" + format, options: _*): _*)
      val deep = read("deep-" + format, format)
      assert(cells(deep.select("a", "prediction")) == Set("ArraySeq(1, null)|1.0"), format)
    }
    spark
      .sql("select 1 as x, 5 as z")
      .selectExpr("*", "parse_json('1') as v")
      .write
      .parquet(path("variant"))
    refused(3, "column v of type variant cannot be written as csv", "--columns")(
      score(path("variant"), "no", "--format", "parquet", "--out-format", "csv")
    )
  }

  test("date-col filters the input to the run date, in the model's time zone") {
    val zone = spark.conf.get("spark.sql.session.timeZone")
    try {
      spark.conf.set("spark.sql.session.timeZone", "Asia/Tokyo")
      val tokyo =
        fit("tokyo", csv("t.csv", "x,y,at", "1,1,2026-01-01T00:00:00Z", "2,2,"), "csv", "x")
      spark.conf.set("spark.sql.session.timeZone", "America/New_York")
      def run(data: String, column: String, format: String, out: String) = good(
        Seq("score", "--model", tokyo, "--data", data, "--format", format, "--out", path(out)) ++
          Seq("--run-date", "2026-01-02", "--date-col", column, "--rejected", path(out + "-r")): _*
      )
      // 15:00 UTC is midnight in Tokyo. A null has no date; what cannot be read may have any.
      val times = Seq("2026-01-01T14:59:59Z", "2026-01-01T15:00:00Z", "2026-01-02T14:59:59Z") ++
        Seq("2026-01-02T15:00:00Z", "", "soon")
      val lines = times.zipWithIndex.map { case (t, i) => s"${i + 1},$t,$t" }
      val data = csv("times.csv", "x,at,other" +: lines: _*)
      for (column <- Seq("at", "other")) {
        val result = run(data, column, "csv", "by-" + column)
        assert(result.get("rowsIn").asInt == 3 && result.get("rows").asInt == 2)
        assert(
          cells(read(s"by-$column/run_date=2026-01-02").select("x")) == Set("2", "3"),
          column
        )
        val why = cells(read(s"by-$column-r").select("x", "reason")).head
        assert(why.startsWith("6|column ") && why.contains("'soon', which is no"))
      }
      spark
        .sql("select 1 as x, date'2026-01-02' as d union all select 2, date'2026-01-03'")
        .write
        .parquet(path("days"))
      assert(run(path("days"), "D", "parquet", "by-day").get("rowsIn").asInt == 1)
      def wrong(column: String, date: String) =
        Seq("score", "--model", tokyo, "--data", path("days"), "--out", path("no")) ++
          Seq("--run-date", date, "--date-col", column)
      refused(3, "no rows of 2025-01-01 by d")(wrong("d", "2025-01-01"))
      refused(3, "--date-col x must be a date, a timestamp or text", "int")(
        wrong("x", "2026-01-02")
      )
      refused(3, "column e (--date-col)", "x, d")(wrong("e", "2026-01-02"))
      assert(!Files.exists(folder.resolve("no")))
    } finally spark.conf.set("spark.sql.session.timeZone", zone)
  }

  test("re-scoring one date ten times gives ten times the same rows, and leaves the others") {
    val data = csv("again.csv", mixed: _*)
    def run(date: String) =
      good(score(data, "dates", "--run-date", date, "--rejected", path("dates-r")): _*)
    run("2026-01-01")
    def all(day: String) =
      (
        cells(read(s"dates/run_date=2026-01-$day")),
        cells(read(s"dates-r/run_date=2026-01-$day"))
      )
    val first = all("01")
    val other = Files.getLastModifiedTime(folder.resolve("dates/run_date=2026-01-01"))
    for (i <- 1 to 10) {
      val result = run("2026-01-02")
      assert(result.get("out").asText == s"file:${path("dates")}/run_date=2026-01-02")
      assert(all("02") == first, s"run $i")
    }
    assert(Files.getLastModifiedTime(folder.resolve("dates/run_date=2026-01-01")) == other)
    for (name <- Seq("dates", "dates-r"))
      assert(Jobs.names(folder.resolve(name)) == Set("run_date=2026-01-01", "run_date=2026-01-02"))
    assert(manifest("dates/run_date=2026-01-02").get("rowsOut").asLong == 2)
    assert(manifest("dates-r/run_date=2026-01-02").get("rowsRejected").asLong == 4)
    // A run without rejected rows replaces those of before.
    good(
      score(
        csv("clean.csv", "x,z,note", "1,5,a"),
        "dates",
        "--run-date",
        "2026-01-02",
        "--rejected",
        path("dates-r")
      ): _*
    )
    assert(all("02")._2.isEmpty && all("01") == first)
  }

  test("a date that another run writes, and a folder with dates as an output without") {
    val data = csv("held.csv", "x,z", "1,5")
    good(score(data, "held", "--run-date", "2026-01-01"): _*)
    val hidden = Files.createDirectories(folder.resolve("held/.regard"))
    Files.writeString(
      hidden.resolve("2026-01-01.lock"),
      """{"runId":"r-1","host":"elsewhere (process 7)","start":"2026-01-01T00:00:00Z"}"""
    )
    refused(3, "run_date=2026-01-01 of file:", "is being written by run r-1 on elsewhere")(
      score(data, "held", "--run-date", "2026-01-01")
    )
    good(score(data, "held", "--run-date", "2026-01-02"): _*)
    Files.delete(hidden.resolve("2026-01-01.lock"))
    refused(3, "holds a partition for each run date")(score(data, "held", "--overwrite"))
  }

  test("an expression that fails on a row ends with a sentence") {
    val train = csv("fine.csv", "x,s,y", "1,1,1", "2,2,2")
    val inverse = fit("inverse", train, "csv", "1 / x as inverse")
    val data = csv("zero.csv", "x", "1", "0")
    refused(3, "the features cannot be computed for a row of", "ivision by zero")(
      Seq("score", "--model", inverse, "--data", data, "--format", "csv", "--out", path("no"))
    )
    assert(!Files.exists(folder.resolve("no")))
  }

  test("a model of which one part is of another model") {
    val other = fit("other", csv("o.csv", "x,y", "1,1", "2,2"), "csv", "x")
    Files.copy(Path.of(model, "source.json"), folder.resolve("source.json"))
    Files.delete(Path.of(other, "source.json"))
    Files.copy(folder.resolve("source.json"), Path.of(other, "source.json"))
    refused(3, "has 1 features", "[x, zed]", "changed while it was read")(
      Seq("score", "--model", other, "--data", csv("n.csv", "x,z", "1,1"), "--format", "csv") ++
        Seq("--out", path("no"), "--run-date", "2026-01-01")
    )
    assert(!Files.exists(folder.resolve("no")))
  }

  test("options that do not go together") {
    val data = csv("options.csv", "x,z", "1,5")
    for (policy <- Seq("error", "keep"))
      refused(2, "--handle-invalid must be skip beside --rejected", policy)(
        score(data, "no", "--rejected", path("r"), "--handle-invalid", policy)
      )
    refused(2, "--date-col must be given with --run-date")(score(data, "no", "--date-col", "x"))
    for ((option, value) <- Seq("--rejected" -> path("no"), "--rejected" -> path("no/in")))
      refused(2, "must be apart from")(score(data, "no", option, value))
    val store = Seq("--run-date", "2026-01-01", "--out", "s3a://bucket/scores")
    refused(2, "--out must be on a file system with atomic renames", "s3a", "s3a://bucket/scores")(
      score(data, "no") ++ store
    )
    refused(2, "--rejected must be on", "gs")(
      score(data, "no", "--run-date", "2026-01-01", "--rejected", "gs://bucket/r")
    )
    refused(2, "needs --jdbc")(score(data, "no", "--out-format", "jdbc"))
    refused(2, "password")(
      score(data, "t", "--out-format", "jdbc", "--jdbc", "jdbc:postgresql://h/d?password=p")
    )
    refused(2, "--out must be the name of a table")(
      score(data, "no", "--out-format", "jdbc", "--jdbc", "jdbc:x:y", "--out", "a b")
    )
    val taken = csv("taken-names.csv", "x,z,reason", "1,5,a")
    refused(3, "has a column reason already; --rejected")(
      score(taken, "no", "--rejected", path("r"))
    )
    assert(!Files.exists(folder.resolve("no")))
  }
}

object DeletedKeys {
  @volatile var folder: Option[Path] = None

  def delete(): Unit =
    for (keys <- folder; file <- Jobs.names(keys) if file.endsWith(".parquet"))
      Files.delete(keys.resolve(file))
}
