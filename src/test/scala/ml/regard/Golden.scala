package ml.regard

import java.nio.file.{Files, Path, Paths}

import com.fasterxml.jackson.databind.{JsonNode, ObjectMapper}
import org.apache.spark.ml.linalg.Vectors
import org.apache.spark.sql.DataFrame
import org.scalatest.Assertions

/** The reference data of src/test/resources/golden, and what "within" means for it. */
object Golden extends Assertions {
  val d2lExpected: JsonNode = json("golden/d2l/expected.json")
  val mcycleExpected: JsonNode = json("golden/mcycle/expected.json")

  def file(resource: String): Path =
    Paths.get(getClass.getClassLoader.getResource(resource).toURI)

  def json(resource: String): JsonNode = new ObjectMapper().readTree(file(resource).toFile)

  /** Rows of a CSV file with a header, as numbers. */
  def csv(resource: String): Array[Array[Double]] =
    Files
      .readAllLines(file(resource))
      .toArray(Array.empty[String])
      .drop(1)
      .map(_.split(",").map(_.toDouble))

  /** A DataFrame with the columns features (a vector of all but the last column) and label. */
  def dataFrame(resource: String): DataFrame = {
    val spark = SharedSpark.session
    import spark.implicits._
    csv(resource).toSeq.map(r => (Vectors.dense(r.init), r.last)).toDF("features", "label")
  }

  def numbers(node: JsonNode): Array[Double] = {
    require(node.isArray, s"expected an array, found $node")
    Array.tabulate(node.size)(node.get(_).asDouble)
  }

  def standardDeviation(values: Array[Double]): Double = {
    val mean = values.sum / values.length
    math.sqrt(values.map(v => (v - mean) * (v - mean)).sum / values.length)
  }

  /** |a - b| <= tolerance (|b| + sd), element by element. */
  def assertWithin(
      actual: Array[Double],
      expected: Array[Double],
      tolerance: Double,
      sd: Double
  ): Unit = {
    assert(actual.length == expected.length)
    for (((a, b), i) <- actual.zip(expected).zipWithIndex)
      assert(math.abs(a - b) <= tolerance * (math.abs(b) + sd), s"at $i: $a instead of $b")
  }
}
