package ml.regard.kernel;

import java.io.Serializable;
import java.util.Arrays;

/**
 * Training rows on their way to {@link KeyPacker}, in flat growing arrays: features {@code [size x
 * dim]} row-major, values {@code [size]}, weights {@code [size]}, folds {@code [size]}, and ids,
 * groups and times {@code [size]} where there are any. Not safe for many threads.
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
  private String[] groups; // likewise
  private long[] times; // likewise
  private String lastGroup; // neighbours of one group share its name

  public RowChunk(int dim) {
    this.dim = Checks.positive("number of features", dim);
    this.features = new double[16 * dim];
  }

  /** Adds one row of fold 0. */
  public void add(double[] row, double value, double weight) {
    add(row, value, weight, RowTags.NONE);
  }

  /** Adds one row that has a fold and nothing else. */
  public void add(double[] row, double value, double weight, long fold) {
    add(row, value, weight, new RowTags(fold, null, null, null));
  }

  /**
   * Adds one row; -0.0 becomes 0.0, so that equal rows have equal bits.
   *
   * @throws IllegalArgumentException if the number of features differs, a feature or the value is
   *     not finite or beyond {@link Checks#MAX_MAGNITUDE}, or the weight is also negative
   */
  public void add(double[] row, double value, double weight, RowTags tags) {
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
      groups = groups == null ? null : Arrays.copyOf(groups, capacity);
      times = times == null ? null : Arrays.copyOf(times, capacity);
    }
    for (int f = 0; f < dim; f++) {
      features[size * dim + f] = row[f] + 0.0;
    }
    values[size] = value + 0.0;
    weights[size] = weight;
    folds[size] = tags.fold();
    if (tags.id() != null) {
      ids = ids == null ? new String[values.length] : ids;
      ids[size] = tags.id();
    }
    if (tags.group() != null) {
      groups = groups == null ? new String[values.length] : groups;
      lastGroup = tags.group().equals(lastGroup) ? lastGroup : tags.group();
      groups[size] = lastGroup;
    }
    if (tags.time() != null) {
      times = times == null ? new long[values.length] : times;
      times[size] = tags.time();
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
    groups = groups == null ? null : Arrays.copyOf(groups, size);
    times = times == null ? null : Arrays.copyOf(times, size);
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

  /** The group of a row, null for none. */
  public String group(int r) {
    return groups == null ? null : groups[r];
  }

  /** The time of a row; 0 for none. */
  long time(int r) {
    return times == null ? 0 : times[r];
  }

  boolean hasTimes() {
    return times != null;
  }

  /** The rows as queries of keys, which may be masked. */
  QueryBlock queries(Keys keys) {
    double[][] queries = new double[size][];
    Long[] at = new Long[size];
    for (int r = 0; r < size; r++) {
      queries[r] = row(r);
      at[r] = times == null ? null : times[r];
    }
    String[] names = groups == null ? new String[size] : groups;
    return QueryBlock.masked(dim, queries, keys.mask(), names, at);
  }
}
