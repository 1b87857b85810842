package ml.regard.job

import java.nio.file.{Files, Path}
import javax.imageio.ImageIO

import com.fasterxml.jackson.databind.{JsonNode, ObjectMapper}
import ml.regard.{Golden, SharedSpark, Support}
import org.scalatest.funsuite.AnyFunSuite

class DemoJobSuite extends AnyFunSuite {
  private val folder = SharedSpark.temporaryFolder("demo")
  private val tolerance = 1e-9
  private val expected = Golden.d2lExpected
  private val trainFile = Golden.file("golden/d2l/train.csv").toString
  private val testFile = Golden.file("golden/d2l/test.csv").toString
  private val sd = Golden.standardDeviation(Golden.csv("golden/d2l/train.csv").map(_.last))
  private val numbers = Seq(
    "metrics.json",
    "predictions.csv",
    "attention-nonparametric.csv",
    "attention-trained.csv"
  )

  private def demo(name: String, options: String*): Path = {
    val out = folder.resolve(name)
    val run = Jobs.run(Seq("demo", "--out", out.toString) ++ options: _*)
    assert(run.code == 0, run.err)
    out
  }

  private def golden(name: String, options: String*): Path = demo(
    name,
    Seq("--train", trainFile, "--test", testFile, "--epochs", "5", "--step-size", "0.5") ++
      Seq("--initial-inverse-width", expected.get("initialInverseWidth").asText) ++ options: _*
  )

  private lazy val walk = golden("golden")

  private def metrics(out: Path): JsonNode =
    new ObjectMapper().readTree(out.resolve("metrics.json").toFile)

  private def column(out: Path, name: String): Array[Double] = {
    val lines = Jobs.read(out.resolve("predictions.csv")).linesIterator.toArray
    val index = lines.head.split(",").indexOf(name)
    lines.tail.map(_.split(",")(index).toDouble)
  }

  private def matrix(out: Path, name: String): Array[Array[Double]] =
    Jobs.read(out.resolve(name)).linesIterator.map(_.split(",").map(_.toDouble)).toArray

  test("the losses and inverse widths of every epoch are the textbook's") {
    val trained = metrics(walk).get("trained")
    assert(trained.get("initialInverseWidth") == expected.get("initialInverseWidth"))
    for ((name, unit) <- Seq("lossPerEpoch" -> sd, "inverseWidthAfterEachEpoch" -> 0.0))
      Golden.assertWithin(
        Golden.numbers(trained.get(name)),
        Golden.numbers(expected.get(name)),
        tolerance,
        unit
      )
  }

  test("the predictions of all steps are the textbook's") {
    val average = Array.fill(50)(expected.get("averagePooling").asDouble)
    Golden.assertWithin(column(walk, "average"), average, tolerance, sd)
    for (name <- Seq("nonparametric", "trained"))
      Golden.assertWithin(
        column(walk, name),
        Golden.numbers(expected.get(name + "Prediction")),
        tolerance,
        sd
      )
  }

  test("the attention weights are the textbook's, in the order of the files") {
    for (name <- Seq("nonparametric", "trained")) {
      val weights = matrix(walk, s"attention-$name.csv")
      assert(weights.length == 50 && weights.forall(_.length == 50))
      for ((row, key) <- Seq(0 -> "AttentionRow0", 49 -> "AttentionRowLast"))
        weights(row).zip(Golden.numbers(expected.get(name + key))).foreach { case (a, b) =>
          assert(math.abs(a - b) <= tolerance)
        }
      for (row <- weights) assert(math.abs(row.sum - 1) <= 1e-12)
    }
  }

  test("the errors against the truth are the textbook's, and the optimum is the global one") {
    val mse = expected.get("mseAgainstTruth")
    for ((name, key) <- Seq("averagePooling" -> "average", "nonparametric" -> "nonparametric"))
      assert(math.abs(metrics(walk).get(name).get("mse").asDouble - mse.get(key).asDouble) < 1e-9)
    assert(
      math.abs(metrics(walk).get("trained").get("mse").asDouble - mse.get("trained").asDouble) <
        1e-9
    )
    val optimum = metrics(walk).get("optimum")
    val best = expected.get("globalLeaveOneOutOptimum")
    assert(math.abs(optimum.get("loss").asDouble / best.get("loss").asDouble - 1) < 1e-10)
    assert(
      math.abs(optimum.get("inverseWidth").asDouble / best.get("inverseWidth").asDouble - 1) < 1e-7
    )
    assert(math.abs(optimum.get("mse").asDouble - mse.get("optimum").asDouble) < 1e-9)
  }

  test("with 1, 2 (the default), 3 and 7 partitions all numbers have the same bits") {
    for (partitions <- Seq(1, 3, 7)) {
      val out = golden(s"partitions-$partitions", "--partitions", partitions.toString)
      for (file <- numbers)
        assert(Jobs.read(out.resolve(file)) == Jobs.read(walk.resolve(file)), file)
    }
  }

