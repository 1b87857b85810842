package ml.regard.kernel;

import java.io.Serializable;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;

/**
 * A block of queries as the loops read them: features {@code [dim x stride]}, feature by feature,
 * so that neighbouring queries are neighbouring lanes; for training rows the range of positions
 * that each leaves out; and where keys are masked ({@link AttentionMask}) the range that each may
 * attend to. The stride is the number of queries made a multiple of {@link PoolingSupport#LANES};
 * lanes behind the last query hold zeros, and what comes of them is never looked at.
 */
public final class QueryBlock implements Serializable {
  private static final long serialVersionUID = 1;

  private final int dim;
  private final int size;
  final double[] features;
  private final PositionRanges leftOut; // null where no query leaves a key out
  private final double[] leftOutWeights;
  private final PositionRanges allowed; // null where every key is allowed
  private final int firstAllowed;
  private final int endAllowed;

  private QueryBlock(
      int dim, int size, PositionRanges leftOut, double[] leftOutWeights, PositionRanges allowed) {
    this.dim = dim;
    this.size = size;
    this.features = new double[dim * stride(size)];
    this.leftOut = leftOut;
    this.leftOutWeights = leftOutWeights;
    this.allowed = allowed;
    int[] hull = allowed == null ? new int[] {0, Integer.MAX_VALUE} : allowed.hull();
    this.firstAllowed = hull[0];
    this.endAllowed = hull[1];
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
    return of(dim, queries, null);
  }

  /**
   * The same where keys may be masked.
   *
   * @param groups {@code [m]}, null in it for none
   * @param times {@code [m]}, null in it for none
   */
  public static QueryBlock masked(
      int dim, double[][] queries, AttentionMask mask, String[] groups, Long[] times) {
    if (!mask.masks()) {
      return of(dim, queries);
    }
    PositionRanges allowed = new PositionRanges(queries.length);
    for (int i = 0; i < queries.length; i++) {
      mask.allow(allowed, i, groups[i], times[i]);
    }
    return of(dim, queries, allowed);
  }

  private static QueryBlock of(int dim, double[][] queries, PositionRanges allowed) {
    Checks.positive("number of features", dim);
    QueryBlock block = new QueryBlock(dim, queries.length, null, null, allowed);
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
   * Training rows, each of which leaves out some keys.
   *
   * @param weights the weight of these keys; infinite where it is not known
   * @param allowed the keys that each may attend to before it leaves out some; null for all
   */
  static QueryBlock leavingOut(
      int dim,
      double[][] queries,
      PositionRanges leftOut,
      double[] weights,
      PositionRanges allowed) {
    QueryBlock block = new QueryBlock(dim, queries.length, leftOut, weights, allowed);
    for (int i = 0; i < queries.length; i++) {
      block.set(i, queries[i]);
    }
    return block;
  }

  /** Some of these queries, in the order given. */
  public QueryBlock select(int[] queries) {
    QueryBlock block =
        new QueryBlock(
            dim,
            queries.length,
            leftOut == null ? null : leftOut.select(queries),
            leftOut == null
                ? null
                : Arrays.stream(queries).mapToDouble(i -> leftOutWeights[i]).toArray(),
            allowed == null ? null : allowed.select(queries));
    for (int i = 0; i < queries.length; i++) {
      for (int f = 0; f < dim; f++) {
        block.features[f * block.stride() + i] = features[f * stride() + queries[i]];
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

  /** Whether every query attends to every key. */
  boolean attendsToAll() {
    return leftOut == null && allowed == null;
  }

  /** The features of query i, a copy {@code [d]}. */
  public double[] query(int i) {
    double[] query = new double[dim];
    for (int f = 0; f < dim; f++) {
      query[f] = features[f * stride() + i];
    }
    return query;
  }

  /** The order of queries by what they may attend to. */
  Comparator<Integer> byAllowed() {
    return Comparator.<Integer>comparingInt(i -> allowed == null ? 0 : allowed.first(i))
        .thenComparingInt(i -> allowed == null ? 0 : allowed.end(i));
  }

  /** The blocks that some query may attend to, of all blocks of the keys. */
  List<BlockSummary> reachable(List<BlockSummary> blocks) {
    int from = Math.min(firstAllowed / PackedKeys.BLOCK_SIZE, blocks.size());
    int to = (endAllowed - 1) / PackedKeys.BLOCK_SIZE + 1;
    return endAllowed == 0 ? List.of() : blocks.subList(from, Math.min(to, blocks.size()));
  }

  /** Whether some query may attend to keys of a block. */
  boolean attendTo(int firstPosition, int endPosition) {
    return firstAllowed < endPosition && firstPosition < endAllowed;
  }

  /** Whether query i may attend to keys of a block, before it leaves out some. */
  boolean attendsTo(int i, BlockSummary block) {
    return allowed == null || allowed.meets(i, block.firstPosition, block.endPosition());
  }

  /** Whether query i meets all keys of a block. */
  boolean meetsAll(int i, BlockSummary block) {
    return isAllowed(i, block) && !leavesOut(i, block.firstPosition, block.endPosition());
  }

  private boolean isAllowed(int i, BlockSummary block) {
    return allowed == null || allowed.covers(i, block.firstPosition, block.endPosition());
  }

  private boolean leavesOut(int i, int first, int end) {
    return leftOut != null && leftOut.meets(i, first, end);
  }

  /** The logarithm (base 2) of at least the weight of a block's keys that query i meets. */
  double logWeight(int i, BlockSummary block) {
    if (!isAllowed(i, block)) {
      return Double.NEGATIVE_INFINITY;
    }
    return leavesOut(i, block.firstPosition, block.endPosition())
        ? block.logWeightWithout(leftOutWeights[i])
        : block.totalLogWeight;
  }

  /** The first site of a block that query i may attend to. */
  int allowedFirst(int i, KeyBlock keys) {
    return allowed == null ? 0 : site(allowed.first(i), keys);
  }

  /** The site of a block behind the last one that query i may attend to. */
  int allowedEnd(int i, KeyBlock keys) {
    return allowed == null ? keys.sites() : site(allowed.end(i), keys);
  }

  /** The first site of a block that query i leaves out; the number of sites if there is none. */
  int leftOutFirst(int i, KeyBlock keys) {
    return leavesOut(i, keys.firstPosition, keys.endPosition())
        ? site(leftOut.first(i), keys)
        : keys.sites();
  }

  /** The site of a block behind the last one that query i leaves out, where there is one. */
  int leftOutEnd(int i, KeyBlock keys) {
    return site(leftOut.end(i), keys);
  }

  /** The site of a block at a position, of one outside it the first or the number of sites. */
  private static int site(int position, KeyBlock keys) {
    return keys.site(Math.max(0, Math.min(position - keys.firstPosition, keys.size())));
  }

  /** Whether query i meets site s of a block. */
  boolean meets(int i, KeyBlock keys, int s) {
    boolean isAllowed = allowedFirst(i, keys) <= s && s < allowedEnd(i, keys);
    int first = leftOutFirst(i, keys);
    return isAllowed && (s < first || s >= leftOutEnd(i, keys));
  }
}
