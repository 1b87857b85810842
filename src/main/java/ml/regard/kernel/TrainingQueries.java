package ml.regard.kernel;

import java.io.Serializable;
import java.util.Arrays;

/**
 * Training rows that ask as queries, each leaving out itself: their canonical positions, features,
 * values and weights. Filled by {@link #add} in any order of positions that the caller keeps to; at
 * most a few thousand rows. Not safe for many threads while it is filled.
 */
public final class TrainingQueries implements Serializable {
  private static final long serialVersionUID = 1;

  private int[] positions = new int[16];
  private final RowChunk rows;

  public TrainingQueries(int dim) {
    rows = new RowChunk(dim);
  }

  /** The rows at the given positions of packed keys. */
  public static TrainingQueries of(PackedKeys keys, int[] positions) {
    TrainingQueries queries = new TrainingQueries(keys.dim());
    double[] key = new double[keys.dim()];
    for (int position : positions) {
      for (int f = 0; f < key.length; f++) {
        key[f] = keys.feature(position, f);
      }
      queries.add(position, key, keys.value(position), keys.weight(position));
    }
    return queries;
  }

  /** Adds key j of a block. */
  public void add(KeyBlock block, int j) {
    add(block.firstPosition + j, block.key(j), block.values[j], block.weights[j]);
  }

  /** Adds the rows of another batch behind these. */
  public TrainingQueries addAll(TrainingQueries other) {
    for (int i = 0; i < other.size(); i++) {
      add(other.positions[i], other.rows.row(i), other.value(i), other.weight(i));
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
    return QueryBlock.leaveOneOut(rows, Arrays.copyOf(positions, size()));
  }

  private void add(int position, double[] key, double value, double weight) {
    if (size() == positions.length) {
      positions = Arrays.copyOf(positions, 2 * size());
    }
    positions[size()] = position;
    rows.add(key, value, weight);
  }
}
