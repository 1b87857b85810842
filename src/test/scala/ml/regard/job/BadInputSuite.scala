package ml.regard.job

import java.nio.file.{Files, Path}

import ml.regard.SharedSpark
import org.scalatest.funsuite.AnyFunSuite

/** Every fault gives one sentence and its exit code, and leaves nothing half-written behind. */
class BadInputSuite extends AnyFunSuite {
  private val usage = 2
  private val data = 3
  private lazy val spark = SharedSpark.session
  private val folder = SharedSpark.temporaryFolder("bad-input")
  private val outputs = Files.createDirectory(folder.resolve("outputs"))
  private val out = outputs.resolve("out").toString

  private lazy val good =
    Jobs.csv(folder, "good.csv", "x,z,y,c", "1,5,1,1", "2,6,2,1", "3,8,4,1", "4,9,3,1")
  private lazy val model = {
    val path = folder.resolve("model").toString
    assert(Jobs.run(fit(good, "--model", path): _*).code == 0)
    path
  }

  private def fit(data: String, options: String*): Seq[String] = {
    val defaults = Seq("--format" -> "csv", "--features" -> "x", "--label" -> "y", "--model" -> out)
    val named = options.grouped(2).map(_.head).toSet
    Seq("fit", "--data", data) ++
      defaults.filterNot(d => named(d._1)).flatMap(d => Seq(d._1, d._2)) ++ options
  }

  private def score(options: String*): Seq[String] = {
    val defaults = Seq("--model" -> model, "--data" -> good, "--format" -> "csv", "--out" -> out)
    val named = options.grouped(2).map(_.head).toSet
    Seq("score") ++ defaults.filterNot(d => named(d._1)).flatMap(d => Seq(d._1, d._2)) ++ options
  }

  private def refused(code: Int, parts: String*)(arguments: Seq[String]): Unit = {
    val before = Jobs.names(outputs)
    val run = Jobs.run(arguments: _*)
    assert(run.code == code, run.err)
    assert(run.out.isEmpty, "no result")
    assert(run.err.linesIterator.size == 1, "one sentence: " + run.err)
    for (part <- parts) assert(run.lastErrorLine.contains(part))
    assert(Jobs.names(outputs) == before, "nothing half-written stays behind")
  }

  private def csv(name: String, lines: String*): String = Jobs.csv(folder, name, lines: _*)

  test("a missing file") {
    refused(data, "there is no data at", "/nowhere.csv")(fit("/nowhere.csv"))
    refused(data, "there is no data at", "/nowhere.csv")(score("--data", "/nowhere.csv"))
  }

  test("a file of another format") {
    refused(data, "good.csv", "parquet")(fit(good, "--format", "parquet"))
  }

  test("a missing column as feature, label or weight, with the columns there are") {
    refused(data, "features \"q\"", "x, z, y, c")(fit(good, "--features", "q"))
    refused(data, "label \"q\"", "x, z, y, c")(fit(good, "--label", "q"))
    refused(data, "weight \"q\"", "x, z, y, c")(fit(good, "--weight", "q"))
    refused(data, "label \"q\"")(
      Seq("evaluate", "--model", model, "--data", good, "--format", "csv", "--label", "q")
    )
  }

  test("options of learning that say nothing together, or name what is not there") {
    refused(data, "leave-out \"week\"", "x, z, y, c")(fit(good, "--leave-out", "week"))
    refused(data, "validation \"q > 1\"", "x, z, y, c")(fit(good, "--validation", "q > 1"))
    refused(data, "validation (validationIndicatorCol) must be a boolean", "int")(
      fit(good, "--validation", "c")
    )
    refused(data, "is true in every row")(fit(good, "--validation", "true"))
    refused(usage, "--solver", "sgd with --parametrization inverse", "newton")(
      fit(good, "--solver", "newton", "--parametrization", "inverse")
    )
    refused(usage, "--leave-out", "row with --criterion aicc", "ties")(
      fit(good, "--criterion", "aicc", "--leave-out", "ties")
    )
    refused(usage, "--parametrization", "inverse")(
      fit(good, "--criterion", "aicc", "--parametrization", "inverse")
    )
    refused(usage, "--validation", "y > 2")(
      fit(good, "--validation", "y > 2", "--mini-batch-fraction", "0.5")
    )
    refused(usage, "--mini-batch-fraction", "-0.5")(fit(good, "--mini-batch-fraction", "-0.5"))
  }

