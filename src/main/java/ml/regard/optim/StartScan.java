package ml.regard.optim;

import java.util.Arrays;
import ml.regard.kernel.LossSums;

/**
 * Finds where learning starts: multiples of the rule-of-thumb widths, from 1/256 to 16 in steps of
 * sqrt 2, are compared by their leave-one-out loss on a sample of rows against ALL keys, in one
 * job. The loss has local minima; the scan looks past them. Among losses within 1e-9 of the best
 * the largest width wins.
 *
 * <p>Cost: 25 p passes, p = min(1, 1024 / n) the share of rows in the sample.
 */
public final class StartScan {
  private static final int STEPS_DOWN = 16;
  private static final int STEPS_UP = 8;
  private static final int SAMPLE_ROWS = 1024;
  private static final long SAMPLE_STEP = -1;

  private StartScan() {}

  /** The best start: its inverse widths and the passes that finding it took. */
  public record Start(double[] inverseWidths, double passes) {}

  /** Compares the multiples within the bounds of the scales. */
  public static Start find(Objective objective, FeatureScales scales, long seed) {
    double[][] candidates = candidates(scales);
    double fraction = Math.min(1, (double) SAMPLE_ROWS / objective.numRows());
    Batch sample = fraction < 1 ? Batch.of(fraction, seed, SAMPLE_STEP) : Batch.all();
    LossSums[] losses = objective.losses(candidates, sample);
    double best = Arrays.stream(losses).mapToDouble(LossSums::loss).min().orElseThrow();
    for (int k = 0; k < candidates.length; k++) {
      if (losses[k].loss() <= best * (1 + 1e-9)) {
        return new Start(candidates[k], fraction * candidates.length);
      }
    }
    throw new IllegalStateException("no candidate reaches the best loss " + best);
  }

  /** Inverse widths from the widest candidate to the narrowest. */
  private static double[][] candidates(FeatureScales scales) {
    double[] rule = scales.ruleOfThumb();
    double[][] candidates = new double[STEPS_DOWN + STEPS_UP + 1][rule.length];
    for (int k = 0; k < candidates.length; k++) {
      double multiple = StrictMath.pow(2, (STEPS_UP - k) / 2.0);
      for (int g = 0; g < rule.length; g++) {
        candidates[k][g] = 1 / scales.clamp(g, multiple * rule[g]);
      }
    }
    return candidates;
  }
}
