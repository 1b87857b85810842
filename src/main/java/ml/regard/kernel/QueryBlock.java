package ml.regard.kernel;

import java.io.Serializable;

/**
 * A block of queries as the loops read them: features {@code [dim x size]}, feature by feature, so
 * that neighbouring queries are neighbouring lanes; and for leave-one-out the position of each
 * query's own row.
 */
public final class QueryBlock implements Serializable {
  private static final long serialVersionUID = 1;

  private static final int NO_ROW = -1;

  private final int dim;
  private final int size;
  final double[] features;
  private final int[] ownPositions;

  private QueryBlock(int dim, int size, double[] features, int[] ownPositions) {
    this.dim = dim;
    this.size = size;
    this.features = features;
    this.ownPositions = ownPositions;
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
    return new QueryBlock(dim, queries.length, features, null);
  }

  /** Training rows, each of which leaves out the key at its position. */
  static QueryBlock leaveOneOut(RowChunk rows, int[] positions) {
    int dim = rows.dim();
    int size = positions.length;
    double[] features = new double[dim * size];
    for (int i = 0; i < size; i++) {
      for (int f = 0; f < dim; f++) {
        features[f * size + i] = rows.feature(i, f);
      }
    }
    return new QueryBlock(dim, size, features, positions);
  }

  public int dim() {
    return dim;
  }

  public int size() {
    return size;
  }

  /** The position of the row that query i leaves out, or a negative number for none. */
  int ownPosition(int i) {
    return ownPositions == null ? NO_ROW : ownPositions[i];
  }
}