  test("a column that scoring needs and the data lacks") {
    val other = csv("other.csv", "u", "1")
    refused(data, "features \"x\"", "columns u")(score("--data", other))
  }

  test("a column that is no number") {
    val words = csv("words.csv", "x,y", "one,1", "two,2")
    refused(data, "feature x must be a number", "string")(fit(words))
    val labels = csv("labels.csv", "x,y", "1,a", "2,b")
    refused(data, "label y must be a number", "string")(fit(labels))
  }

  test("features that do not parse") {
    refused(data, "features \"x +\"")(fit(good, "--features", "x +"))
  }

  test("no rows") {
    val schema = spark.read.option("header", true).option("inferSchema", true).csv(good).schema
    val empty = folder.resolve("empty").toString
    spark
      .createDataFrame(new java.util.ArrayList[org.apache.spark.sql.Row], schema)
      .write
      .parquet(empty)
    refused(data, "has no rows")(fit(empty, "--format", "parquet"))
    refused(data, "has no rows", empty)(score("--data", empty, "--format", "parquet"))
    refused(data, "has no rows", empty)(
      Seq("evaluate", "--model", model, "--data", empty, "--label", "y")
    )
  }

  test("one row") {
    val single = csv("single.csv", "x,y", "1,1")
    refused(data, "leave-one-out needs two rows with positive weight")(fit(single))
  }

  test("rows with null, NaN or infinite features or labels: the count and the first") {
    val said = Seq(
      "" -> "its features are null",
      "NaN" -> "feature 0 is NaN",
      "Infinity" -> "feature 0 is Infinity"
    )
    for ((cell, said) <- said) {
      val features = csv("features.csv", "x,y", "1,1", s"$cell,2", "3,3", s"$cell,4")
      refused(data, "2 of 4 training rows", said, "label 2.0")(fit(features))
      refused(data, "2 of 4 rows", "features.csv", "cannot be scored")(score("--data", features))
    }
    for ((cell, said) <- Seq("" -> "null", "NaN" -> "NaN", "-Infinity" -> "-Infinity")) {
      val labels = csv("bad-labels.csv", "x,y", "1,1", s"2,$cell", "3,3")
      refused(data, "1 of 3 training rows", s"label is $said")(fit(labels))
      refused(data, "1 of 3 rows", "bad-labels.csv")(
        Seq("evaluate", "--model", model, "--data", labels, "--format", "csv", "--label", "y")
      )
    }
  }

  test("nothing left after skipping") {
    val gaps = csv("gaps.csv", "x,y", "NaN,1", "NaN,2")
    refused(data, "none of the 2 training rows")(fit(gaps, "--handle-invalid", "skip"))
  }

  test("negative weights, and all weights zero") {
    val negative = csv("negative.csv", "x,y,c", "1,1,1", "2,2,-0.5", "3,3,1")
    refused(data, "1 of 3 training rows", "weight is negative", "-0.5")(
      fit(negative, "--weight", "c")
    )
    val zero = csv("zero.csv", "x,y,c", "1,1,0", "2,2,0")
    refused(data, "all 2 weights are zero")(fit(zero, "--weight", "c"))
  }

  test("a width that is not positive and finite, or of the wrong number") {
    for (width <- Seq("0", "-1", "NaN", "Infinity"))
      refused(usage, "--width must be positive, finite")(fit(good, "--width", width))
    refused(usage, "--width", "1e-150", "1.0E-200")(fit(good, "--width", "1e-200"))
    refused(usage, "--width", "one per feature [x, z]", "[1.0, 2.0, 3.0]")(
      fit(good, "--features", "x,z", "--width", "1,2,3")
    )
    refused(usage, "--width", "missing")(fit(good, "--solver", "fixed"))
  }

