package ml.regard.ml

import java.io.IOException
import java.nio.file.{Files, Path}

import scala.jdk.CollectionConverters._

import ml.regard.Rows
import org.apache.spark.ml.linalg.Vectors
import org.apache.spark.ml.util.MLWritable

class PersistenceSuite extends MlSuite {
  private lazy val model = fixed(0.37).setPredictionCol("p").setHandleInvalid("keep").fit(d2l)

  /** A new place to save to, in a folder of its own. */
  private def newPath(): Path = folder("model").resolve("saved")

  private def saved(what: MLWritable): Path = {
    val path = newPath()
    what.write.save(path.toString)
    path
  }

  private def parts(folder: Path): Seq[Path] = {
    val entries = Files.list(folder)
    try entries.iterator.asScala.filter(_.getFileName.toString.startsWith("part-")).toList
    finally entries.close()
  }

  private def edit(path: Path)(change: String => String): Unit = {
    // A checksum file of the old content lies beside the part.
    Files.deleteIfExists(path.resolveSibling(s".${path.getFileName}.crc"))
    val text = Files.readString(path)
    assert(change(text) != text)
    Files.writeString(path, change(text))
  }

  test("an estimator keeps its values and uid") {
    val estimator = new KernelRegression()
      .setWidth(Array(0.1, 1e-100))
      .setSolver("fixed")
      .setStepSize(0.1)
      .setSeed(Long.MaxValue)
      .setPerFeatureWidth(false)
      .setWeightCol("w")
      .setQuantiles(Array(0.25))
    val loaded = KernelRegression.load(saved(estimator).toString)
    assert(loaded.uid == estimator.uid)
    assert(loaded.getWidth.toSeq == Seq(0.1, 1e-100) && loaded.getQuantiles.toSeq == Seq(0.25))
    def others(of: KernelRegression) =
      of.extractParamMap()
        .toSeq
        .filter(p => p.param.name != "width" && p.param.name != "quantiles") // arrays
        .map(p => p.param.name -> p.value)
        .toMap
    assert(others(loaded) == others(estimator))
    assert(loaded.isSet(loaded.seed) && !loaded.isSet(loaded.tol))
  }

  test("a model predicts the same bits, and keeps its values and uid") {
    val rows = Rows.random(1030, 3, seed = 1, weighted = true)
    val data = dataFrame(rows)
    for (each <- Seq(true, false)) {
      val model = new KernelRegression()
        .setPerFeatureWidth(each)
        .setWeightCol("weight")
        .setWidth(0.7)
        .setMaxIter(1)
        .fit(data)
      val loaded = KernelRegressionModel.load(saved(model).toString)
      assert(bits(loaded.inverseWidths) == bits(model.inverseWidths))
      assert(bits(Array(loaded.averagePooling)) == bits(Array(model.averagePooling)))
      val queries = data.select("features")
      assert(
        bits(predictions(loaded.transform(queries))) == bits(predictions(model.transform(queries)))
      )
      val query = Vectors.dense(1, 2, 3)
      assert(bits(loaded.attentionWeights(query)) == bits(model.attentionWeights(query)))
      assert(loaded.uid == model.uid && loaded.numKeys == 1030 && loaded.numFeatures == 3)
      assert(loaded.getWeightCol == "weight" && loaded.getPerFeatureWidth == each)
    }
  }

  test("a loaded model has no summary, and can be saved again") {
    val loaded = KernelRegressionModel.load(saved(model).toString)
    assert(!loaded.hasSummary)
    val thrown = intercept[IllegalStateException](loaded.summary)
    assert(thrown.getMessage == "no training summary: the model was not fitted here")
    val again = KernelRegressionModel.load(saved(loaded).toString)
    assert(again.getPredictionCol == "p" && again.getHandleInvalid == "keep")
    assert(again.toString == model.toString)
  }

  test("saving leaves one folder with metadata and keys, and nothing beside it") {
    val path = saved(model)
    assert(names(path.getParent) == Set("saved"))
    assert(names(path) == Set("metadata", "keys", "residuals"))
    val metadata = Files.readString(parts(path.resolve("metadata")).head)
    for (
      part <- Seq(
        "\"formatVersion\":4",
        "\"numKeys\":50",
        "\"numFeatures\":1",
        "\"inverseWidths\":["
      )
    ) assert(metadata.contains(part), metadata)
  }

  test("saving over what exists is refused, and overwrite replaces it") {
    val path = saved(model)
    val thrown = intercept[IOException](fixed(9).fit(d2l).save(path.toString))
    assert(thrown.getMessage.contains("already exists"))
    assert(KernelRegressionModel.load(path.toString).widths.head == model.widths.head)
    assert(names(path.getParent) == Set("saved"))
    fixed(4).fit(d2l).write.overwrite().save(path.toString)
    assert(KernelRegressionModel.load(path.toString).widths.toSeq == Seq(4))
    assert(names(path.getParent) == Set("saved"))
  }

