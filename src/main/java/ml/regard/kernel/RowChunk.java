package ml.regard.kernel;

import java.io.Serializable;
import java.util.Arrays;

/**
 * Training rows on their way to {@link KeyPacker}, in flat growing arrays: features {@code [size x
 * dim]} row-major, values {@code [size]}, weights {@code [size]}, folds {@code [size]}, and ids
 * {@code [size]} where there are any. Not safe for many threads.
 */
public final class RowChunk implements Serializable {
  private static final long serialVersionUID = 1;

  private final int dim;
  private int size;
  private double[] features;
  private double[] values = new double[16];
  private double[] weights = new double[16];
  private long[] folds = new long[16];
  private String[] ids; // null while no row has one

  public RowChunk(int dim) {
    this.dim = Checks.positive("number of features", dim);
    this.features = new double[16 * dim];
  }

  /** Adds one row of fold 0. */
  public void add(double[] row, double value, double weight) {
    add(row, value, weight, 0, null);
  }

  /** Adds one row without an id. */
  public void add(double[] row, double value, double weight, long fold) {
    add(row, value, weight, fold, null);
  }

  /**
   * Adds one row; -0.0 becomes 0.0, so that equal rows have equal bits.
   *
   * @param fold what rows that are left out together have in common
   * @param id what the user calls the row; null for none
   * @throws IllegalArgumentException if the number of features differs, a feature or the value is
   *     not finite or beyond {@link Checks#MAX_MAGNITUDE}, or the weight is also negative
   */
  public void add(double[] row, double value, double weight, long fold, String id) {
    Checks.length("a row", dim, row.length);
    for (double feature : row) {
      Checks.requireUsable("feature", feature);
    }
    Checks.requireUsable("value", value);
    Checks.requireUsable("weight", weight);
    if (weight < 0) {
      throw new IllegalArgumentException("weight must not be negative, but was " + weight);
    }
    if (size == values.length) {
      int capacity = Math.max(16, Math.multiplyExact(size, 2));
      features = Arrays.copyOf(features, Math.multiplyExact(capacity, dim));
      values = Arrays.copyOf(values, capacity);
      weights = Arrays.copyOf(weights, capacity);
      folds = Arrays.copyOf(folds, capacity);
      ids = ids == null ? null : Arrays.copyOf(ids, capacity);
    }
    for (int f = 0; f < dim; f++) {
      features[size * dim + f] = row[f] + 0.0;
    }
    values[size] = value + 0.0;
    weights[size] = weight;
    folds[size] = fold;
    if (id != null) {
      ids = ids == null ? new String[values.length] : ids;
      ids[size] = id;
    }
    size++;
  }

  /** This chunk without spare capacity, as it should travel. */
  public RowChunk trimmed() {
    features = Arrays.copyOf(features, size * dim);
    values = Arrays.copyOf(values, size);
    weights = Arrays.copyOf(weights, size);
    folds = Arrays.copyOf(folds, size);
    ids = ids == null ? null : Arrays.copyOf(ids, size);
    return this;
  }

  public int dim() {
    return dim;
  }

  public int size() {
    return size;
  }

  double feature(int r, int f) {
    return features[r * dim + f];
  }

  double[] row(int r) {
    return Arrays.copyOfRange(features, r * dim, (r + 1) * dim);
  }

  double value(int r) {
    return values[r];
  }

  double weight(int r) {
    return weights[r];
  }

  long fold(int r) {
    return folds[r];
  }

  /** The id of a row, null for none. */
  String id(int r) {
    return ids == null ? null : ids[r];
  }

  boolean hasIds() {
    return ids != null;
  }
}
