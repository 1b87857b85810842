package ml.regard.kernel;

import java.io.Serializable;

/**
 * A block of queries as the loops read them: features {@code [dim x size]}, feature by feature, so
 * that neighbouring queries are neighbouring lanes; and for training rows the range of positions
 * that each leaves out.
 */
public final class QueryBlock implements Serializable {
  private static final long serialVersionUID = 1;

  private final int dim;
  private final int size;
  final double[] features;
  private final int[] leftOutFirst;
  private final int[] leftOutEnd;

  private QueryBlock(int dim, int size, double[] features, int[] leftOutFirst, int[] leftOutEnd) {
    this.dim = dim;
    this.size = size;
    this.features = features;
    this.leftOutFirst = leftOutFirst;
    this.leftOutEnd = leftOutEnd;
  }

  /**
   * Queries {@code [m x d]}, a row each, that are no training rows.
   *
   * @throws IllegalArgumentException if a row has another length, or a feature is not {@link
   *     Checks#usable}
   */
  public static QueryBlock of(int dim, double[][] queries) {
    Checks.positive("number of features", dim);
    double[] features = new double[dim * queries.length];
    for (int i = 0; i < queries.length; i++) {
      Checks.length("a query", dim, queries[i].length);
      for (int f = 0; f < dim; f++) {
        if (!Checks.usable(queries[i][f])) {
          throw new IllegalArgumentException(
              "feature %d of query %d must be finite and at most %s in magnitude, but was %s"
                  .formatted(f, i, Checks.MAX_MAGNITUDE, queries[i][f]));
        }
        features[f * queries.length + i] = queries[i][f];
      }
    }
    return new QueryBlock(dim, queries.length, features, null, null);
  }

  /** Training rows, each of which leaves out the keys at the positions first to end - 1. */
  static QueryBlock leavingOut(RowChunk rows, int[] first, int[] end) {
    int dim = rows.dim();
    int size = rows.size();
    double[] features = new double[dim * size];
    for (int i = 0; i < size; i++) {
      for (int f = 0; f < dim; f++) {
        features[f * size + i] = rows.feature(i, f);
      }
    }
    return new QueryBlock(dim, size, features, first, end);
  }

  public int dim() {
    return dim;
  }

  public int size() {
    return size;
  }

  /** Whether query i leaves out the key at a position. */
  boolean leavesOut(int i, int position) {
    return leftOutFirst != null && leftOutFirst[i] <= position && position < leftOutEnd[i];
  }

  /** Whether one of the queries first to end - 1 leaves out a key of a block. */
  boolean leavesOutOf(KeyBlock keys, int first, int end) {
    for (int i = first; leftOutFirst != null && i < end; i++) {
      if (leftOutFirst[i] < keys.firstPosition + keys.size()
          && keys.firstPosition < leftOutEnd[i]) {
        return true;
      }
    }
    return false;
  }
}
