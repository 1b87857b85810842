package ml.regard.optim;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;
import ml.regard.DataException;
import ml.regard.kernel.LossSums;
import ml.regard.kernel.Terms;

/**
 * Finds where learning starts: multiples of the rule-of-thumb widths are compared on a sample of
 * rows against ALL keys, in one pass over them. The loss has local minima; the scan looks past
 * them, and hands on the best few.
 *
 * <p>Multiples go from 16 down to 1/256 in steps of sqrt 2; up to 1,024 rows in steps of 2^(1/8)
 * and on in octaves to the bounds of the widths. Among values within 1e-9 of the best the largest
 * width wins. Where they are all within it, the rule of thumb is kept.
 *
 * <p>Cost: 25 p passes, p = min(1, 1024 / n) the share of rows in the sample.
 *
 * @param widths {@code [candidates x widths]}, the widths compared, from the widest on
 * @param values {@code [candidates]}, the criterion at each
 * @param starts the best few, the best first
 * @param flat whether all values are equal
 * @param passes what it took
 */
public record StartScan(
    double[][] widths, double[] values, List<double[]> starts, boolean flat, double passes) {
  static final int SAMPLE_ROWS = 1024;
  private static final double TIE = 1e-9;
  private static final int MAX_STARTS = 3;
  private static final double[] ASIDE = {1, 4, 0.25};
  private static final int OCTAVES_UP = 4;
  private static final int OCTAVES_DOWN = 8;
  private static final int MAX_OCTAVES = 64;

  /**
   * Compares the multiples within the bounds of the scales.
   *
   * @throws DataException if no row has a key to attend to
   */
  public static StartScan run(
      Objective objective, Criterion criterion, FeatureScales scales, long seed) {
    int numRows = objective.numRows();
    Batch sample = Batch.nested(SAMPLE_ROWS, seed, numRows);
    double[][] candidates = candidates(scales, sample.isAll());
    LossRequest request = new LossRequest(candidates, sample, criterion.leaveOut(), Terms.VALUE);
    LossSums[] sums = objective.evaluate(request);
    if (sums[0].rows() == 0) {
      throw new DataException(
          "leave-one-out needs two rows with positive weight that may attend to each other, but with"
              + " leaveOut %s there are none".formatted(criterion.leaveOut()));
    }
    double[] values = new double[sums.length];
    for (int k = 0; k < values.length; k++) {
      double value = criterion.value(sums[k], numRows);
      values[k] = Double.isNaN(value) ? Double.POSITIVE_INFINITY : value;
    }
    List<Integer> best = best(values, criterion.isAicc());
    boolean flat = best.isEmpty();
    List<double[]> starts = new ArrayList<>();
    best.forEach(k -> starts.add(candidates[k]));
    if (flat || scales.ruleOfThumb().length > 1) {
      starts.addAll(aside(scales, flat));
    }
    double[][] widths = new double[candidates.length][];
    for (int k = 0; k < widths.length; k++) {
      widths[k] = java.util.Arrays.stream(candidates[k]).map(w -> 1 / w).toArray();
    }
    return new StartScan(widths, values, starts, flat, request.passes());
  }

  /**
   * Starts that are no minima of the line on which all widths grow together: where features want
   * widths far apart, the way to the best of them leads off that line.
   */
  private static List<double[]> aside(FeatureScales scales, boolean flat) {
    double[] rule = scales.ruleOfThumb();
    return DoubleStream.of(flat ? new double[] {1} : ASIDE)
        .mapToObj(multiple -> inverse(scales, rule, multiple))
        .toList();
  }

  /** Inverse widths from the widest candidate to the narrowest. */
  private static double[][] candidates(FeatureScales scales, boolean fine) {
    double[] rule = scales.ruleOfThumb();
    List<Double> exponents = new ArrayList<>();
    if (fine) {
      for (int e = MAX_OCTAVES; e > OCTAVES_UP; e--) {
        exponents.add((double) e);
      }
    }
    int steps = fine ? 8 : 2;
    for (int k = OCTAVES_UP * steps; k >= -OCTAVES_DOWN * steps; k--) {
      exponents.add((double) k / steps);
    }
    for (int e = OCTAVES_DOWN + 1; fine && e <= MAX_OCTAVES; e++) {
      exponents.add((double) -e);
    }
    List<double[]> candidates = new ArrayList<>();
    for (double exponent : exponents) {
      double[] candidate = inverse(scales, rule, StrictMath.pow(2, exponent));
      // Beyond the bounds of all widths candidates repeat.
      if (candidates.isEmpty()
          || !java.util.Arrays.equals(candidate, candidates.get(candidates.size() - 1))) {
        candidates.add(candidate);
      }
    }
    return candidates.toArray(double[][]::new);
  }

  private static double[] inverse(FeatureScales scales, double[] rule, double multiple) {
    return IntStream.range(0, rule.length)
        .mapToDouble(g -> 1 / scales.clamp(g, multiple * rule[g]))
        .toArray();
  }

  /** The best few local minima, the best first; none where all values are equal. */
  private static List<Integer> best(double[] values, boolean isLog) {
    double lowest = java.util.Arrays.stream(values).min().orElseThrow();
    double highest = java.util.Arrays.stream(values).max().orElseThrow();
    double tie = isLog ? TIE : TIE * lowest;
    if (!(highest > lowest + tie)) {
      return List.of();
    }
    int first =
        IntStream.range(0, values.length)
            .filter(k -> values[k] <= lowest + tie)
            .findFirst()
            .orElseThrow();
    List<Integer> best = new ArrayList<>(List.of(first));
    IntStream.range(0, values.length)
        .filter(k -> values[k] < Double.POSITIVE_INFINITY)
        .filter(k -> k == 0 || values[k] < values[k - 1] - tie)
        .filter(k -> k == values.length - 1 || values[k] <= values[k + 1])
        .filter(k -> values[k] > lowest + tie)
        .boxed()
        .sorted(Comparator.comparingDouble(k -> values[k]))
        .limit(MAX_STARTS - 1)
        .forEach(best::add);
    return best;
  }
}