  test("a star as features, which would take the label") {
    refused(data, "features \"*\"", "star")(fit(good, "--features", "*"))
  }

  test("two features of one name, of which one width could not be told") {
    refused(data, "features \"x, z as x\"", "name x twice")(fit(good, "--features", "x, z as x"))
  }

  test("an output that is, holds or lies in what the command needs") {
    val nested = Files.createDirectories(folder.resolve("nested"))
    val inside = Jobs.csv(nested, "in.csv", "x,y", "1,1", "2,2")
    refused(usage, "--model must be apart from", nested.toString)(
      fit(inside, "--model", nested.toString) :+ "--overwrite"
    )
    refused(usage, "--model must be apart from")(fit(good, "--model", out, "--report", out))
    refused(usage, "--report must be apart from")(fit(good, "--model", out + "/m", "--report", out))
    refused(usage, "--model must be apart from")(fit(good, "--report", out + "/report"))
    refused(usage, "--out must be apart from")(score("--out", model) :+ "--overwrite")
    refused(usage, "--out", "working directory")(score("--out", ".") :+ "--overwrite")
    refused(usage, "--out")(score("--out", ""))
    assert(Files.exists(Path.of(inside)) && Files.exists(Path.of(model)))
  }

  test("csv files of one table with different headers") {
    val mixed = Files.createDirectories(folder.resolve("mixed"))
    Jobs.csv(mixed, "a.csv", "x,z", "1,10")
    Jobs.csv(mixed, "b.csv", "z,x", "20,2")
    refused(data, "CSV header does not conform")(score("--data", mixed.toString))
  }

  test("dates in an output without dates, and in a table with a column of that name") {
    val plain = outputs.resolve("plain").toString
    assert(Jobs.run(score("--out", plain): _*).code == 0)
    refused(data, "without dates")(score("--out", plain, "--run-date", "2026-01-01"))
    val dated = csv("dated.csv", "x,run_date", "1,2026-01-01")
    refused(data, "run_date already")(score("--data", dated, "--run-date", "2026-01-01"))
  }

  test("a folder that was made for an output that failed") {
    refused(data, "there is no data")(fit("/nowhere.csv", "--model", s"$outputs/deep/er/model"))
    val gaps = csv("some-gaps.csv", "x", "1", "NaN")
    refused(data, "cannot be scored")(score("--data", gaps, "--out", s"$outputs/deep/er/out"))
  }

  test("an old result does not speak for a run that fails") {
    val result = Files.write(folder.resolve("result.json"), Array[Byte]('{', '}'))
    refused(data, "there is no data")(fit("/nowhere.csv", "--result", result.toString))
    assert(!Files.exists(result))
  }

  test("a column prediction that is already there") {
    val taken = csv("taken.csv", "x,prediction", "1,1")
    refused(data, "prediction", "already in the data")(score("--data", taken))
  }

  test("a model folder that is missing, damaged, truncated or of a newer format") {
    refused(data, "there is no model at", "/no/model")(score("--model", "/no/model"))

    val damaged = copyOfModel("damaged")
    edit(damaged.resolve("metadata"), _ => "{")
    refused(data, damaged.toString, "metadata")(score("--model", damaged.toString))

    val noMetadata = copyOfModel("no-metadata")
    delete(noMetadata.resolve("metadata"))
    refused(data, noMetadata.toString, "metadata")(score("--model", noMetadata.toString))

    val noKeys = copyOfModel("no-keys")
    parts(noKeys.resolve("keys")).foreach(Files.delete)
    refused(data, noKeys.toString)(score("--model", noKeys.toString))

    val cut = copyOfModel("cut")
    for (part <- parts(cut.resolve("keys"))) {
      val bytes = Files.readAllBytes(part)
      Files.write(part, bytes.take(bytes.length / 2))
    }
    refused(data, cut.toString, "cannot be read")(score("--model", cut.toString))

    val newer = copyOfModel("newer")
    edit(
      newer.resolve("metadata"),
      _.replaceAll("\"formatVersion\":\\d", "\"formatVersion\":9")
    )
    refused(data, newer.toString, "format version 9", "up to 4")(score("--model", newer.toString))

    val noSource = copyOfModel("no-source")
    Files.delete(noSource.resolve("source.json"))
    refused(data, noSource.toString, "source.json")(score("--model", noSource.toString))

    val badSource = copyOfModel("bad-source")
    Files.write(badSource.resolve("source.json"), Array[Byte]('{', '}'))
    refused(data, badSource.toString, "source.json", "damaged")(
      score("--model", badSource.toString)
    )
  }