  test("a save that fails leaves nothing behind") {
    val parent = folder("model")
    val file = Files.writeString(parent.resolve("file"), "not a folder")
    intercept[Exception](model.save(file.resolve("saved").toString))
    assert(names(parent) == Set("file"))
    // And where everything is written, but cannot be renamed: the target has become a file.
    intercept[Exception](new ModelFiles.Writer(model).saveImpl(file.toString))
    assert(names(parent) == Set("file") && Files.readString(file) == "not a folder")
  }

  test("a model folder that is not there") {
    val path = newPath()
    assert(
      sentence(KernelRegressionModel.load(path.toString)) ==
        s"there is no model at $path: $path does not exist"
    )
  }

  test("a model folder without its metadata or its keys") {
    for (part <- Seq("metadata", "keys")) {
      val path = saved(model)
      Files.move(path.resolve(part), path.resolve("elsewhere"))
      assert(
        sentence(KernelRegressionModel.load(path.toString)) ==
          s"there is no model at $path: $path/$part does not exist"
      )
    }
  }

  test("a model whose keys are not all there") {
    val path = saved(model)
    parts(path.resolve("keys")).foreach(Files.delete(_))
    assert(
      sentence(KernelRegressionModel.load(path.toString)) ==
        s"the model at $path is truncated: it should hold 50 keys, but holds 0"
    )
  }

  test("a model whose keys are cut off or no Parquet") {
    val path = saved(model)
    val part = parts(path.resolve("keys")).head
    Files.deleteIfExists(part.resolveSibling(s".${part.getFileName}.crc"))
    Files.write(part, Files.readAllBytes(part).take(100))
    assert(
      sentence(KernelRegressionModel.load(path.toString)) ==
        s"the keys of the model at $path cannot be read"
    )
  }

  test("a model whose metadata is gone, cut off or no JSON") {
    val damaged = "cannot be read: its metadata is damaged or of another class"
    val gone = saved(model)
    parts(gone.resolve("metadata")).foreach(Files.delete(_))
    assert(sentence(KernelRegressionModel.load(gone.toString)) == s"the model at $gone $damaged")
    for (change <- Seq[String => String](_.take(40), _ => "no JSON\n", _ => "")) {
      val path = saved(model)
      edit(parts(path.resolve("metadata")).head)(change)
      assert(sentence(KernelRegressionModel.load(path.toString)) == s"the model at $path $damaged")
    }
  }

  test("metadata without its section, or with one that does not add up") {
    for (
      (change, why) <- Seq[(String => String, String)](
        (_.replace("\"regard\":{", "\"other\":{"), "has format version 0"),
        (_.replace("\"inverseWidths\":", "\"widths\":"), "one per feature (1), but has none"),
        (
          _.replaceAll("\"inverseWidths\":\\[[^\\]]*\\]", "\"inverseWidths\":[1,2,3]"),
          "but has [1,2,3]"
        ),
        (_.replace("\"numFeatures\":1", "\"numFeatures\":2"), "cannot be read"),
        (_.replace("\"numKeys\":50", "\"numKeys\":51"), "should hold 51 keys, but holds 50")
      )
    ) {
      val path = saved(model)
      edit(parts(path.resolve("metadata")).head)(change)
      val message = sentence(KernelRegressionModel.load(path.toString))
      assert(message.contains(path.toString) && message.contains(why), message)
    }
  }

  test("a model of a newer format") {
    val path = saved(model)
    edit(parts(path.resolve("metadata")).head)(
      _.replaceAll("\"formatVersion\":\\d", "\"formatVersion\":9")
    )
    assert(
      sentence(KernelRegressionModel.load(path.toString)) ==
        s"the model at $path has format version 9, but this Regard reads versions up to ${ModelFiles.FORMAT_VERSION}"
    )
  }

  test("a folder that holds something else") {
    val path = saved(new KernelRegression())
    assert(
      sentence(KernelRegressionModel.load(path.toString)) ==
        s"the model at $path cannot be read: its metadata is damaged or of another class"
    )
  }

  test("a model whose Parquet rows come back in another order predicts the same bits") {
    val path = saved(model)
    val keys = spark.read.parquet(path.resolve("keys").toString).collect().reverse.toSeq
    val schema = spark.read.parquet(path.resolve("keys").toString).schema
    spark
      .createDataFrame(keys.asJava, schema)
      .repartition(3)
      .write
      .mode("overwrite")
      .parquet(path.resolve("keys").toString)
    val loaded = KernelRegressionModel.load(path.toString)
    assert(
      bits(column(loaded.transform(d2lQueries), "p")) ==
        bits(column(model.transform(d2lQueries), "p"))
    )
  }
}
