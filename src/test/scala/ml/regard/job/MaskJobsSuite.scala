package ml.regard.job

import scala.util.Random

import ml.regard.{Rows, SharedSpark}
import ml.regard.Rows.assertClose
import org.scalatest.funsuite.AnyFunSuite

/** Groups and times from the command line: expressions that a score computes again. */
class MaskJobsSuite extends AnyFunSuite {
  private lazy val spark = SharedSpark.session
  private val folder = SharedSpark.temporaryFolder("masks")
  private val size = 400
  private val rows = Rows.random(size, 1, seed = 1)
  private val random = new Random(2)
  private val shops = Array.fill(size)(random.nextInt(3))
  private val days = Array.fill(size)(1 + random.nextInt(28))

  private def path(name: String): String = folder.resolve(name).toString

  private def line(i: Int): String =
    f"${rows.features(i)(0)},${rows.values(i)},${shops(i)},2026-03-${days(i)}%02d"

  private lazy val train =
    Jobs.csv(folder, "train.csv", "x,y,shop,sold" +: (0 until size).map(line): _*)
  private lazy val queries = Jobs.csv(
    folder,
    "queries.csv",
    "x,shop,sold",
    "1.5,0,2026-03-15",
    "2.5,2,2026-04-01",
    "1.5,7,2026-03-15",
    "3.5,1,2026-01-01",
    "3.5,1,"
  )

  private def good(arguments: String*): Jobs.Run = {
    val run = Jobs.run(arguments: _*)
    assert(run.code == 0, run.err)
    run
  }

  private def fit(name: String, options: String*): Jobs.Run = good(
    Seq("fit", "--data", train, "--format", "csv", "--features", "x", "--label", "y") ++
      Seq("--model", path(name), "--overwrite") ++ options: _*
  )

  private val mask = Seq("--group", "concat('shop ', shop)", "--time", "to_date(sold)")

  test("a score computes group and time as the fit did, and counts rows without keys") {
    val fitted = fit("both", mask ++ Seq("--solver", "fixed", "--width", "0.5"): _*).json
    assert(fitted.path("groups").asInt == 3 && fitted.path("rowsWithoutKeys").asInt >= 3)
    val scored = good(
      Seq("score", "--model", path("both"), "--data", queries, "--format", "csv") ++
        Seq(
          "--out",
          path("scored"),
          "--answer-tolerance",
          "0",
          "--with",
          "effectiveKeys,interval",
          "--out-format",
          "parquet"
        ): _*
    ).json
    assert(scored.path("rows").asInt == 5 && scored.path("rejectedRows").asInt == 0)
    assert(scored.path("noKeys").asInt == 3)
    val found = spark.read.parquet(path("scored")).collect()
    assert(
      found.head.schema.fieldNames.toSeq ==
        Seq("x", "shop", "sold", "prediction", "effectiveKeys", "interval")
    )
    for (row <- found) {
      val (shop, x) = (row.getAs[Any]("shop").toString.toInt, row.getAs[Any]("x").toString.toDouble)
      val day = Option(row.getAs[Any]("sold")).map(_.toString).fold(0) {
        case sold if sold.startsWith("2026-03") => sold.takeRight(2).toInt
        case sold                               => if (sold.startsWith("2026-04")) 99 else 0
      }
      val few = rows.select((0 until size).filter(i => shops(i) == shop && days(i) < day))
      val y = row.getAs[Double]("prediction")
      if (few.size == 0) assert(y.isNaN && row.getAs[Double]("effectiveKeys") == 0)
      else assertClose(y, few.pooled(Array(x), Array(2.0)), 1e-12)
    }
  }

  test("evaluate measures the rows with keys and counts the others") {
    fit("timed", "--time", "to_date(sold)", "--solver", "fixed", "--width", "0.5")
    val measured = good(
      Seq(
        "evaluate",
        "--model",
        path("timed"),
        "--data",
        train,
        "--format",
        "csv",
        "--label",
        "y"
      ): _*
    ).json
    val first = days.count(_ == days.min)
    assert(measured.path("noKeys").asInt == first)
    assert(measured.path("rows").asInt == size - first && measured.path("rejectedRows").asInt == 0)
  }

  test("own widths are told in few numbers, and the report and explain know masks") {
    val own = fit(
      "own",
      Seq("--group", "shop", "--group-widths", "own", "--report", path("own-report")): _*
    ).json
    val widths = own.path("widths").path("x")
    assert(widths.path("least").asDouble > 0)
    assert(widths.path("least").asDouble <= widths.path("median").asDouble)
    assert(widths.path("median").asDouble <= widths.path("largest").asDouble)
    assert(own.path("inverseWidths").isMissingNode)
    val page = Jobs.read(folder.resolve("own-report").resolve("report.html"))
    assert(page.contains("The widths of 3 groups") && page.contains("depends on the group"))
    fit("before", mask ++ Seq("--fit-before", "2026-03-20", "--report", path("report")): _*)
    assert(Jobs.read(folder.resolve("report").resolve("report.html")).contains("most influence"))
    for (model <- Seq("own", "before")) {
      val explained = good(
        Seq(
          "explain",
          "--model",
          path(model),
          "--data",
          queries,
          "--format",
          "csv",
          "--row",
          "2"
        ) ++
          Seq("--out", path("explained"), "--overwrite"): _*
      )
      assert(explained.json.path("explained").size == 1)
      assert(explained.err.contains("carry"))
    }
  }

  test("options that say nothing together are refused") {
    def refused(part: String)(options: String*): Unit = {
      val run = Jobs.run(
        Seq("fit", "--data", train, "--format", "csv", "--features", "x", "--label", "y") ++
          Seq("--model", path("refused")) ++ options: _*
      )
      assert(run.code == 2 && run.lastErrorLine.contains(part), run.err)
    }
    refused("--group-widths must be shared without --group")("--group-widths", "own")
    refused("--fit-before must be with --time")("--fit-before", "2026-03-01")
    refused("--leave-out must be row with --time")("--time", "sold", "--leave-out", "ties")
    refused("--criterion must be loo with --time")("--time", "sold", "--criterion", "aicc")
    refused("--group-widths must be shared with --validation or --checkpoint")(
      Seq("--group", "shop", "--group-widths", "own", "--checkpoint", path("c")): _*
    )
    refused("--calibration must be loo, split or none with --fit-before")(
      Seq("--time", "to_date(sold)", "--fit-before", "2026-03-01", "--calibration", "cv+"): _*
    )
    val run = Jobs.run(
      Seq("fit", "--data", train, "--format", "csv", "--features", "x", "--label", "y") ++
        Seq("--model", path("refused"), "--group", "shop", "--engine", "partitioned"): _*
    )
    assert(run.code == 3)
    assert(
      run.lastErrorLine.contains(
        "groupCol group needs engine broadcast, but the engine is partition"
      )
    )
  }
}
