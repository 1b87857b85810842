package ml.regard.cluster

import java.nio.file.{Files, Path}

import scala.util.Random

import ml.regard.{Rows, SharedSpark}
import org.apache.spark.sql.DataFrame

/** Tables of the cluster suites: rows with an id, two features and a label. */
object Tables {

  /** A folder of CSV files with the same number of rows each. */
  def csv(folder: Path, seed: Int, files: Int, rowsPerFile: Int): String = {
    val random = new Random(seed)
    Files.createDirectory(folder)
    for (file <- 0 until files) {
      val rows = (0 until rowsPerFile).map { row =>
        val (x, y) = (5 * random.nextDouble(), 100 * random.nextDouble())
        val label = 2 * math.sin(x) + y / 50 + 0.3 * random.nextGaussian()
        s"${file * rowsPerFile + row},$x,$y,$label\n"
      }
      Files.writeString(folder.resolve(s"rows-$file.csv"), "id,x,y,label\n" + rows.mkString)
    }
    folder.toString
  }

  def read(format: String, path: String): DataFrame =
    SharedSpark.session.read
      .format(format)
      .option("header", true)
      .option("inferSchema", true)
      .load(path)

  /** A folder of CSV files, through [[MovingFiles]]. */
  def moving(path: String): DataFrame =
    SharedSpark.session.read
      .option("fs.moving.impl", classOf[MovingFiles].getName)
      .option("header", true)
      .option("inferSchema", true)
      .csv(s"moving:$path")

  /** Each id with the bits of its prediction, by id; an id that is there twice is here twice. */
  def predictions(format: String, path: String): Seq[(Int, Long)] = {
    val rows = read(format, path).select("id", "prediction").collect().sortBy(_.getInt(0)).toSeq
    rows.map(_.getInt(0)).zip(Rows.bits(rows.map(_.getDouble(1)).toArray))
  }
}
