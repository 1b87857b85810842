package ml.regard.optim;

import java.util.Arrays;
import java.util.stream.IntStream;
import ml.regard.kernel.PackedKeys;

/**
 * What the keys say about sensible widths, feature by feature, before anything is learned.
 *
 * <pre>
 *   spread_f  = min(weighted sd, IQR / 1.349), whichever is &gt; 0, else 1
 *   rule of thumb  h_f = 1.06 spread_f n^(-1/(4+d)),  n = (sum c)^2 / sum c^2
 *   bounds         smallest positive gap_f / 8  &lt;=  h_f  &lt;=  e^8 spread_f
 * </pre>
 *
 * <p>Below a fraction of the smallest gap no width is better than another for new queries; beyond
 * the upper bound the feature is ignored. A shared width starts at the geometric mean of the h_f
 * and is bounded by the extremes. Cost: a sort of each feature, O(d n log n).
 *
 * <p>Source of the rule: B. W. Silverman, Density Estimation (1986), section 3.4.2.
 */
public final class FeatureScales {
  private final double[] ruleOfThumb;
  private final double[] lowest;
  private final double[] highest;
  private final double[] spreads;
  private final double[] gaps;
  private final boolean valuesDiffer;

  private FeatureScales(
      double[] ruleOfThumb,
      double[] lowest,
      double[] highest,
      double[] spreads,
      double[] gaps,
      boolean valuesDiffer) {
    this.ruleOfThumb = ruleOfThumb;
    this.lowest = lowest;
    this.highest = highest;
    this.spreads = spreads;
    this.gaps = gaps;
    this.valuesDiffer = valuesDiffer;
  }

  /**
   * The scales of keys, or of a sample of them.
   *
   * @param keys all keys, or rows drawn evenly from them
   * @param numKeys how many keys there are in all: the rule of thumb depends on it
   * @param shared whether one width serves all features: every array has length 1 then
   */
  public static FeatureScales of(PackedKeys keys, int numKeys, boolean shared) {
    int dim = keys.dim();
    double share = (double) numKeys / keys.numKeys();
    double factor = 1.06 * StrictMath.pow(effectiveRows(keys) * share, -1.0 / (4 + dim));
    double[] rule = new double[dim];
    double[] lowest = new double[dim];
    double[] highest = new double[dim];
    double[] spreads = new double[dim];
    double[] gaps = new double[dim];
    for (int f = 0; f < dim; f++) {
      double[] column = new double[keys.numKeys()];
      for (int j = 0; j < column.length; j++) {
        column[j] = keys.feature(j, f);
      }
      Arrays.sort(column);
      spreads[f] = spread(column, weightedDeviation(keys, f));
      gaps[f] = smallestGap(column);
      rule[f] = factor * spreads[f];
      highest[f] = StrictMath.exp(8) * spreads[f];
      lowest[f] = Math.min(gaps[f] / 8, rule[f]);
    }
    boolean valuesDiffer =
        IntStream.range(1, keys.numKeys()).anyMatch(j -> keys.value(j) != keys.value(0));
    if (!shared) {
      return new FeatureScales(rule, lowest, highest, spreads, gaps, valuesDiffer);
    }
    double logMean = Arrays.stream(rule).map(StrictMath::log).average().orElseThrow();
    return new FeatureScales(
        new double[] {StrictMath.exp(logMean)},
        new double[] {Arrays.stream(lowest).min().orElseThrow()},
        new double[] {Arrays.stream(highest).max().orElseThrow()},
        spreads,
        gaps,
        valuesDiffer);
  }

  /** The rule-of-thumb widths h, a copy. */
  public double[] ruleOfThumb() {
    return ruleOfThumb.clone();
  }

  /** Whether there is more than one value to predict. */
  public boolean valuesDiffer() {
    return valuesDiffer;
  }

  /** Whether feature f has one value only. */
  public boolean isConstant(int f) {
    return gaps[f] == Double.POSITIVE_INFINITY;
  }

  /** The largest width that width g may have: its features are ignored there. */
  double highest(int g) {
    return highest[g];
  }

  /** The smallest width that width g may have. */
  double lowest(int g) {
    return lowest[g];
  }

  /** The spread of each feature {@code [d]} in its unit, a copy; 1 for one that is constant. */
  public double[] spreads() {
    return spreads.clone();
  }

  /** The smallest positive gap of each feature {@code [d]}, a copy; infinite for a constant one. */
  public double[] smallestGaps() {
    return gaps.clone();
  }

  /** The width nearest to h within the bounds of width g. */
  public double clamp(int g, double h) {
    return Math.max(lowest[g], Math.min(highest[g], h));
  }

  private static double effectiveRows(PackedKeys keys) {
    double largest = 0;
    for (int j = 0; j < keys.numKeys(); j++) {
      largest = Math.max(largest, keys.weight(j));
    }
    double sum = 0;
    double squares = 0;
    for (int j = 0; j < keys.numKeys(); j++) {
      double weight = keys.weight(j) / largest; // its square neither overflows nor vanishes
      sum += weight;
      squares += weight * weight;
    }
    return sum * sum / squares;
  }

  private static double weightedDeviation(PackedKeys keys, int f) {
    double sum = 0;
    double mean = 0;
    double squares = 0;
    for (int j = 0; j < keys.numKeys(); j++) {
      double weight = keys.weight(j);
      double difference = keys.feature(j, f) - mean;
      sum += weight;
      mean += difference * (weight / sum);
      squares += weight * difference * (keys.feature(j, f) - mean);
    }
    return Math.sqrt(Math.max(0, squares / sum));
  }

  private static double spread(double[] sorted, double deviation) {
    double robust = (quantile(sorted, 0.75) - quantile(sorted, 0.25)) / 1.349;
    if (robust > 0 && deviation > 0) {
      return Math.min(robust, deviation);
    }
    double positive = Math.max(robust, deviation);
    return positive > 0 ? positive : 1;
  }

  private static double quantile(double[] sorted, double p) {
    double rank = p * (sorted.length - 1);
    int below = (int) rank;
    int above = Math.min(below + 1, sorted.length - 1);
    return sorted[below] + (rank - below) * (sorted[above] - sorted[below]);
  }

  private static double smallestGap(double[] sorted) {
    double gap = Double.POSITIVE_INFINITY;
    for (int j = 1; j < sorted.length; j++) {
      double difference = sorted[j] - sorted[j - 1];
      if (difference > 0) {
        gap = Math.min(gap, difference);
      }
    }
    return gap;
  }
}
