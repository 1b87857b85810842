package ml.regard.engine;

import java.io.Serializable;
import java.util.Arrays;
import java.util.Comparator;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.PriorityQueue;
import ml.regard.kernel.SpaceOrder;

/**
 * Rows that are sorted by (place on the curve, features, value, weight, id), in flat arrays: a run
 * of an external merge sort. Rows that compare equal are interchangeable to the last bit; where
 * runs are cut they are in the order of runs.
 */
final class KeyRun implements Serializable {
  private static final long serialVersionUID = 1;

  /** Where runs are cut: before the row with this index in its own run. */
  static final class Cut implements Serializable, Comparable<Cut> {
    private static final long serialVersionUID = 1;

    private final KeyRow row;
    private final long run;
    private final int index;

    Cut(KeyRow row, long run, int index) {
      this.row = row;
      this.run = run;
      this.index = index;
    }

    @Override
    public int compareTo(Cut other) {
      int byRow = row.compareTo(other.row);
      int byRun = byRow != 0 ? byRow : Long.compare(run, other.run);
      return byRun != 0 ? byRun : Integer.compare(index, other.index);
    }
  }

  private final long number;
  private final int dim;
  private final long[] codes;
  private final double[] features;
  private final double[] values;
  private final double[] weights;
  private final String[] ids;

  private KeyRun(
      long number,
      int dim,
      long[] codes,
      double[] features,
      double[] values,
      double[] weights,
      String[] ids) {
    this.number = number;
    this.dim = dim;
    this.codes = codes;
    this.features = features;
    this.values = values;
    this.weights = weights;
    this.ids = ids;
  }

  /**
   * Sorts rows, which have their place on the curve for a position.
   *
   * @param number which no other run has
   */
  static KeyRun of(long number, int dim, List<KeyRow> unsorted) {
    KeyRow[] rows = sorted(unsorted);
    int n = rows.length;
    KeyRun run =
        new KeyRun(
            number,
            dim,
            new long[n],
            new double[Math.multiplyExact(n, dim)],
            new double[n],
            new double[n],
            new String[n]);
    for (int j = 0; j < n; j++) {
      run.codes[j] = rows[j].getPosition();
      System.arraycopy(rows[j].getFeatures(), 0, run.features, j * dim, dim);
      run.values[j] = rows[j].getValue();
      run.weights[j] = rows[j].getWeight();
      run.ids[j] = rows[j].getId();
    }
    return run;
  }

  /**
   * Sorts numbers made of the first bits of a code and an index, which is faster than to compare
   * rows, and then the few rows with the same bits.
   */
  private static KeyRow[] sorted(List<KeyRow> rows) {
    int indexBits = Integer.SIZE - Integer.numberOfLeadingZeros(rows.size());
    int dropped = Math.max(0, SpaceOrder.CODE_BITS + indexBits - (Long.SIZE - 1));
    long[] keys = new long[rows.size()];
    Arrays.setAll(keys, i -> rows.get(i).getPosition() >> dropped << indexBits | i);
    Arrays.sort(keys);
    KeyRow[] sorted = new KeyRow[keys.length];
    int from = 0;
    for (int j = 0; j < keys.length; j++) {
      if (keys[j] >> indexBits != keys[from] >> indexBits) {
        Arrays.sort(sorted, from, j);
        from = j;
      }
      sorted[j] = rows.get((int) (keys[j] & ((1L << indexBits) - 1)));
    }
    Arrays.sort(sorted, from, keys.length);
    return sorted;
  }

  int size() {
    return codes.length;
  }

  Cut cut(int index) {
    return new Cut(row(index), number, index);
  }

  /** How many rows come before a cut. */
  int before(Cut cut) {
    if (cut.run == number) {
      return cut.index;
    }
    int from = 0;
    int to = size();
    while (from < to) {
      int middle = (from + to) >>> 1;
      int byRow = row(middle).compareTo(cut.row);
      if (byRow < 0 || (byRow == 0 && number < cut.run)) {
        from = middle + 1;
      } else {
        to = middle;
      }
    }
    return from;
  }

  KeyRun slice(int from, int to) {
    return new KeyRun(
        number,
        dim,
        Arrays.copyOfRange(codes, from, to),
        Arrays.copyOfRange(features, from * dim, to * dim),
        Arrays.copyOfRange(values, from, to),
        Arrays.copyOfRange(weights, from, to),
        Arrays.copyOfRange(ids, from, to));
  }

  private KeyRow row(int j) {
    KeyRow row = new KeyRow();
    row.setPosition(codes[j]);
    row.setFeatures(Arrays.copyOfRange(features, j * dim, (j + 1) * dim));
    row.setValue(values[j]);
    row.setWeight(weights[j]);
    row.setId(ids[j]);
    return row;
  }

  /** The rows of runs in order, numbered from first on. Cost: O(log runs) a row. */
  static Iterator<KeyRow> merge(Iterator<KeyRun> runs, long first) {
    return new Merge(runs, first);
  }

  private static final class Cursor {
    private final KeyRun run;
    private int next;
    private KeyRow row;

    Cursor(KeyRun run) {
      this.run = run;
    }

    boolean advance() {
      row = next < run.size() ? run.row(next++) : null;
      return row != null;
    }
  }

  private static final class Merge implements Iterator<KeyRow> {
    private final PriorityQueue<Cursor> cursors =
        new PriorityQueue<>(Comparator.comparing((Cursor cursor) -> cursor.row));
    private long position;

    Merge(Iterator<KeyRun> runs, long first) {
      position = first;
      runs.forEachRemaining(run -> enqueue(new Cursor(run)));
    }

    private void enqueue(Cursor cursor) {
      if (cursor.advance()) {
        cursors.add(cursor);
      }
    }

    @Override
    public boolean hasNext() {
      return !cursors.isEmpty();
    }

    @Override
    public KeyRow next() {
      if (!hasNext()) {
        throw new NoSuchElementException();
      }
      Cursor cursor = cursors.poll();
      KeyRow row = cursor.row;
      enqueue(cursor);
      row.setPosition(position++);
      return row;
    }
  }
}
