package ml.regard.kernel;

import java.io.Serializable;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.Arrays;

/**
 * The scores of rows in ascending order, as conformal intervals ask for them: all of them, or fewer
 * evenly spaced ones that stand for all, each for those below it too. What is asked of fewer is
 * rounded up, so that an interval becomes no narrower. NaN is no score; infinite ones count.
 *
 * <p>Rows count as rows, whatever their importance weights. Immutable.
 */
public final class SortedScores implements Serializable {
  private static final long serialVersionUID = 1;

  private final long count;
  private final double[] values;

  private SortedScores(long count, double[] values) {
    this.count = count;
    this.values = values;
  }

  /** All of these, in any order. */
  public static SortedScores of(double[] scores) {
    double[] sorted = Arrays.stream(scores).filter(score -> !Double.isNaN(score)).toArray();
    Arrays.parallelSort(sorted);
    return new SortedScores(sorted.length, sorted);
  }

  /** The same, or so many that stand for them. */
  public SortedScores thinned(int most) {
    if (values.length <= most) {
      return this;
    }
    SortedScores thinned = new SortedScores(count, new double[most]);
    for (int j = 0; j < most; j++) {
      thinned.values[j] = atRank(thinned.rankOf(j));
    }
    return thinned;
  }

  /** How many scores there are. */
  public long count() {
    return count;
  }

  /**
   * Which of n scores, counted from the smallest as 1, bounds that of another row with this
   * confidence: ceil((n + 1) confidence), above n where n is too small for it. Of the confidence as
   * it is written, without the rounding of a product.
   */
  public static long rank(long count, double confidence) {
    BigDecimal share = BigDecimal.valueOf(confidence);
    return share
        .multiply(BigDecimal.valueOf(count + 1))
        .setScale(0, RoundingMode.CEILING)
        .longValueExact();
  }

  /** The score at a rank from 1; infinite above the last. */
  public double atRank(long rank) {
    return rank > count
        ? Double.POSITIVE_INFINITY
        : values[(int) ((rank - 1) * values.length / count)];
  }

  /** The score at {@link #rank}. */
  public double quantile(double confidence) {
    return atRank(rank(count, confidence));
  }

  /** For how many of the scores centre + scale score is at most x. */
  long upTo(double x, double centre, double scale) {
    int from = 0;
    int to = values.length;
    while (from < to) {
      int middle = (from + to) >>> 1;
      if (centre + scale * values[middle] <= x) {
        from = middle + 1;
      } else {
        to = middle;
      }
    }
    return from == 0 ? 0 : rankOf(from - 1);
  }

  /** The rank of the value at an index. */
  private long rankOf(int index) {
    return ((index + 1) * count + values.length - 1) / values.length;
  }
}
