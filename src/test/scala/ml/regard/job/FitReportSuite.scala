package ml.regard.job

import java.nio.file.Path

import ml.regard.{Rows, SharedSpark}
import ml.regard.ml.KernelRegressionModel
import org.apache.spark.ml.linalg.Vectors
import org.scalatest.funsuite.AnyFunSuite

/** The page of a fit shows the model itself, and its tables hold what the figures show. */
class FitReportSuite extends AnyFunSuite {
  private lazy val spark = SharedSpark.session
  private val folder = SharedSpark.temporaryFolder("fit-report")

  private val rows = Rows.random(400, 3, seed = 11)

  private lazy val data = Jobs.csv(
    folder,
    "train.csv",
    "x,z,u,name,y" +: rows.features.indices.map { i =>
      (rows.features(i) ++ Seq(s"row $i", rows.values(i))).mkString(",")
    }: _*
  )

  private final class Fitted(name: String) {
    val report: Path = folder.resolve(name + "-report")
    lazy val model: KernelRegressionModel =
      KernelRegressionModel.load(folder.resolve(name).toString)
    lazy val page: String = Jobs.read(report.resolve("report.html"))
    lazy val keys: Rows = {
      val table = model.keyTable(spark).orderBy("position").collect()
      Rows(
        table.map(_.getSeq[Double](1).toArray),
        table.map(_.getDouble(2)),
        table.map(_.getDouble(3))
      )
    }
    def files: Set[String] = Jobs.names(report)
    def has(id: String): Boolean =
      page.contains(s"""<figure id="$id">""") && files(s"$id.svg") && files(s"$id.png")

    /** A table as maps from the header to the cells. */
    def table(name: String): Seq[Map[String, String]] = {
      val lines = Jobs.read(report.resolve(name)).linesIterator.toSeq.map(_.split(",", -1).toSeq)
      lines.tail.map(cells => lines.head.zip(cells).toMap)
    }
  }

  private def fit(name: String, features: String, options: String*): Fitted = {
    val fitted = new Fitted(name)
    val run = Jobs.run(
      Seq("fit", "--data", data, "--format", "csv", "--features", features, "--label", "y") ++
        Seq("--model", folder.resolve(name).toString, "--report", fitted.report.toString) ++
        options: _*
    )
    assert(run.code == 0, run.err)
    fitted
  }

  private lazy val one = fit("one", "x", "--key-id", "name")
  private lazy val two = fit("two", "x,z")
  private lazy val three = fit("three", "x,z,u")

  private def close(text: String, expected: Double): Unit =
    Rows.assertClose(text.toDouble, expected, 1e-6)

  test("one feature: the curve over the range of the keys, with its band") {
    assert(one.has("curve") && one.page.contains("1.96 standard errors"))
    val curve = one.table("curve.csv")
    assert(curve.size == 200)
    assert(curve.head("x").toDouble == rows.features.map(_.head).min)
    assert(curve.last("x").toDouble == rows.features.map(_.head).max)
    val w = one.model.inverseWidths
    for (place <- curve.sliding(1, 23).flatten) {
      val query = Array(place("x").toDouble)
      close(place("prediction"), one.model.predict(Vectors.dense(query)))
      val squares = one.keys.values.indices.map(j => math.pow(residual(one, j), 2)).toArray
      close(place("standardError"), math.sqrt(one.keys.squaredAttention(query, w, squares)))
    }
    assert(one.page.contains("; the band reaches from"))
    assert(!one.has("map") && !one.has("labels"))
  }

  private def residual(fitted: Fitted, j: Int): Double =
    fitted.keys.values(j) - fitted.keys.looPrediction(j, fitted.model.inverseWidths)

  test("two features: a map that is blank far from the keys") {
    assert(two.has("map") && !two.has("curve"))
    val cells = two.table("map.csv")
    assert(cells.size == 64 * 64)
    for (cell <- cells.sliding(1, 401).flatten) {
      val query = Array(cell("x").toDouble, cell("z").toDouble)
      close(cell("prediction"), two.model.predict(Vectors.dense(query)))
      close(cell("support"), two.keys.support(query, two.model.inverseWidths))
    }
    val blank = cells.count(_("support").toDouble < math.exp(-2))
    val said = "; (\\d+) of 4096 cells are blank".r.findFirstMatchIn(two.page).map(_.group(1).toInt)
    assert(said.getOrElse(0) == blank)
  }

  test("a place far from every key is blank, wherever the keys are") {
    val corners = Jobs.csv(
      folder,
      "corners.csv",
      "x,z,u,name,y" +: (0 until 60).map { i =>
        val at = if (i % 2 == 0) 0 else 100
        s"${at + i / 60.0},${at + i % 7},0,n,${i % 5}"
      }: _*
    )
    val far = fit("far", "x,z", "--data", corners, "--solver", "fixed", "--width", "1")
    val blank = far.table("map.csv").count(_("support").toDouble < math.exp(-2))
    assert(blank > 3800 && far.page.contains(s"; $blank of 4096 cells are blank"))
  }

  test("three features: label against prediction, and no picture by one feature") {
    assert(three.has("labels") && !three.has("curve") && !three.has("map"))
    assert(three.page.contains("there is no picture of the whole"))
    val labels = three.table("labels.csv")
    val residuals = three.table("residuals.csv")
    assert(labels.map(_("prediction")) == residuals.map(_("leave-one-out prediction")))
    assert(three.has("relevance") && three.table("relevance.csv").map(_("feature")).size == 3)
  }

