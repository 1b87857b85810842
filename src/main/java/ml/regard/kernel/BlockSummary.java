package ml.regard.kernel;

import java.io.Serializable;
import java.util.Arrays;
import java.util.List;

/**
 * What is known of a block of keys without reading it: where its keys are, in space and in the
 * canonical order, and what their weights and values come to.
 *
 * <p>Memory: 16 d + 120 bytes. Immutable.
 */
public final class BlockSummary implements Serializable {
  private static final long serialVersionUID = 1;

  final int firstPosition;
  final int size;
  final int sites;

  /** The bounding box of the features, {@code [dim]} each. */
  final double[] lower;

  final double[] upper;

  /** The largest logarithm (base 2) of a site's weight, and the logarithm of the weight of all. */
  final double maxLogWeight;

  final double totalLogWeight;

  /** Weight, weighted mean and variance of the values, and their range. */
  private final double weight;

  private final double mean;
  private final double variance;
  private final double least;
  private final double largest;

  private final long contentHash;

  BlockSummary(KeyBlock block) {
    firstPosition = block.firstPosition;
    size = block.size();
    sites = block.sites();
    lower = new double[block.dim];
    upper = new double[block.dim];
    Arrays.fill(lower, Double.POSITIVE_INFINITY);
    Arrays.fill(upper, Double.NEGATIVE_INFINITY);
    for (int i = 0; i < block.features.length; i++) {
      int f = i % block.dim;
      lower[f] = Math.min(lower[f], block.features[i]);
      upper[f] = Math.max(upper[f], block.features[i]);
    }
    maxLogWeight = Arrays.stream(block.logWeights).max().orElse(Double.NEGATIVE_INFINITY);
    WeightedMean values = new WeightedMean();
    double total = 0;
    double from = Double.POSITIVE_INFINITY;
    double to = Double.NEGATIVE_INFINITY;
    for (int j = 0; j < size; j++) {
      total += block.weights[j];
      values.add(block.weights[j], block.values[j]);
      from = Math.min(from, block.values[j]);
      to = Math.max(to, block.values[j]);
    }
    weight = total;
    totalLogWeight = Exp2.log2(total);
    mean = values.value();
    least = from;
    largest = to;
    WeightedMean squares = new WeightedMean();
    for (int j = 0; j < size; j++) {
      double value = block.values[j] - mean;
      squares.add(block.weights[j], value * value);
    }
    variance = squares.value();
    contentHash = block.contentHash();
  }

  /** The position of its first key. */
  public int firstPosition() {
    return firstPosition;
  }

  /** Number of keys. */
  public int size() {
    return size;
  }

  /** Number of sites, runs of keys with equal features. */
  public int sites() {
    return sites;
  }

  /** The smallest value of feature f. */
  public double lowest(int f) {
    return lower[f];
  }

  /** The largest value of feature f. */
  public double highest(int f) {
    return upper[f];
  }

  /** See {@link KeyBlock#contentHash}. */
  public long contentHash() {
    return contentHash;
  }

  /** The position behind its last key. */
  public int endPosition() {
    return firstPosition + size;
  }

  /**
   * The logarithm of at least the weight of its keys without some that are left out, which lie in
   * the block if one of them does: that of nothing where rounding could matter.
   *
   * @param without the weight of those left out
   */
  double logWeightWithout(double without) {
    double rest = weight - without;
    return rest > 1e-6 * weight ? Exp2.log2(rest * (1 - 1e-9)) : Double.NEGATIVE_INFINITY;
  }

  /** The weighted mean of the values of all blocks, NaN of none. */
  public static double valueCentre(List<BlockSummary> blocks) {
    WeightedMean mean = new WeightedMean();
    for (BlockSummary block : blocks) {
      mean.add(block.weight, block.mean);
    }
    return mean.value();
  }

  /**
   * The standard deviation of the values of all blocks as a share of their range; 0 without one.
   */
  static double valueShare(List<BlockSummary> blocks) {
    double centre = valueCentre(blocks);
    double from = Double.POSITIVE_INFINITY;
    double to = Double.NEGATIVE_INFINITY;
    WeightedMean squares = new WeightedMean();
    for (BlockSummary block : blocks) {
      double shift = block.mean - centre;
      squares.add(block.weight, block.variance + shift * shift);
      from = Math.min(from, block.least);
      to = Math.max(to, block.largest);
    }
    return to > from ? Math.sqrt(squares.value()) / (to - from) : 0;
  }
}
