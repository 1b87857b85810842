package ml.regard

import java.nio.file.{Files, Path}
import java.util.Comparator

import org.apache.spark.sql.SparkSession

/** One local[2] session for all suites of a run, with its files in a temporary folder. */
object SharedSpark {

  /** What no manifest may show. */
  val secret = "opensesame"

  lazy val session: SparkSession = {
    val spark = SparkSession
      .builder()
      .master("local[2]")
      .appName("regard-tests")
      .config("spark.ui.enabled", "false")
      .config("spark.sql.shuffle.partitions", "2")
      .config("spark.sql.warehouse.dir", temporaryFolder("warehouse").toUri.toString)
      .config("spark.sql.session.timeZone", "UTC")
      .config("spark.regard.test.password", secret)
      .getOrCreate()
    spark.sparkContext.setLogLevel("ERROR")
    spark
  }

  /** A new folder that goes when the tests end. */
  def temporaryFolder(name: String): Path = {
    val folder = Files.createTempDirectory("regard-" + name)
    sys.addShutdownHook {
      val paths = Files.walk(folder)
      try paths.sorted(Comparator.reverseOrder[Path]()).forEach(p => Files.deleteIfExists(p))
      finally paths.close()
    }
    folder
  }
}