  test("unsorted training rows keep their columns of the attention matrix") {
    val shuffled = new scala.util.Random(5).shuffle(Golden.csv("golden/d2l/train.csv").toSeq)
    val file = Jobs.csv(folder, "shuffled.csv", "x,y" +: shuffled.map(_.mkString(",")): _*)
    val out = demo("shuffled", "--train", file, "--test", testFile)
    val weights = matrix(out, "attention-nonparametric.csv")
    val xs = shuffled.map(_.head)
    // a_j at query 0 with inverse width 1 is exp(-x_j^2 / 2) over their sum.
    val e = xs.map(x => math.exp(-0.5 * x * x))
    weights.head.zip(e).foreach { case (a, b) => assert(math.abs(a - b / e.sum) <= 1e-12) }
  }

  test("unsorted queries keep their rows in the file, and are sorted in the picture") {
    val queries = Golden.csv("golden/d2l/test.csv").toSeq.reverse
    val file = Jobs.csv(folder, "reversed.csv", "x,truth" +: queries.map(_.mkString(",")): _*)
    val out = golden("reversed", "--test", file)
    for (name <- Seq("attention-nonparametric", "attention-trained")) {
      val rows = matrix(out, name + ".csv").reverse.map(_.toSeq).toSeq
      val same = rows == matrix(walk, name + ".csv").map(_.toSeq).toSeq
      assert(same, name)
      val picture = Jobs.read(out.resolve(name + ".svg")) == Jobs.read(walk.resolve(name + ".svg"))
      assert(picture, name)
    }
  }

  test("a start from which w passes through zero and turns negative reports |w|") {
    // The textbook's own loop, w <- w - 0.5 dL/dw with dL/dw from the definition; see Textbook.
    val rows = Golden.csv("golden/d2l/train.csv").map(r => (r(0), r(1)))
    val turning = Seq((0.3, 0.02), (2.0, 0.5), (7.0, 20.0))
      .map { case (start, rate) => (start, rate, Textbook.train(rows, start, rate, 6)) }
    assert(turning.exists(_._3.exists(_.inverseWidth < 0)), "none of the starts turns negative")
    for (((start, rate, steps), i) <- turning.zipWithIndex) {
      val out = demo(
        s"turning-$i",
        Seq("--train", trainFile, "--test", testFile, "--epochs", "6") ++
          Seq("--initial-inverse-width", start.toString, "--step-size", rate.toString): _*
      )
      val trained = metrics(out).get("trained")
      Golden.assertWithin(
        Golden.numbers(trained.get("lossPerEpoch")),
        steps.map(_.loss),
        tolerance,
        sd
      )
      Golden.assertWithin(
        Golden.numbers(trained.get("inverseWidthAfterEachEpoch")),
        steps.map(s => math.abs(s.inverseWidth)),
        tolerance,
        1
      )
    }
  }

  test("the page holds the textbook's pictures, as files too") {
    val page = Jobs.read(walk.resolve("report.html"))
    val names = Seq("average", "nonparametric", "trained", "optimum").map("prediction-" + _) ++
      Seq("nonparametric", "trained", "optimum").map("attention-" + _) :+ "loss"
    for (name <- names) {
      val shown = page.contains(s"""id="$name"""")
      assert(shown, name)
      val isSvg = Jobs.read(walk.resolve(name + ".svg")).startsWith("<svg")
      assert(isSvg, name)
      assert(ImageIO.read(walk.resolve(name + ".png").toFile).getWidth > 400)
    }
    for (number <- Seq("40.644", "21.7325", "22.1143", "4.5", "14.5")) {
      val shown = page.contains(s">$number<") || page.contains(s" $number")
      assert(shown, number)
    }
  }

  test("without files it draws its own data, repeatably, and another seed draws other data") {
    val first = demo("drawn", "--seed", "7")
    val again = demo("drawn-again", "--seed", "7")
    val other = demo("drawn-other", "--seed", "8")
    for (file <- numbers) {
      assert(Jobs.read(first.resolve(file)) == Jobs.read(again.resolve(file)))
      assert(Jobs.read(first.resolve(file)) != Jobs.read(other.resolve(file)))
    }
    assert(metrics(first).get("optimum").get("mse").asDouble < 0.3)
  }

  test("the manifest names version, options, rows and loops") {
    val manifest = new ObjectMapper().readTree(walk.resolve("_manifest.json").toFile)
    assert(manifest.get("command").asText == "demo")
    assert(manifest.get("version").asText == ml.regard.Build.version)
    assert(manifest.get("spark").asText == "4.1.0")
    assert(manifest.get("options").get("epochs").asInt == 5)
    assert(manifest.get("rowsIn").asLong == 50)
    assert(manifest.get("support").get("driver").asText == Support.expected)
    assert(manifest.get("support").get("executors").size == 1)
    assert(Files.exists(walk.resolve("metrics.json")))
  }
}
