package ml.regard.ml;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import ml.regard.engine.KeyStore;
import ml.regard.kernel.LeaveOut;
import ml.regard.kernel.LossSums;
import ml.regard.kernel.PackedKeys;
import ml.regard.kernel.Terms;
import ml.regard.optim.Batch;
import ml.regard.optim.FeatureScales;
import ml.regard.optim.Learned;
import ml.regard.optim.LearningCancelled;
import ml.regard.optim.LossRequest;
import ml.regard.optim.Objective;

/**
 * The leave-one-out loss at the learned widths, by row, and where rows share their features also by
 * ties.
 *
 * @param row each row without itself; over no row when a fit was cancelled before it was known
 * @param ties each row without all that have its features, where there are such
 * @param tiedRows keys whose features another key has too; 0 where that is not known
 * @param identicalRows keys that another key equals in features and label
 * @param passes taken for it
 * @param stopReason why learning ended
 */
record FinalLoss(
    LossSums row,
    Optional<LossSums> ties,
    long tiedRows,
    long identicalRows,
    double passes,
    String stopReason) {
  private static final double DISAGREEMENT = 0.1;

  static FinalLoss of(
      Learned learned,
      Objective objective,
      Batch batch,
      KernelRegressionParams params,
      KeyStore keys) {
    double[][] at = {learned.inverseWidths()};
    boolean known = params.getCriterion().equals("loo") && params.getLeaveOut().equals("row");
    known &= !objective.isCoarse() || learned.cancelled();
    Optional<LossSums> row = known ? learned.last() : Optional.empty();
    long tied = 0;
    long identical = 0;
    // Sorted by folds, rows with equal features need not be neighbours.
    // Tied rows that are earlier than another are no neighbours of it.
    if (!(keys.keys() instanceof PackedKeys packed)
        || (!packed.isFolded() && !packed.mask().hasTimes())) {
      tied = keys.keys().tiedKeys(false);
      identical = keys.keys().tiedKeys(true);
    }
    double passes = 0;
    Optional<LossSums> ties = Optional.empty();
    if (learned.cancelled()) {
      LossSums sums = row.orElse(new LossSums(1, Terms.VALUE));
      return new FinalLoss(sums, ties, tied, identical, passes, learned.stopReason());
    }
    try {
      if (row.isEmpty()) {
        row = Optional.of(evaluate(objective, at, batch, LeaveOut.ROW));
        passes += batch.fraction();
      }
      if (tied > 0) {
        ties = Optional.of(evaluate(objective, at, batch, LeaveOut.TIES));
        passes += batch.fraction();
      }
      return new FinalLoss(row.get(), ties, tied, identical, passes, learned.stopReason());
    } catch (LearningCancelled e) {
      LossSums sums = row.orElse(new LossSums(1, Terms.VALUE));
      String stop =
          learned.stopReason() + "; cancelled before the loss at the learned widths was known";
      return new FinalLoss(sums, ties, tied, identical, passes, stop);
    }
  }

  /** What a careful reader of the result should know, a sentence each. */
  List<String> warnings(FeatureScales scales, Learned learned) {
    List<String> warnings = new ArrayList<>();
    double[] gaps = scales.smallestGaps();
    double[] w = learned.inverseWidths();
    for (int f = 0; f < gaps.length; f++) {
      double h = 1 / w[w.length == 1 ? 0 : f];
      if (h < gaps[f] / 2 && !scales.isConstant(f)) {
        warnings.add(
            "the width %s of feature %d is below half its smallest gap %s: no prediction between"
                    .formatted(h, f, gaps[f])
                + " its values is better than the nearest label");
      }
    }
    if (ties.isPresent()) {
      double share = ties.get().meanLoss() / row.meanLoss() - 1;
      if (Math.abs(share) > DISAGREEMENT) {
        warnings.add(
            ("%d rows share their features with another, and the loss without all of these is %s,"
                    + " not %s: for features that are not in the data, leaveOut ties is the better"
                    + " judge")
                .formatted(tiedRows, ties.get().meanLoss(), row.meanLoss()));
      }
    }
    if (identicalRows > 0) {
      warnings.add(
          "%d rows equal another in features and label: copies make the loss and the widths too small"
              .formatted(identicalRows));
    }
    return warnings;
  }

  private static LossSums evaluate(
      Objective objective, double[][] at, Batch batch, LeaveOut leaveOut) {
    return objective.evaluate(new LossRequest(at, batch, leaveOut, Terms.VALUE, true))[0];
  }
}
