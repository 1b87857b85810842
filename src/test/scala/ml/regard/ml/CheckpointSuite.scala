package ml.regard.ml

import java.nio.file.{Files, Path}
import java.util.Optional

import scala.jdk.CollectionConverters._

import com.fasterxml.jackson.databind.ObjectMapper
import com.fasterxml.jackson.databind.node.{ArrayNode, ObjectNode}
import ml.regard.Rows
import ml.regard.engine.MemoryStore
import ml.regard.kernel.{LeaveOut, LossSums, Terms}
import ml.regard.optim.{Batch, Evaluation, LossRequest}

class CheckpointSuite extends MlSuite {
  private val rows = Rows.random(150, 2, seed = 11, weighted = true)
  private lazy val data = dataFrame(rows)

  private def estimator(checkpoint: Path): KernelRegression =
    new KernelRegression()
      .setWeightCol("weight")
      .setMiniBatchFraction(0.4)
      .setMaxIter(6)
      .setCheckpointDir(checkpoint.toString)

  /** One evaluation each for the scan, six steps, and the loss at the end. */
  private val evaluations = 8

  private def files(folder: Path): Seq[String] = names(folder).toSeq.sorted

  private def record(number: Int): String = f"evaluations-$number%07d.json"

  private def text(file: Path): String = new String(Files.readAllBytes(file), "UTF-8")

  private def assertSame(a: KernelRegressionModel, b: KernelRegressionModel): Unit = {
    assert(bits(a.widths) == bits(b.widths))
    assert(bits(Array(a.summary.looLoss)) == bits(Array(b.summary.looLoss)))
    assert(bits(a.summary.objectiveHistory) == bits(b.summary.objectiveHistory))
    assert(a.summary.passes == b.summary.passes)
  }

  private lazy val undisturbed = estimator(folder("unused")).setCheckpointDir("").fit(data)

  /** A folder that a whole fit has left. */
  private def whole(interval: Int = 1): Path = {
    val checkpoint = folder("checkpoint").resolve("made/by/the/fit")
    val model = estimator(checkpoint).setCheckpointInterval(interval).fit(data)
    assertSame(model, undisturbed)
    assert(model.summary.resumedSteps == 0)
    checkpoint
  }

  test("a file for every evaluation, and no other") {
    val expected = (1 to evaluations).map(record) :+ "fit.json"
    assert(files(whole()) == expected)
  }

  test("a fit goes on from whatever files a killed one has left, to the same bits") {
    val checkpoint = whole()
    for (left <- evaluations to 0 by -1) {
      for (number <- left + 1 to evaluations)
        Files.deleteIfExists(checkpoint.resolve(record(number)))
      Files.writeString(checkpoint.resolve(s".${record(left + 1)}.half"), "[ {")
      val model =
        estimator(checkpoint).setNumPartitions(1 + left % 3).setCheckpointInterval(1).fit(data)
      assertSame(model, undisturbed)
      assert(model.summary.resumedSteps == left)
    }
    val header = checkpoint.resolve("fit.json")
    for (number <- 1 to evaluations) Files.deleteIfExists(checkpoint.resolve(record(number)))
    Files.delete(header)
    assertSame(estimator(checkpoint).fit(data), undisturbed) // killed before the header was written
    assert(Files.exists(header))
  }

  test("with an interval there are fewer files, which hold as much when the fit has ended") {
    val checkpoint = whole(interval = 3)
    assert(files(checkpoint) == Seq(record(3), record(6), record(8), "fit.json"))
    Files.delete(checkpoint.resolve(record(8)))
    val model = estimator(checkpoint).setCheckpointInterval(5).fit(data)
    assertSame(model, undisturbed)
    assert(model.summary.resumedSteps == 6)
    assert(files(checkpoint) == Seq(record(3), record(6), record(8), "fit.json"))
  }

  test("with the interval -1 a checkpoint is read and not written") {
    val checkpoint = whole()
    Files.delete(checkpoint.resolve(record(8)))
    assert(estimator(checkpoint).setCheckpointInterval(-1).fit(data).summary.resumedSteps == 7)
    assert(!Files.exists(checkpoint.resolve(record(8))))
    val none = folder("checkpoint").resolve("none")
    estimator(none).setCheckpointInterval(-1).fit(data)
    assert(!Files.exists(none))
  }

  test("the files can be read by people") {
    val checkpoint = whole()
    val step = new ObjectMapper().readTree(text(checkpoint.resolve(record(2)))).get(0)
    assert(step.get("number").asInt == 2)
    assert(step.get("loss").get(0).asDouble > 0)
    for (g <- 0 to 1) {
      val width = step.get("widths").get(0).get(g).asDouble
      assert(width == 1 / step.get("inverseWidths").get(0).get(g).asDouble)
    }
    val header = new ObjectMapper().readTree(text(checkpoint.resolve("fit.json")))
    assert(header.get("numKeys").asInt == 150 && header.get("miniBatchFraction").asDouble == 0.4)
  }

  test("other parameters are refused by name, with both values") {
    val checkpoint = whole()
    def other(change: KernelRegression => Any): String = {
      val changed = estimator(checkpoint)
      change(changed)
      sentence(changed.fit(data))
    }
    val step = other(_.setStepSize(0.5))
    assert(step.contains("was made with stepSize 1.0, but this fit has 0.5"), step)
    assert(step.contains(checkpoint.toUri.getPath.stripSuffix("/")))
    assert(other(_.setSeed(7)).contains("seed 42, but this fit has 7"))
    assert(other(_.setMaxIter(7)).contains("maxIter 6, but this fit has 7"))
    assert(other(_.setWidth(Array(1.0, 2.0))).contains("width unset, but this fit has [1.0,2.0]"))
    assert(other(_.setLossReduction("sum")).contains("lossReduction \"mean\""))
  }

