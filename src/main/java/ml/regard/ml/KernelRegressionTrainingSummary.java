package ml.regard.ml;

import java.util.List;
import ml.regard.kernel.LossSums;
import ml.regard.optim.Learned;
import ml.regard.optim.LossReduction;

/**
 * What learning did. Losses are in the squared unit of the label, by the loss reduction asked for.
 */
public final class KernelRegressionTrainingSummary {
  private final TrainingRows rows;
  private final Learned learned;
  private final LossSums last;
  private final LossReduction reduction;
  private final int resumedSteps;
  private final double seconds;

  KernelRegressionTrainingSummary(
      TrainingRows rows,
      Learned learned,
      LossReduction reduction,
      int resumedSteps,
      double seconds) {
    this.rows = rows;
    this.learned = learned;
    this.last = learned.last().orElseThrow();
    this.reduction = reduction;
    this.resumedSteps = resumedSteps;
    this.seconds = seconds;
  }

  /**
   * The loss before each step, of the rows that it looked at. With parametrization log and all
   * rows, a step whose loss is higher than the best before it was taken back.
   */
  public double[] objectiveHistory() {
    return learned.iterations().stream().mapToDouble(Learned.Iteration::loss).toArray();
  }

  /** The norm of the gradient in each step, by what the parametrization moves. */
  public double[] gradientNormHistory() {
    return learned.iterations().stream().mapToDouble(Learned.Iteration::gradientNorm).toArray();
  }

  /**
   * The inverse widths that each step moved to, {@code [steps x 1]} (shared) or {@code [steps x
   * d]}. The model has those of the smallest loss seen (parametrization log), their mean over the
   * last quarter (log with mini-batches), or the last (inverse).
   */
  public double[][] inverseWidthHistory() {
    List<Learned.Iteration> iterations = learned.iterations();
    return iterations.stream().map(i -> i.inverseWidths().clone()).toArray(double[][]::new);
  }

  /** The number of steps. */
  public int totalIterations() {
    return learned.iterations().size();
  }

  /** One phrase that says why learning ended. */
  public String stopReason() {
    return learned.stopReason();
  }

  /** Passes over all pairs of rows, the scan for a start included. */
  public double passes() {
    return learned.passes();
  }

  /** The engine that formed the pairs. */
  public String engine() {
    return rows.choice().engine();
  }

  /** The engine that formed the pairs, and why. */
  public String engineReason() {
    return rows.choice().reason();
  }

  /** Evaluations that a checkpoint answered, so that no pair was formed for them. */
  public int resumedSteps() {
    return resumedSteps;
  }

  /** Seconds from the first look at the data to the learned widths. */
  public double seconds() {
    return seconds;
  }

  /**
   * The leave-one-out loss at the final widths; NaN when no row has another to attend to, or a
   * cancelled fit did not get to it. Of all rows, or with miniBatchFraction below 1 of a fixed
   * sample: the share of a batch, but at least 1,024 rows.
   */
  public double looLoss() {
    if (last.rows() == 0) {
      return Double.NaN;
    }
    return reduction == LossReduction.SUM ? last.loss() : last.meanLoss();
  }

  /** The leave-one-out R^2 of the same rows at the final widths; NaN when labels do not differ. */
  public double looRSquared() {
    return last.rSquared();
  }

  /** Rows read. */
  public long rows() {
    return rows.rows();
  }

  /** Rows dropped because a cell cannot be used. */
  public long rejectedRows() {
    return rows.rejected();
  }

  /** Rows dropped because their weight is zero. */
  public long zeroWeightRows() {
    return rows.zeroWeights();
  }

  /** Rows that have no other row to attend to, and so no leave-one-out prediction. */
  public long rowsWithoutKeys() {
    return last.noKeys();
  }
}
