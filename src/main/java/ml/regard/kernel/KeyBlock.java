package ml.regard.kernel;

import java.io.Serializable;

/**
 * Up to {@link PackedKeys#BLOCK_SIZE} consecutive keys, as the loops read them: features {@code
 * [size x dim]} row-major, values {@code [size]}, weights {@code [size]} with their logarithms.
 *
 * <p>Position {@code firstPosition + j} is the canonical position of the block's key j. The arrays
 * are shared with the loops and never written after construction.
 */
public final class KeyBlock implements Serializable {
  private static final long serialVersionUID = 1;

  final int firstPosition;
  final int dim;
  final double[] features;
  final double[] values;
  final double[] weights;
  final double[] logWeights;

  KeyBlock(int firstPosition, int dim, double[] features, double[] values, double[] weights) {
    this.firstPosition = firstPosition;
    this.dim = dim;
    this.features = features;
    this.values = values;
    this.weights = weights;
    this.logWeights = new double[weights.length];
    for (int j = 0; j < weights.length; j++) {
      logWeights[j] = StrictMath.log(weights[j]);
    }
  }

  /**
   * A block of keys that were packed before and are read again; takes over the arrays.
   *
   * @throws IllegalArgumentException if lengths do not agree, or a number is none that a packed key
   *     can have
   */
  public static KeyBlock of(
      int firstPosition, int dim, double[] features, double[] values, double[] weights) {
    Checks.length("the features of a block", (long) values.length * dim, features.length);
    Checks.length("the weights of a block", values.length, weights.length);
    for (double feature : features) {
      Checks.requireUsable("feature", feature);
    }
    for (int j = 0; j < values.length; j++) {
      Checks.requireUsable("value", values[j]);
      Checks.requireUsable("weight", weights[j]);
      if (!(weights[j] > 0)) {
        throw new IllegalArgumentException("weight must be positive, but was " + weights[j]);
      }
    }
    return new KeyBlock(firstPosition, dim, features, values, weights);
  }

  /** Number of keys in the block. */
  public int size() {
    return values.length;
  }

  /** The position of its first key. */
  public int firstPosition() {
    return firstPosition;
  }

  /** The value of key j of the block. */
  public double value(int j) {
    return values[j];
  }

  /** The importance weight of key j of the block, &gt; 0. */
  public double weight(int j) {
    return weights[j];
  }

  /** The features of key j of the block, a copy {@code [dim]}. */
  public double[] key(int j) {
    return java.util.Arrays.copyOfRange(features, j * dim, (j + 1) * dim);
  }

  /**
   * A hash of positions, features, values and weights to the last bit. The hash of all keys is the
   * sum over their blocks, in any order.
   */
  public long contentHash() {
    long sum = 0;
    for (int j = 0; j < values.length; j++) {
      long hash = Hash.mix(firstPosition + j);
      for (int f = 0; f < dim; f++) {
        hash = Hash.mix(hash ^ Double.doubleToLongBits(features[j * dim + f]));
      }
      hash = Hash.mix(hash ^ Double.doubleToLongBits(values[j]));
      sum += Hash.mix(hash ^ Double.doubleToLongBits(weights[j]));
    }
    return sum;
  }
}