  test("parameters that change no bit of the widths may differ") {
    val checkpoint = whole()
    val model = estimator(checkpoint)
      .setPredictionCol("p")
      .setAggregationDepth(3)
      .setNumPartitions(2)
      .setOnCancel("keep")
      .setPrecision("float32")
      .setFeaturesCol("f")
      .fit(data.withColumnRenamed("features", "f"))
    assertSame(model, undisturbed)
    assert(model.summary.resumedSteps == evaluations)
  }

  test("other data are refused: more rows, or another value in one cell") {
    val checkpoint = whole()
    val fewer = sentence(estimator(checkpoint).fit(dataFrame(rows.without(0))))
    assert(fewer.contains("numKeys 150, but this fit has 149"), fewer)
    val values = rows.values.updated(17, Math.nextUp(rows.values(17)))
    val changed = sentence(estimator(checkpoint).fit(dataFrame(rows.copy(values = values))))
    assert(changed.matches(".*contentHash \"[0-9a-f]{16}\", but this fit has \"[0-9a-f]{16}\".*"))
    // The order of the rows is none of their content.
    val turned = dataFrame(rows.select((0 until rows.size).reverse))
    assertSame(estimator(checkpoint).fit(turned), undisturbed)
  }

  test("a damaged record is refused, with what to do") {
    def refused(damage: Path => Any): String = {
      val checkpoint = whole()
      damage(checkpoint)
      sentence(estimator(checkpoint).fit(data))
    }
    def edited(checkpoint: Path, number: Int)(edit: ObjectNode => Any): Unit = {
      val file = checkpoint.resolve(record(number))
      val json = new ObjectMapper().readTree(text(file)).asInstanceOf[ArrayNode]
      edit(json.get(0).asInstanceOf[ObjectNode])
      Files.writeString(file, json.toString)
    }
    val cut = refused { checkpoint =>
      val file = checkpoint.resolve(record(4))
      Files.writeString(file, text(file).take(100))
    }
    assert(cut.contains(s"is damaged: it is no JSON in ${record(4)}; without that file"), cut)
    assert(refused(c => Files.writeString(c.resolve(record(4)), "")).contains("is damaged"))
    assert(refused(c => Files.delete(c.resolve(record(4)))).contains("evaluation 4 is not where"))
    assert(
      refused(edited(_, 5)(_.putArray("sums"))).contains("evaluation 5 cannot be read")
    )
    assert(
      refused(edited(_, 5)(_.withArray("sums").get(0).asInstanceOf[ArrayNode].remove(0)))
        .contains("evaluation 5 cannot be read")
    )
    assert(
      refused(edited(_, 5)(_.withArray("inverseWidths").get(0).asInstanceOf[ArrayNode].set(0, 3.5)))
        .contains("evaluation 5 of the checkpoint was of inverse widths [[3.5,")
    )
    assert(refused(c => Files.writeString(c.resolve("fit.json"), "[]")).contains("is damaged"))
  }

  test("a folder of something else is refused, and left alone") {
    val other = folder("something")
    Files.writeString(other.resolve("letter.txt"), "dear")
    assert(sentence(estimator(other).fit(data)).contains("it holds letter.txt, but no fit.json"))
    assert(files(other) == Seq("letter.txt"))
  }

  test("solver fixed keeps its one evaluation") {
    val checkpoint = folder("checkpoint")
    def fit() = fixed(0.5).setCheckpointDir(checkpoint.toString).fit(d2l)
    val first = fit()
    val second = fit()
    assertSame(first, second)
    assert(second.summary.resumedSteps == 1)
  }

  private val fields =
    Array(3, 1, 0.1, Double.NaN, -0.0, 1 / 0.0, -1 / 0.0, Double.MinPositiveValue) ++
      Array(1e300, -1e-300, 5)
  private val evaluation = new Evaluation(
    new LossRequest(
      Array(Array(1.0 / 3)),
      Batch.of(0.25, -7, -1),
      LeaveOut.TIES,
      Terms.WIDTHS
    ),
    Array(LossSums.of(1, Terms.WIDTHS, fields))
  )

  test("of two fits that write to one folder the second one to write ends with a sentence") {
    val checkpoint = folder("checkpoint").resolve("shared")
    val training =
      new TrainingRows(
        new MemoryStore(rows.pack),
        Optional.empty(),
        Optional.empty(),
        null,
        rows.size,
        0,
        0,
        0
      )
    def opened() = FitCheckpoint.open(spark, estimator(checkpoint), training)
    val (first, second) = (opened(), opened())
    first.append(evaluation)
    val written = text(checkpoint.resolve(record(1)))
    assert(
      sentence(second.append(evaluation)) ==
        s"another fit writes to the checkpoint file:$checkpoint: it has ${record(1)} already"
    )
    first.append(evaluation)
    assert(text(checkpoint.resolve(record(1))) == written)
    assert(files(checkpoint).filterNot(_.startsWith(".")) == Seq(record(1), record(2), "fit.json"))
  }

  test("sums that are not finite survive") {
    val json = new ObjectMapper().readTree(EvaluationJson.write(1, evaluation).toString)
    val back = EvaluationJson.read(json)
    assert(bits(back.sums.head.toArray) == bits(fields))
    assert(bits(back.request.inverseWidths.head) == bits(Array(1.0 / 3)))
    val batch = back.request.batch
    assert(batch.fraction == 0.25 && batch.seed == -7 && batch.step == -1)
    assert(back.request.leaveOut == LeaveOut.TIES && back.request.terms == Terms.WIDTHS)
  }
}
