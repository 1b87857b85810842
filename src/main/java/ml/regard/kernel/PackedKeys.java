package ml.regard.kernel;

import java.io.Serializable;

/**
 * All keys {@code [numKeys x dim]} with their values and importance weights, in canonical order and
 * cut into blocks of {@link #BLOCK_SIZE}.
 *
 * <p>The canonical order is the total order by (features, value, weight), so the packed form
 * depends on the set of rows and not on the order in which they arrived; the <em>position</em> of a
 * key is its index in it, and identifies a training row in leave-one-out. Features, values and
 * weights are kept as given. Immutable; safe for many threads; made by {@link KeyPacker}.
 *
 * <p>Memory: 8 (dim + 3) bytes a key.
 */
public final class PackedKeys implements Serializable {
  private static final long serialVersionUID = 1;

  /** Keys per block, and positions per block of a leave-one-out sum. */
  public static final int BLOCK_SIZE = 1024;

  private final int dim;
  private final int numKeys;
  private final double valueCentre;
  private final KeyBlock[] blocks;

  PackedKeys(int dim, int numKeys, KeyBlock[] blocks) {
    this.dim = dim;
    this.numKeys = numKeys;
    this.blocks = blocks;
    this.valueCentre = weightedMean(blocks);
  }

  /** Number of features d. */
  public int dim() {
    return dim;
  }

  /** Number of keys n: training rows with positive weight. */
  public int numKeys() {
    return numKeys;
  }

  /** Number of blocks, ceil(n / {@link #BLOCK_SIZE}). */
  public int numBlocks() {
    return blocks.length;
  }

  /**
   * The weighted mean of the values, sum c v / sum c: what average pooling predicts for every
   * query. NaN when there are no keys.
   */
  public double valueCentre() {
    return valueCentre;
  }

  /** Feature f of the key at a position. */
  public double feature(int position, int f) {
    KeyBlock block = blockOf(position);
    return block.features[(position - block.firstPosition) * dim + f];
  }

  /** The value of the key at a position. */
  public double value(int position) {
    KeyBlock block = blockOf(position);
    return block.values[position - block.firstPosition];
  }

  /** The importance weight of the key at a position, &gt; 0. */
  public double weight(int position) {
    KeyBlock block = blockOf(position);
    return block.weights[position - block.firstPosition];
  }

  /**
   * A fingerprint of positions, features, values and weights: the sum over all keys, modulo 2^64,
   * of a 64-bit hash of each. So parts can be hashed apart, in any order, and added. O(n d).
   */
  public long contentHash() {
    long sum = 0;
    for (KeyBlock block : blocks) {
      sum += block.contentHash();
    }
    return sum;
  }

  KeyBlock block(int b) {
    return blocks[b];
  }

  private KeyBlock blockOf(int position) {
    if (position < 0 || position >= numKeys) {
      throw new IndexOutOfBoundsException(
          "position must be in [0, %d), but was %d".formatted(numKeys, position));
    }
    return blocks[position / BLOCK_SIZE];
  }

  /** The running form mean += (v - mean) c / sum c cannot overflow where the values do not. */
  private static double weightedMean(KeyBlock[] blocks) {
    double mean = 0;
    double sum = 0;
    for (KeyBlock block : blocks) {
      for (int j = 0; j < block.size(); j++) {
        sum += block.weights[j];
        mean += (block.values[j] - mean) * (block.weights[j] / sum);
      }
    }
    return sum > 0 ? mean : Double.NaN;
  }
}
