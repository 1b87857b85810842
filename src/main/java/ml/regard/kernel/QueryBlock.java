package ml.regard.kernel;

import java.io.Serializable;

/**
 * A block of queries as the loops read them: features {@code [dim x stride]}, feature by feature,
 * so that neighbouring queries are neighbouring lanes; and for training rows the range of positions
 * that each leaves out. The stride is the number of queries made a multiple of {@link
 * PoolingSupport#LANES}; lanes behind the last query hold zeros, and what comes of them is never
 * looked at.
 */
public final class QueryBlock implements Serializable {
  private static final long serialVersionUID = 1;

  private final int dim;
  private final int size;
  final double[] features;
  private final int[] leftOutFirst;
  private final int[] leftOutEnd;
  private final double[] leftOutWeights;

  private QueryBlock(
      int dim, int size, int[] leftOutFirst, int[] leftOutEnd, double[] leftOutWeights) {
    this.dim = dim;
    this.size = size;
    this.features = new double[dim * stride(size)];
    this.leftOutFirst = leftOutFirst;
    this.leftOutEnd = leftOutEnd;
    this.leftOutWeights = leftOutWeights;
  }

  /** The lanes for so many queries. */
  static int stride(int size) {
    return (size + PoolingSupport.LANES - 1) / PoolingSupport.LANES * PoolingSupport.LANES;
  }

  /**
   * Queries {@code [m x d]}, a row each, that are no training rows.
   *
   * @throws IllegalArgumentException if a row has another length, or a feature is not {@link
   *     Checks#usable}
   */
  public static QueryBlock of(int dim, double[][] queries) {
    Checks.positive("number of features", dim);
    QueryBlock block = new QueryBlock(dim, queries.length, null, null, null);
    for (int i = 0; i < queries.length; i++) {
      Checks.length("a query", dim, queries[i].length);
      for (int f = 0; f < dim; f++) {
        if (!Checks.usable(queries[i][f])) {
          throw new IllegalArgumentException(
              "feature %d of query %d must be finite and at most %s in magnitude, but was %s"
                  .formatted(f, i, Checks.MAX_MAGNITUDE, queries[i][f]));
        }
      }
      block.set(i, queries[i]);
    }
    return block;
  }

  /**
   * Training rows, each of which leaves out the keys at the positions first to end - 1.
   *
   * @param weights the weight of these keys; infinite where it is not known
   */
  static QueryBlock leavingOut(
      int dim, double[][] queries, int[] first, int[] end, double[] weights) {
    QueryBlock block = new QueryBlock(dim, queries.length, first, end, weights);
    for (int i = 0; i < queries.length; i++) {
      block.set(i, queries[i]);
    }
    return block;
  }

  /** Some of these queries, in the order given. */
  public QueryBlock select(int[] queries) {
    int[] first = leftOutFirst == null ? null : new int[queries.length];
    int[] end = leftOutFirst == null ? null : new int[queries.length];
    double[] weights = leftOutFirst == null ? null : new double[queries.length];
    QueryBlock block = new QueryBlock(dim, queries.length, first, end, weights);
    for (int i = 0; i < queries.length; i++) {
      for (int f = 0; f < dim; f++) {
        block.features[f * block.stride() + i] = features[f * stride() + queries[i]];
      }
      if (first != null) {
        first[i] = leftOutFirst[queries[i]];
        end[i] = leftOutEnd[queries[i]];
        weights[i] = leftOutWeights[queries[i]];
      }
    }
    return block;
  }

  private void set(int i, double[] query) {
    for (int f = 0; f < dim; f++) {
      features[f * stride() + i] = query[f];
    }
  }

  public int dim() {
    return dim;
  }

  public int size() {
    return size;
  }

  int stride() {
    return stride(size);
  }

  /** Whether these are training rows, which leave keys out. */
  boolean leavesKeysOut() {
    return leftOutFirst != null;
  }

  /** The features of query i, a copy {@code [d]}. */
  public double[] query(int i) {
    double[] query = new double[dim];
    for (int f = 0; f < dim; f++) {
      query[f] = features[f * stride() + i];
    }
    return query;
  }

  /** The first site of a block that query i leaves out; the number of sites if there is none. */
  int leftOutFirst(int i, KeyBlock keys) {
    return leavesOut(i, keys.firstPosition, keys.endPosition())
        ? keys.site(Math.max(leftOutFirst[i] - keys.firstPosition, 0))
        : keys.sites();
  }

  private boolean leavesOut(int i, int first, int end) {
    return leftOutFirst != null
        && leftOutFirst[i] < end
        && first < leftOutEnd[i]
        && leftOutFirst[i] < leftOutEnd[i];
  }

  /** Whether query i leaves out keys of a block. */
  boolean leavesOut(int i, BlockSummary block) {
    return leavesOut(i, block.firstPosition, block.endPosition());
  }

  /** The logarithm (base 2) of at least the weight of a block's keys that query i meets. */
  double logWeight(int i, BlockSummary block) {
    return leavesOut(i, block) ? block.logWeightWithout(leftOutWeights[i]) : block.totalLogWeight;
  }

  /** The site of a block behind the last one that query i leaves out, where there is one. */
  int leftOutEnd(int i, KeyBlock keys) {
    return keys.site(Math.min(leftOutEnd[i] - keys.firstPosition, keys.size()));
  }

  /** Whether query i leaves out site s of a block. */
  boolean leavesOut(int i, KeyBlock keys, int s) {
    int first = leftOutFirst(i, keys);
    return first <= s && s < leftOutEnd(i, keys);
  }
}
