package ml.regard.report;

import java.util.Arrays;
import java.util.Comparator;
import java.util.stream.IntStream;

/**
 * Whether intervals hold what they promise, over tenths of the prediction.
 *
 * <pre>
 *   share = rows of a tenth whose score is at most the quantile of all scores / rows of the tenth
 * </pre>
 *
 * <p>A row is in its interval when its score, the error of its leave-one-out prediction in the unit
 * of its interval, is at most this quantile. Over all rows the share is the confidence by
 * construction; in each tenth it is only where the scale of the error is right everywhere. Rows
 * without a finite prediction, or without a score, are left out.
 *
 * @param confidences {@code [c]}, in (0, 1)
 * @param means the mean prediction of each tenth, {@code [t]}, ascending; fewer than ten of few
 *     rows
 * @param shares {@code [c x t]}
 * @param rows that were looked at
 */
public record Coverage(double[] confidences, double[] means, double[][] shares, int rows) {
  private static final int TENTHS = 10;

  /**
   * The shares of some rows.
   *
   * @param prediction leave-one-out, {@code [n]}
   * @param score {@code [n]}, at least 0; may be infinite
   * @param confidences {@code [c]}
   * @param quantiles of the scores at these, {@code [c]}; may be infinite
   * @throws IllegalArgumentException when lengths differ, or no row has both
   */
  public static Coverage of(
      double[] prediction, double[] score, double[] confidences, double[] quantiles) {
    Check.sameLength("score", score, "prediction", prediction);
    Check.sameLength("quantiles", quantiles, "confidences", confidences);
    int[] rows =
        IntStream.range(0, score.length)
            .filter(i -> Double.isFinite(prediction[i]) && !Double.isNaN(score[i]))
            .boxed()
            .sorted(Comparator.comparingDouble(i -> prediction[i]))
            .mapToInt(i -> i)
            .toArray();
    int n = rows.length;
    Check.notEmpty("the rows with a score", Arrays.stream(rows).asDoubleStream().toArray());
    int tenths = Math.min(TENTHS, n);
    double[] means = new double[tenths];
    double[][] shares = new double[confidences.length][tenths];
    for (int t = 0; t < tenths; t++) {
      int[] tenth =
          Arrays.copyOfRange(rows, (int) ((long) t * n / tenths), (int) ((t + 1L) * n / tenths));
      means[t] = Arrays.stream(tenth).mapToDouble(i -> prediction[i]).average().orElse(Double.NaN);
      for (int c = 0; c < confidences.length; c++) {
        double quantile = quantiles[c];
        long in = Arrays.stream(tenth).filter(i -> score[i] <= quantile).count();
        shares[c][t] = (double) in / tenth.length;
      }
    }
    return new Coverage(confidences.clone(), means, shares, n);
  }
}
