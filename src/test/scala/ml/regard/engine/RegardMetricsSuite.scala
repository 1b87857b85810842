package ml.regard.engine

import scala.jdk.CollectionConverters._

import ml.regard.{Rows, SharedSpark}
import ml.regard.ml.KernelRegression
import org.apache.spark.SparkEnv
import org.apache.spark.ml.linalg.Vectors
import org.scalatest.funsuite.AnyFunSuite

class RegardMetricsSuite extends AnyFunSuite {
  private lazy val spark = SharedSpark.session

  /** The values as a sink of the running application sees them. */
  private def values(): Map[String, Double] = {
    RegardMetrics.scored(0, 0, 0) // registers
    val sources = SparkEnv.get.metricsSystem.getSourcesByName("regard")
    assert(sources.size == 1, "registered once")
    val registry = sources.head.metricRegistry
    val gauges = registry.getGauges.asScala.map { case (n, g) => n -> g.getValue.toString.toDouble }
    val counters = registry.getCounters.asScala.map { case (n, c) => n -> c.getCount.toDouble }
    (gauges ++ counters).toMap
  }

  test("a fit counts rows, rejected rows, steps and pairs, and shows its loss") {
    import spark.implicits._
    val rows = Rows.random(60, 1, seed = 2)
    val good = (0 until 60).map(i => (Vectors.dense(rows.features(i)), rows.values(i)))
    val bad = (Vectors.dense(1.0), Double.NaN)
    val data = (good :+ bad).toDF("features", "label")
    val before = values()
    val model = new KernelRegression()
      .setHandleInvalid("skip")
      .setWidth(1.0)
      .setMaxIter(3)
      .setTol(0)
      .fit(data)
    val after = values()
    def grown(name: String): Double = after(name) - before(name)
    assert(grown("fit.rows") == 61 && grown("fit.rejectedRows") == 1)
    assert(grown("fit.steps") == 3)
    assert(grown("fit.pairs") == 3 * 60 * 60)
    assert(after("fit.loss") == model.summary.looLoss)
    assert(grown("score.rows") == 0)
  }

  test("a score counts rows, rejected rows and pairs") {
    val before = values()
    RegardMetrics.scored(100, 3, 50)
    val after = values()
    assert(after("score.rows") - before("score.rows") == 100)
    assert(after("score.rejectedRows") - before("score.rejectedRows") == 3)
    assert(after("score.pairs") - before("score.pairs") == 5000)
  }
}