  test("residuals are those of leave-one-out, as points and as a histogram") {
    for (fitted <- Seq(one, two, three)) {
      assert(fitted.has("residuals") && fitted.has("distribution"))
      val shown = fitted.table("residuals.csv")
      assert(shown.size == 400)
      for ((row, j) <- shown.zipWithIndex) {
        assert(row("position").toInt == j)
        close(row("residual"), residual(fitted, j))
        close(row("leave-one-out prediction"), row("y").toDouble - residual(fitted, j))
      }
      assert(fitted.table("distribution.csv").map(_("rows").toDouble).sum == 400)
    }
  }

  test("coverage is the share of rows that the intervals of their tenth hold") {
    for (fitted <- Seq(one, two)) {
      assert(fitted.has("coverage"))
      val levels = Seq("50 %" -> 0.5, "80 %" -> 0.8, "90 %" -> 0.9, "95 %" -> 0.95)
      val calibration = fitted.model.calibrated.get
      val scores = (0 until 400).map(calibration.score)
      val rows = fitted.keys.values.indices.sortBy(j => fitted.keys.values(j) - residual(fitted, j))
      val shown = fitted.table("coverage.csv")
      assert(shown.map(_("tenth").toInt) == (1 to 10))
      for ((name, level) <- levels) {
        val quantile = scores.sorted.apply(math.ceil(401 * level).toInt - 1)
        val shares = rows.grouped(40).map(_.count(scores(_) <= quantile) / 40.0).toSeq
        assert(shown.map(_(name).toDouble) == shares)
        assert(math.abs(shares.sum / 10 - level) < 0.01)
      }
    }
    val split = fit("split", "x", "--calibration", "split")
    assert(split.has("residuals") && !split.has("coverage"))
    assert(split.page.contains("the scores are those of rows that were held out"))
  }

  test("the ten rows of most influence are those whose removal moves predictions the most") {
    for (fitted <- Seq(one, two)) {
      val (keys, w) = (fitted.keys, fitted.model.inverseWidths)
      val predictions = keys.features.map(keys.pooled(_, w))
      val expected = keys.values.indices.map { j =>
        val rest = keys.without(j)
        val moves = keys.values.indices
          .filter(_ != j)
          .map(i => math.pow(rest.pooled(keys.features(i), w) - predictions(i), 2))
        math.sqrt(moves.sum / moves.size)
      }
      val shown = fitted.table("influence.csv")
      val largest = expected.zipWithIndex.sortBy(-_._1).take(10)
      assert(shown.map(_("position").toInt) == largest.map(_._2))
      for ((row, (influence, j)) <- shown.zip(largest)) {
        close(row("influence"), influence)
        assert(row("y").toDouble == keys.values(j))
        assert(row("x").toDouble == keys.features(j).head)
      }
      assert(fitted.page.contains("over 400 training rows"))
    }
    assert(one.table("influence.csv").forall { row =>
      rows.values(row("id").stripPrefix("row ").toInt) == row("y").toDouble
    })
    assert(!two.table("influence.csv").head.contains("id"))
  }

  test("without residuals what they would show is said, and the rest is there") {
    for (features <- Seq("x", "x,z", "x,z,u")) {
      val fitted = fit(s"none-${features.length}", features, "--calibration", "none")
      assert(fitted.page.contains("There is no picture of them, since the model has no residuals"))
      assert(!fitted.has("residuals") && !fitted.has("distribution"))
      assert(
        fitted.table("influence.csv").head.keySet == features.split(",").toSet ++
          Set("influence", "position", "y")
      )
      if (features == "x") {
        assert(fitted.page.contains("There is no band, since the model has no residuals"))
        assert(!fitted.page.contains("the band reaches"))
        assert(fitted.table("curve.csv").forall(_("standardError").isEmpty))
      }
      if (features == "x,z,u")
        for (row <- fitted.table("labels.csv").zip(fitted.keys.features).take(20))
          close(row._1("prediction"), fitted.model.predict(Vectors.dense(row._2)))
    }
  }

  test("keys in files are shown as those in memory; nodes say what they do not know") {
    val files = fit(
      "files",
      "x,z",
      "--engine",
      "partitioned",
      "--solver",
      "fixed",
      "--width",
      "0.5",
      "--calibration",
      "loo"
    )
    val memory = fit(
      "memory",
      "x,z",
      "--engine",
      "broadcast",
      "--solver",
      "fixed",
      "--width",
      "0.5",
      "--calibration",
      "loo"
    )
    for (table <- Seq("map.csv", "residuals.csv", "influence.csv"))
      assert(Jobs.read(files.report.resolve(table)) == Jobs.read(memory.report.resolve(table)))
    val lattice = fit(
      "lattice",
      "x,z",
      "--engine",
      "lattice",
      "--answer-tolerance",
      "1e-3",
      "--solver",
      "fixed",
      "--width",
      "0.5"
    )
    assert(lattice.has("map") && lattice.page.contains("Engine lattice does not know how far"))
    assert(lattice.table("map.csv").forall(_("support").isEmpty))
    val compact = fit(
      "compact",
      "x",
      "--compact",
      "--answer-tolerance",
      "1e-3",
      "--solver",
      "fixed",
      "--width",
      "0.5"
    )
    assert(compact.page.contains("A compact model has no keys, and so there is no picture of it"))
    assert(!compact.has("curve") && !compact.files.exists(_.endsWith(".csv")))
  }

  test("one place, one row twice and one label can be shown") {
    val same = Jobs.csv(folder, "same.csv", "x,z,u,name,y", "1,2,3,a,5", "1,2,3,b,5")
    for (features <- Seq("x", "x,z", "x,z,u")) {
      val fitted = fit(
        s"same-${features.length}",
        features,
        "--data",
        same,
        "--solver",
        "fixed",
        "--width",
        "1",
        "--calibration",
        "loo"
      )
      assert(fitted.page.contains("No prediction moves when a training row is taken out."))
    }
  }
}
