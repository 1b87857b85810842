package ml.regard.report;

import java.util.Arrays;
import java.util.DoubleSummaryStatistics;

/**
 * How often values fall between edges of equal distance.
 *
 * <p>The edges span the values as far as four standard deviations from their mean: what is farther
 * is counted in the first or the last bin, so that one outlier does not flatten all others. There
 * are 2 n^(1/3) bins (the rule of Rice), from 5 to 50; one for values that are all the same.
 *
 * @param edges {@code [bins + 1]}, ascending
 * @param counts {@code [bins]}
 * @param mean of the values
 * @param deviation their standard deviation
 */
public record Histogram(double[] edges, long[] counts, double mean, double deviation) {
  private static final double REACH = 4;
  private static final int FEWEST = 5;
  private static final int MOST = 50;

  /**
   * The histogram of values; what is not finite is left out.
   *
   * @throws IllegalArgumentException when no value is finite
   */
  public static Histogram of(double[] all) {
    double[] values = Arrays.stream(all).filter(Double::isFinite).toArray();
    Check.notEmpty("the finite values", values);
    DoubleSummaryStatistics span = Arrays.stream(values).summaryStatistics();
    double mean = span.getAverage();
    double squares = Arrays.stream(values).map(v -> (v - mean) * (v - mean)).sum();
    double deviation = Math.sqrt(squares / values.length);
    double first = Math.max(span.getMin(), mean - REACH * deviation);
    double last = Math.min(span.getMax(), mean + REACH * deviation);
    if (!(last > first)) {
      return new Histogram(
          new double[] {mean - 0.5, mean + 0.5}, new long[] {values.length}, mean, deviation);
    }
    int bins = (int) Math.max(FEWEST, Math.min(MOST, Math.round(2 * Math.cbrt(values.length))));
    double[] edges = new double[bins + 1];
    for (int b = 0; b <= bins; b++) {
      edges[b] = first + (last - first) * b / bins;
    }
    long[] counts = new long[bins];
    for (double value : values) {
      int bin = (int) Math.floor((value - first) / (last - first) * bins);
      counts[Math.max(0, Math.min(bins - 1, bin))]++;
    }
    return new Histogram(edges, counts, mean, deviation);
  }

  /** The number of values. */
  public long total() {
    return Arrays.stream(counts).sum();
  }

  /** How many values of a normal distribution of this mean and deviation a bin at x would hold. */
  double normal(double x) {
    double z = (x - mean) / deviation;
    return total()
        * (edges[1] - edges[0])
        * Math.exp(-z * z / 2)
        / (deviation * Math.sqrt(2 * Math.PI));
  }
}
