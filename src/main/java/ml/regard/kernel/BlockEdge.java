package ml.regard.kernel;

import java.io.Serializable;
import java.util.Arrays;

/**
 * The first or the last site of a block, which may go on in the block before or behind. Immutable.
 */
final class BlockEdge implements Serializable {
  private static final long serialVersionUID = 1;

  /** The features of the site. */
  private final double[] features;

  /** How many of its keys are in the block, their weight, and mean and variance of their values. */
  private final int keys;

  private final double weight;
  private final double mean;
  private final double variance;

  /** The value of the block's outermost key, and whether its neighbour there equals it in all. */
  private final double value;

  private final boolean alike;

  BlockEdge(KeyBlock block, boolean last) {
    int site = last ? block.sites() - 1 : 0;
    int first = block.starts[site];
    int end = block.starts[site + 1];
    WeightedMean values = new WeightedMean();
    double sum = 0;
    for (int j = first; j < end; j++) {
      values.add(block.weights[j], block.values[j]);
      sum += block.weights[j];
    }
    WeightedMean squares = new WeightedMean();
    for (int j = first; j < end; j++) {
      double shift = block.values[j] - values.value();
      squares.add(block.weights[j], shift * shift);
    }
    int outermost = last ? end - 1 : first;
    int inner = last ? outermost - 1 : outermost + 1;
    features = block.key(first);
    keys = end - first;
    weight = sum;
    mean = values.value();
    variance = squares.value();
    value = block.values[outermost];
    alike = keys > 1 && block.values[outermost] == block.values[inner];
  }

  int keys() {
    return keys;
  }

  boolean sameSite(BlockEdge other) {
    return Arrays.equals(features, other.features);
  }

  boolean sameValue(BlockEdge other) {
    return value == other.value;
  }

  /** Whether the outermost key has a twin in its own block. */
  boolean hasTwin(boolean equal) {
    return equal ? alike : keys > 1;
  }

  /** Adds sum c, sum c (v - centre) and sum c (v - centre)^2 over its keys. */
  void addSums(double centre, double[] sums, int at) {
    double shift = mean - centre;
    sums[at] += weight;
    sums[at + 1] += weight * shift;
    sums[at + 2] += weight * (variance + shift * shift);
  }
}
