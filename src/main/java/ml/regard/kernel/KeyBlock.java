package ml.regard.kernel;

import java.io.Serializable;

/**
 * Up to {@link PackedKeys#BLOCK_SIZE} consecutive keys, as the loops read them: features {@code
 * [size x dim]} row-major, values {@code [size]}, weights {@code [size]} with their logarithms.
 *
 * <p>Position {@code firstPosition + j} is the canonical position of the block's key j. The arrays
 * are shared with the loops and never written after construction.
 */
final class KeyBlock implements Serializable {
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

  int size() {
    return values.length;
  }

  /** The part of {@link PackedKeys#contentHash} that is this block's. */
  long contentHash() {
    long sum = 0;
    for (int j = 0; j < size(); j++) {
      long hash = Hash.mix(firstPosition + (long) j);
      for (int f = 0; f < dim; f++) {
        hash = Hash.mix(hash ^ Double.doubleToLongBits(features[j * dim + f]));
      }
      hash = Hash.mix(hash ^ Double.doubleToLongBits(values[j]));
      sum += Hash.mix(hash ^ Double.doubleToLongBits(weights[j]));
    }
    return sum;
  }
}
