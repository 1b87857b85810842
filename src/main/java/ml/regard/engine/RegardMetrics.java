package ml.regard.engine;

import com.codahale.metrics.Gauge;
import com.codahale.metrics.MetricRegistry;
import org.apache.spark.SparkEnv;
import org.apache.spark.metrics.MetricsSystem;
import org.apache.spark.metrics.source.Source;
import scala.jdk.javaapi.CollectionConverters;

/**
 * What fits and scores did, as the source "regard" of Spark's metrics system on the driver: any
 * sink of the cluster (Prometheus, JMX, Graphite, files) shows it as {@code
 * <application>.driver.regard.<name>}.
 *
 * <pre>
 *   fit.rows  fit.rejectedRows     counters: training rows read, and dropped as unusable
 *   fit.steps                      counter: steps begun
 *   fit.pairs                      counter: pairs of row and key that evaluations formed; with
 *                                  mini-batches the expected number
 *   fit.loss                       gauge: the last loss known; NaN before the first
 *   score.rows  score.rejectedRows counters: rows scored, and rows that could not be
 *   score.pairs                    counter: pairs of scored row and key
 * </pre>
 *
 * <p>Counters add up over all fits and scores of the application. The metrics system is Spark's and
 * public in its classes, but no documented API: it is named here only.
 */
public final class RegardMetrics implements Source {
  private static final String NAME = "regard";

  private final MetricRegistry registry = new MetricRegistry();
  private volatile double loss = Double.NaN;

  private RegardMetrics() {
    for (String counter : new String[] {"rows", "rejectedRows", "pairs"}) {
      add("fit." + counter, 0);
      add("score." + counter, 0);
    }
    add("fit.steps", 0);
    Gauge<Double> lastLoss = () -> loss;
    registry.register("fit.loss", lastLoss);
  }

  /** The metrics of the running Spark application, registered when they are first asked for. */
  static synchronized RegardMetrics current() {
    MetricsSystem system = SparkEnv.get().metricsSystem();
    for (Source source : CollectionConverters.asJava(system.getSourcesByName(NAME))) {
      if (source instanceof RegardMetrics metrics) {
        return metrics;
      }
    }
    RegardMetrics metrics = new RegardMetrics();
    system.registerSource(metrics);
    return metrics;
  }

  /** A fit has read its rows. */
  public static void read(long rows, long rejectedRows) {
    RegardMetrics metrics = current();
    metrics.add("fit.rows", rows);
    metrics.add("fit.rejectedRows", rejectedRows);
  }

  /** A step of a fit begins. */
  public static void step() {
    current().add("fit.steps", 1);
  }

  /** A loss is known; NaN is none. */
  public static void loss(double loss) {
    if (!Double.isNaN(loss)) {
      current().loss = loss;
    }
  }

  /** A table was scored. */
  public static void scored(long rows, long rejectedRows, long numKeys) {
    RegardMetrics metrics = current();
    metrics.add("score.rows", rows);
    metrics.add("score.rejectedRows", rejectedRows);
    metrics.add("score.pairs", rows * numKeys);
  }

  /** An evaluation has formed pairs. */
  static void pairs(double pairs) {
    current().add("fit.pairs", Math.round(pairs));
  }

  private void add(String counter, long count) {
    registry.counter(counter).inc(count);
  }

  @Override
  public String sourceName() {
    return NAME;
  }

  @Override
  public MetricRegistry metricRegistry() {
    return registry;
  }
}
