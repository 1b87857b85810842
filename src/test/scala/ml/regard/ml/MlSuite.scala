package ml.regard.ml

import java.nio.file.{Files, Path}

import scala.jdk.CollectionConverters._

import ml.regard.{DataException, Golden, Rows, SharedSpark}
import org.apache.spark.ml.linalg.{Vector, Vectors}
import org.apache.spark.sql.{DataFrame, Row}
import org.apache.spark.sql.types.{DataType, DoubleType, StructType}
import org.apache.spark.ml.linalg.SQLDataTypes.VectorType
import org.scalatest.BeforeAndAfterAll
import org.scalatest.funsuite.AnyFunSuite

/** What the suites of the Spark ML surface share. */
trait MlSuite extends AnyFunSuite with BeforeAndAfterAll {
  protected val Reference = 1e-9
  protected lazy val spark = SharedSpark.session
  protected lazy val d2l: DataFrame = Golden.dataFrame("golden/d2l/train.csv").cache()
  protected lazy val d2lQueries: DataFrame =
    Golden.dataFrame("golden/d2l/test.csv").drop("label").cache()
  protected val d2lRows: Rows = Rows.csv("golden/d2l/train.csv")
  protected val d2lSd: Double = Golden.standardDeviation(d2lRows.values)

  /** Spark ML's writers and readers look for the active session, so it starts before any test. */
  override def beforeAll(): Unit = {
    super.beforeAll()
    assert(spark.sparkContext.isLocal)
  }

  /** An estimator that does not learn: quick, and its answers are known. */
  protected def fixed(width: Double): KernelRegression =
    new KernelRegression().setSolver("fixed").setWidth(width)

  protected def column(data: DataFrame, name: String): Array[Double] =
    data.select(name).collect().map(_.getDouble(0))

  protected def predictions(data: DataFrame): Array[Double] = column(data, "prediction")

  protected def attention(data: DataFrame, name: String): Array[Array[Double]] =
    data.select(name).collect().map(_.getAs[Vector](0).toArray)

  protected def bits(values: Array[Double]): Seq[Long] = Rows.bits(values)

  /** The rows as a DataFrame with the columns features, label and weight. */
  protected def dataFrame(rows: Rows): DataFrame = {
    val cells = (0 until rows.size).map { i =>
      Row(Vectors.dense(rows.features(i)), rows.values(i), rows.weights(i))
    }
    dataFrame(cells: _*)
  }

  /** Cells, null among them, as a DataFrame with the columns features, label and weight. */
  protected def dataFrame(cells: Row*): DataFrame = typed(DoubleType, cells: _*)

  protected def typed(label: DataType, cells: Row*): DataFrame = {
    val schema = new StructType()
      .add("features", VectorType)
      .add("label", label)
      .add("weight", DoubleType)
    spark.createDataFrame(cells.asJava, schema).repartition(1)
  }

  protected def key(feature: Double, label: Double, weight: Double = 1): Row =
    Row(Vectors.dense(feature), label, weight)

  /** The one sentence of the DataException that a block throws. */
  protected def sentence(block: => Any): String = intercept[DataException](block).getMessage

  /** The messages of an exception and of its causes. */
  protected def messages(thrown: Throwable): Seq[String] =
    Iterator.iterate(thrown)(_.getCause).takeWhile(_ != null).map(t => s"$t").toSeq

  protected def folder(name: String): Path = SharedSpark.temporaryFolder(name)

  /** The names of all files and folders in a folder, hidden ones too. */
  protected def names(folder: Path): Set[String] = {
    val entries = Files.list(folder)
    try entries.iterator.asScala.map(_.getFileName.toString).toSet
    finally entries.close()
  }
}
