package ml.regard.kernel;

import java.util.Arrays;
import java.util.List;

/**
 * Quantiles of the values under the attention of each query.
 *
 * <pre>
 *   F(v) = sum of a_j over keys with v_j &lt;= v      the smallest value v of a key with F(v) &gt;= p
 * </pre>
 *
 * <p>Values of equal keys add up, and none is interpolated: a quantile is the value of a key. F is
 * a sum of rounded numbers, so what misses p by 1e-12 counts as p: four keys of weight 1/4 have
 * their second value as the median. At p = 0 it is the smallest value with F(v) &gt;= 1e-12, at p =
 * 1 the smallest with F(v) &gt;= 1 - 1e-12: keys that carry nothing have no say. Each is exact for
 * a probability within 1e-12 of p.
 *
 * <p>Keys come in the order of space and not of values, so each quantile is searched: a pass adds
 * up the weights in 128 bins between two values, and the bin in which F reaches p is divided again,
 * by its own least and largest value, until it holds one value alone. Bins are equally wide twice,
 * then of equally many floating-point numbers. Cost: one exponential per pair in reach and pass,
 * twelve passes at most. Memory: 3 KB a query and probability, of 4,096 of these at a time.
 */
final class ValueQuantiles implements KeyAttention.Visitor {
  private static final int SEARCHES = 4096;
  private static final double TOLERANCE = 1e-12;

  private final KeyAttention attention;

  /** The first query of those that are asked for together. */
  private final int first;

  /** {@code [queries x probabilities]}; none for a query without a key. */
  private final ValueSearch[][] searches;

  private ValueQuantiles(KeyAttention attention, int first, int end, double[] probabilities) {
    this.attention = attention;
    this.first = first;
    double[] range = range(attention.keys().summaries());
    searches = new ValueSearch[end - first][];
    for (int i = first; i < end; i++) {
      double whole = attention.whole(i);
      searches[i - first] =
          Arrays.stream(attention.noKeys(i) ? new double[0] : probabilities)
              .map(p -> whole * Math.max(p - TOLERANCE, TOLERANCE))
              .mapToObj(target -> new ValueSearch(target, range[0], range[1]))
              .toArray(ValueSearch[]::new);
    }
  }

  private static double[] range(List<BlockSummary> blocks) {
    return blocks.isEmpty()
        ? new double[] {-Checks.MAX_MAGNITUDE, Checks.MAX_MAGNITUDE}
        : BlockSummary.valueRange(blocks);
  }

  /** Of each query, in the order of the attention, the quantiles in the order given. */
  static double[][] of(KeyAttention attention, double[] probabilities) {
    for (double p : probabilities) {
      if (!(p >= 0 && p <= 1)) {
        throw new IllegalArgumentException("a probability must be in [0, 1], but was " + p);
      }
    }
    double[][] found = new double[attention.size()][probabilities.length];
    int together = Math.max(1, SEARCHES / Math.max(1, probabilities.length));
    for (int from = 0; from < found.length; from += together) {
      int end = Math.min(from + together, found.length);
      new ValueQuantiles(attention, from, end, probabilities).searchInto(found);
    }
    return found;
  }

  private void searchInto(double[][] found) {
    while (Arrays.stream(searches).flatMap(Arrays::stream).anyMatch(ValueSearch::isOpen)) {
      attention.visit(this);
      Arrays.stream(searches)
          .flatMap(Arrays::stream)
          .filter(ValueSearch::isOpen)
          .forEach(ValueSearch::narrow);
    }
    for (int i = 0; i < searches.length; i++) {
      Arrays.fill(found[first + i], Double.NaN);
      for (int p = 0; p < searches[i].length; p++) {
        found[first + i][p] = searches[i][p].value();
      }
    }
  }

  @Override
  public boolean needs(int i, BlockSummary block, double near2) {
    if (i < first || i >= first + searches.length) {
      return false;
    }
    for (ValueSearch search : searches[i - first]) {
      if (search.isOpen() && search.looksInto(block)) {
        return attention.matters(i, block, near2);
      }
    }
    return false;
  }

  @Override
  public void meet(int i, KeyBlock block, double[] logits) {
    for (int j = 0; j < block.size(); j++) {
      double part = attention.part(i, logits[j]);
      for (ValueSearch search : searches[i - first]) {
        search.add(block.values[j], part);
      }
    }
  }
}