  test("an output folder that exists") {
    val taken = Files.createDirectories(outputs.resolve("taken")).toString
    for (
      arguments <- Seq(
        Seq("generate", "--rows", "3", "--out", taken),
        Seq("demo", "--out", taken),
        fit(good, "--model", taken),
        fit(good, "--report", taken),
        score("--out", taken)
      )
    ) refused(data, taken, "exists already; --overwrite")(arguments)
    assert(Jobs.names(Path.of(taken)).isEmpty)
  }

  test("a command line that is wrong") {
    refused(usage, "a command is missing", "generate, demo, fit")(Seq.empty)
    refused(usage, "learn")(Seq("learn"))
    refused(usage, "--model")(Seq("fit", "--data", good, "--features", "x", "--label", "y"))
    refused(usage, "--widht", "similar", "--width")(fit(good, "--widht", "1"))
    refused(usage, "--solver", "adam")(fit(good, "--solver", "adam"))
    refused(usage, "--run-date", "2026-01-31, or yesterday, but was 'tomorrow'")(
      score("--run-date", "tomorrow")
    )
    refused(usage, "--rows must be at least 1, but was 0")(
      Seq("generate", "--rows", "0", "--out", out)
    )
    refused(usage, "--step-size must be positive and finite, but was -1.0")(
      fit(good, "--step-size", "-1")
    )
    refused(usage, "--mini-batch-fraction must be in [0, 1], but was 1.5")(
      fit(good, "--mini-batch-fraction", "1.5")
    )
    refused(usage, "--train and --test", "together")(Seq("demo", "--out", out, "--train", good))
    refused(usage, "--initial-inverse-width", "0.0")(
      Seq("demo", "--out", out, "--initial-inverse-width", "0")
    )
    refused(usage, "--format", "xml")(fit(good, "--format", "xml"))
  }

  test("--verbose adds the stack trace before the sentence") {
    val run = Jobs.run(fit("/nowhere.csv") :+ "--verbose": _*)
    assert(run.code == data)
    assert(run.err.contains("at ml.regard.io.Tables"))
    assert(run.lastErrorLine.contains("there is no data at /nowhere.csv"))
  }

  test("an expression that fails on a row is the data's fault, and names it") {
    val rows = csv("division.csv", "x,y", "1,1", "0,2", "3,3")
    refused(data, "ivision by zero")(fit(rows, "--features", "1 / x as inverse"))
  }

  private def copyOfModel(name: String): Path = {
    val target = folder.resolve(name)
    val source = Path.of(model)
    val files = Files.walk(source)
    try
      files.forEach { file =>
        // A checksum file would notice the damage before the reader does.
        if (!file.toString.endsWith(".crc"))
          Files.copy(file, target.resolve(source.relativize(file).toString))
      }
    finally files.close()
    target
  }

  private def parts(folder: Path): Seq[Path] = {
    val files = Files.list(folder)
    try
      files.toArray.toSeq
        .map(_.asInstanceOf[Path])
        .filter(_.getFileName.toString.startsWith("part-"))
    finally files.close()
  }

  private def edit(folder: Path, change: String => String): Unit =
    for (part <- parts(folder)) {
      val before = Jobs.read(part)
      val after = change(before)
      assert(after != before)
      Files.write(part, after.getBytes("UTF-8"))
    }

  private def delete(folder: Path): Unit = {
    val files = Files.walk(folder)
    try files.sorted(java.util.Comparator.reverseOrder[Path]()).forEach(p => Files.delete(p))
    finally files.close()
  }
}
