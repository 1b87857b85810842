package ml.regard.kernel;

import java.io.Serializable;
import java.util.Arrays;

/**
 * Training rows that ask as queries, each leaving out some keys, its own row as a rule: their
 * canonical positions, features, values and weights. Filled by {@link #add} in any order of
 * positions that the caller keeps to; at most a few thousand rows. Not safe for many threads while
 * it is filled.
 */
public final class TrainingQueries implements Serializable {
  private static final long serialVersionUID = 1;

  private final LeaveOut leaveOut;
  private int[] positions = new int[16];
  private int[] leftOutFirst = new int[16];
  private int[] leftOutEnd = new int[16];
  private final RowChunk rows;

  public TrainingQueries(int dim, LeaveOut leaveOut) {
    this.leaveOut = leaveOut;
    rows = new RowChunk(dim);
  }

  /** The rows at the given positions of packed keys. */
  public static TrainingQueries of(PackedKeys keys, int[] positions, LeaveOut leaveOut) {
    TrainingQueries queries = new TrainingQueries(keys.dim(), leaveOut);
    double[] key = new double[keys.dim()];
    for (int position : positions) {
      for (int f = 0; f < key.length; f++) {
        key[f] = keys.feature(position, f);
      }
      queries.add(
          position,
          keys.leftOutFirst(position, leaveOut),
          keys.leftOutEnd(position, leaveOut),
          key,
          keys.value(position),
          keys.weight(position));
    }
    return queries;
  }

  /**
   * Adds key j of a block.
   *
   * @throws IllegalStateException if ties or folds are left out, which a block does not know
   */
  public void add(KeyBlock block, int j) {
    if (leaveOut != LeaveOut.ROW && leaveOut != LeaveOut.NONE) {
      throw new IllegalStateException("a block of keys does not know " + leaveOut);
    }
    int position = block.firstPosition + j;
    int end = leaveOut == LeaveOut.ROW ? position + 1 : position;
    add(position, position, end, block.key(j), block.values[j], block.weights[j]);
  }

  /** Adds the rows of another batch behind these. */
  public TrainingQueries addAll(TrainingQueries other) {
    for (int i = 0; i < other.size(); i++) {
      add(
          other.positions[i],
          other.leftOutFirst[i],
          other.leftOutEnd[i],
          other.rows.row(i),
          other.value(i),
          other.weight(i));
    }
    return this;
  }

  /** The rows as keys of their own: packed, without the positions they have among all keys. */
  public PackedKeys pack() {
    return new KeyPacker(rows.dim()).addAll(rows).pack();
  }

  public int size() {
    return rows.size();
  }

  /** The canonical position of row i. */
  public int position(int i) {
    return positions[i];
  }

  double value(int i) {
    return rows.value(i);
  }

  double weight(int i) {
    return rows.weight(i);
  }

  /** The rows as the loops read queries. */
  public QueryBlock block() {
    return QueryBlock.leavingOut(
        rows, Arrays.copyOf(leftOutFirst, size()), Arrays.copyOf(leftOutEnd, size()));
  }

  /** What the rows leave out. */
  LeaveOut leaveOut() {
    return leaveOut;
  }

  private void add(int position, int first, int end, double[] key, double value, double weight) {
    int i = size();
    if (i == positions.length) {
      positions = Arrays.copyOf(positions, 2 * i);
      leftOutFirst = Arrays.copyOf(leftOutFirst, 2 * i);
      leftOutEnd = Arrays.copyOf(leftOutEnd, 2 * i);
    }
    positions[i] = position;
    leftOutFirst[i] = first;
    leftOutEnd[i] = end;
    rows.add(key, value, weight);
  }
}
