package ml.regard.ml;

import java.util.ArrayList;
import java.util.List;
import java.util.OptionalDouble;
import java.util.stream.IntStream;
import ml.regard.kernel.LossSums;
import ml.regard.optim.FeatureScales;
import ml.regard.optim.Learned;
import ml.regard.optim.LossReduction;
import ml.regard.optim.StartScan;

/**
 * What learning did. Losses are in the squared unit of the label, by the loss reduction asked for.
 */
public final class KernelRegressionTrainingSummary {
  private final TrainingRows rows;
  private final Learned learned;
  private final FinalLoss finalLoss;
  private final LossSums last;
  private final FeatureScales scales;
  private final LossReduction reduction;
  private final OptionalDouble handedOver;
  private final int resumedSteps;
  private final double seconds;

  KernelRegressionTrainingSummary(
      TrainingRows rows,
      Learned learned,
      FinalLoss finalLoss,
      FeatureScales scales,
      LossReduction reduction,
      OptionalDouble handedOver,
      int resumedSteps,
      double seconds) {
    this.rows = rows;
    this.learned = learned;
    this.finalLoss = finalLoss;
    this.last = finalLoss.row();
    this.scales = scales;
    this.reduction = reduction;
    this.handedOver = handedOver;
    this.resumedSteps = resumedSteps;
    this.seconds = seconds;
  }

  /**
   * The criterion that each step found, over the rows that it looked at. In log widths a step that
   * found a higher one than before on the same rows was not taken; in inverse widths, and with
   * mini-batches, it is the loss before the step.
   */
  public double[] objectiveHistory() {
    return learned.iterations().stream().mapToDouble(Learned.Iteration::loss).toArray();
  }

  /** The passes over all pairs of rows that were taken when a step was done. */
  public double[] passesHistory() {
    return learned.iterations().stream().mapToDouble(Learned.Iteration::passes).toArray();
  }

  /** The share of the rows that each step looked at. */
  public double[] rowsHistory() {
    return learned.iterations().stream().mapToDouble(Learned.Iteration::rows).toArray();
  }

  /** The norm of the gradient in each step, by what the parametrization moves. */
  public double[] gradientNormHistory() {
    return learned.iterations().stream().mapToDouble(Learned.Iteration::gradientNorm).toArray();
  }

  /**
   * The inverse widths after each step, {@code [steps x 1]} (shared) or {@code [steps x d]}. With
   * miniBatchFraction the model has their mean over the last quarter, with validationIndicatorCol
   * those of the smallest error, else the last.
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
    return finalLoss.stopReason();
  }

  /** Passes over all pairs of rows, the scan for a start included. */
  public double passes() {
    return learned.passes() + finalLoss.passes();
  }

  /**
   * The widths that the scan for a start compared, {@code [candidates x widths]}; empty without.
   */
  public double[][] scanWidths() {
    return learned.scan().map(StartScan::widths).orElse(new double[0][]);
  }

  /** The criterion at each of them, over a sample of the rows. */
  public double[] scanValues() {
    return learned.scan().map(StartScan::values).orElse(new double[0]);
  }

  /**
   * By how much the criterion rises without each feature, as a share of it, over a sample of the
   * rows; NaN for a constant feature. Empty where features have one width together or nothing was
   * learned.
   */
  public double[] lossWithout() {
    return learned.relevance().stream().mapToDouble(Learned.Relevance::lossWithout).toArray();
  }

  /** The features that were switched off, since the criterion rises by nothing without them. */
  public int[] switchedOff() {
    return IntStream.range(0, learned.relevance().size())
        .filter(f -> learned.relevance().get(f).off())
        .toArray();
  }

  /** The spread of each feature in its unit: min(weighted sd, IQR / 1.349). */
  public double[] featureSpreads() {
    return scales.spreads();
  }

  /** The features that have one value only. */
  public int[] constantFeatures() {
    return IntStream.range(0, scales.spreads().length).filter(scales::isConstant).toArray();
  }

  /** What a careful reader should know and what was done about the data, a sentence each. */
  public List<String> notes() {
    List<String> notes = new ArrayList<>(learned.notes());
    notes.addAll(finalLoss.warnings(scales, learned));
    return notes;
  }

  /** The effective degrees of freedom: the trace of the smoother over all rows. */
  public double effectiveDegreesOfFreedom() {
    return last.trace() * (last.rows() + last.noKeys()) / last.rows() * share();
  }

  /** Rows whose features another row has too. */
  public long tiedRows() {
    return finalLoss.tiedRows();
  }

  /**
   * The loss at the final widths when a row leaves out all rows with its features; that of {@link
   * #looLoss} where no features are shared.
   */
  public double looLossWithoutTies() {
    return reported(finalLoss.ties().orElse(last));
  }

  /** Rows that the final loss is over. */
  public long lossRows() {
    return last.rows();
  }

  /** The engine that formed the pairs. */
  public String engine() {
    return rows.choice().engine();
  }

  /** The engine that formed the pairs, and why. */
  public String engineReason() {
    return rows.choice().reason();
  }

  /**
   * With engine lattice the share of the rows of the last evaluation that were handed over to exact
   * sums, since nodes were not certain to be within the tolerance; NaN without nodes.
   */
  public double handedOver() {
    return handedOver.orElse(Double.NaN);
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
   * cancelled fit did not get to it. Of all rows, or of the sample that sgd stopped at, or with
   * miniBatchFraction below 1 of a fixed sample: the share of a batch, but at least 1,024 rows.
   */
  public double looLoss() {
    return reported(last);
  }

  private double reported(LossSums sums) {
    if (sums.rows() == 0) {
      return Double.NaN;
    }
    return reduction == LossReduction.SUM ? sums.loss() : sums.meanLoss();
  }

  /** How many times the rows of the final loss are all rows. */
  private double share() {
    return (double) rows.keys().keys().numKeys() / (last.rows() + last.noKeys());
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

  /** Rows that calibration split held out: no keys, and not learned from. */
  public long heldOutRows() {
    return rows.heldOutRows();
  }

  /** Rows that have no other row to attend to, and so no leave-one-out prediction. */
  public long rowsWithoutKeys() {
    return last.noKeys();
  }
}
