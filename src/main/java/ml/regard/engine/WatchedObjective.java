package ml.regard.engine;

import ml.regard.kernel.LossSums;
import ml.regard.optim.LearningCancelled;
import ml.regard.optim.LossRequest;
import ml.regard.optim.Objective;
import org.apache.spark.SparkThrowable;

/**
 * An engine as those see it who watch a fit: the pairs of every evaluation are counted in the
 * {@link RegardMetrics}, and, where a cancelled fit keeps its widths, a Spark job that somebody
 * cancelled (by tag, group or number) ends in {@link LearningCancelled}. Any other failure, and a
 * Spark that stopped, stay what they are.
 */
public final class WatchedObjective implements Objective {
  private final Objective engine;
  private final boolean keep;

  /**
   * Watches an engine.
   *
   * @param keep whether a cancelled fit keeps its widths
   */
  public WatchedObjective(Objective engine, boolean keep) {
    this.engine = engine;
    this.keep = keep;
  }

  /** Whether a failure came about because somebody cancelled a Spark job. */
  public static boolean isCancellation(Throwable failure) {
    for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
      if (cause instanceof SparkThrowable thrown
          && "SPARK_JOB_CANCELLED".equals(thrown.getCondition())) {
        return true;
      }
    }
    return false;
  }

  @Override
  public int numRows() {
    return engine.numRows();
  }

  @Override
  public boolean isCoarse() {
    return engine.isCoarse();
  }

  @Override
  public LossSums[] evaluate(LossRequest request) {
    LossSums[] answer;
    try {
      answer = engine.evaluate(request);
    } catch (Exception e) { // Spark throws checked exceptions that it does not declare
      if (keep && isCancellation(e)) {
        throw new LearningCancelled(e);
      }
      throw e;
    }
    RegardMetrics.pairs(request.passes() * numRows() * numRows());
    return answer;
  }
}
