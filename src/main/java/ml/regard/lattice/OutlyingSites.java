package ml.regard.lattice;

import java.io.Serializable;
import java.util.Arrays;

/**
 * Sites outside of the box, as rows of features, sum c, sum c v and sum c v^2, in the order in
 * which they came; at most {@link #LIMIT}. Beyond that it only counts, and must not be used.
 */
final class OutlyingSites implements Serializable {
  private static final long serialVersionUID = 1;

  static final int LIMIT = 100_000;

  private final int columns;
  private long size;
  private double[] rows = new double[0];

  OutlyingSites(int columns) {
    this.columns = columns;
  }

  long size() {
    return size;
  }

  boolean overflowed() {
    return size > LIMIT;
  }

  int columns() {
    return columns;
  }

  /** The rows {@code [size x columns]}, a copy. */
  double[] rows() {
    return Arrays.copyOf(rows, (int) size * columns);
  }

  void add(double[] site, int at) {
    if (size < LIMIT) {
      int end = (int) size * columns;
      if (end == rows.length) {
        int more = Math.max(8, Math.min(2 * (int) size, LIMIT));
        rows = Arrays.copyOf(rows, more * columns);
      }
      System.arraycopy(site, at, rows, end, columns);
    }
    size++;
  }

  void addAll(OutlyingSites other) {
    long all = size + other.size;
    int kept = (int) Math.min(other.size, LIMIT);
    for (int s = 0; s < kept; s++) {
      add(other.rows, s * columns);
    }
    size = all;
  }
}
