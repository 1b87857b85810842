package ml.regard.ml;

import java.util.HashSet;
import java.util.Locale;
import java.util.Set;
import ml.regard.engine.RegardMetrics;
import ml.regard.optim.WidthOptimizer;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.SparkSession;
import scala.jdk.javaapi.CollectionConverters;

/**
 * Shows a fit to those who watch it. Every Spark job is named in the UI by its epoch and the loss
 * before it, and counted in the {@link RegardMetrics}. The description that was set before comes
 * back at the end, and the caller's job group is never touched.
 *
 * <p>The jobs also carry the tags of the session, so that {@code SparkSession.interruptTag} and
 * {@code interruptAll} reach them: Spark itself tags the jobs of SQL queries only. Those tags are
 * public in Spark's classes, but no documented API: they are named here only.
 */
final class FitProgress implements WidthOptimizer.Progress, AutoCloseable {
  private static final String DESCRIPTION = "spark.job.description";

  private final JavaSparkContext spark;
  private final String descriptionBefore;
  private final Set<String> tags;

  FitProgress(SparkSession session) {
    spark = JavaSparkContext.fromSparkContext(session.sparkContext());
    descriptionBefore = spark.getLocalProperty(DESCRIPTION);
    tags = sessionTags((org.apache.spark.sql.classic.SparkSession) session);
    tags.removeAll(spark.getJobTags());
    say("reading the training rows");
  }

  /** The rows are read, learning begins. */
  void read(TrainingRows rows) {
    RegardMetrics.read(rows.counts().rows(), rows.counts().rejected());
    say("comparing starting widths");
  }

  @Override
  public void step(int step, int maxIter, double lastLoss) {
    String loss = Double.isNaN(lastLoss) ? "" : String.format(Locale.ROOT, ", loss %.6g", lastLoss);
    say("epoch %d of at most %d%s".formatted(step, maxIter, loss));
    RegardMetrics.step();
    RegardMetrics.loss(lastLoss);
  }

  /** Names the jobs to come. */
  void say(String what) {
    spark.setLocalProperty(DESCRIPTION, "Regard fit: " + what);
    tags.forEach(spark::addJobTag); // again, since a SQL query takes them away when it ends
  }

  @Override
  public void close() {
    tags.forEach(spark::removeJobTag);
    spark.setLocalProperty(DESCRIPTION, descriptionBefore);
  }

  private static Set<String> sessionTags(org.apache.spark.sql.classic.SparkSession session) {
    Set<String> tags =
        new HashSet<>(CollectionConverters.asJava(session.managedJobTags().get()).values());
    tags.add(session.sessionJobTag());
    return tags;
  }
}
