package ml.regard.ml;

import java.util.Locale;
import ml.regard.optim.WidthOptimizer;
import org.apache.spark.api.java.JavaSparkContext;

/**
 * Names each step in the Spark UI by its epoch and the loss before it; the description that was set
 * before comes back at the end.
 */
final class StepDescriptions implements WidthOptimizer.Progress, AutoCloseable {
  private static final String PROPERTY = "spark.job.description";

  private final JavaSparkContext spark;
  private final String before;

  StepDescriptions(JavaSparkContext spark) {
    this.spark = spark;
    this.before = spark.getLocalProperty(PROPERTY);
    say("comparing starting widths");
  }

  @Override
  public void step(int step, int maxIter, double lastLoss) {
    String loss = Double.isNaN(lastLoss) ? "" : String.format(Locale.ROOT, ", loss %.6g", lastLoss);
    say("epoch %d of at most %d%s".formatted(step, maxIter, loss));
  }

  void say(String what) {
    spark.setLocalProperty(PROPERTY, "Regard fit: " + what);
  }

  @Override
  public void close() {
    spark.setLocalProperty(PROPERTY, before);
  }
}
