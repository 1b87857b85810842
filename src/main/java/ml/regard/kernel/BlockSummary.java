package ml.regard.kernel;

import java.io.Serializable;
import java.util.Arrays;
import java.util.List;
import java.util.function.IntPredicate;

/**
 * What is known of a block of keys without reading it: where its keys are, in space and in the
 * canonical order, and what their weights and values come to.
 *
 * <p>Memory: 32 d + 300 bytes. Immutable.
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

  /** The logarithm of the smallest weight of a key. */
  final double leastLogWeight;

  /** Weight, weighted mean and variance of the values, and their range. */
  private final double weight;

  private final double mean;
  private final double variance;
  final double least;
  final double largest;

  private final long contentHash;

  /** Its first and its last site; null without keys. */
  private final BlockEdge first;

  private final BlockEdge last;

  /** Keys that share their features with another key of the block, and their value too. */
  private final int tied;

  private final int alike;

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
    double lightest = Double.POSITIVE_INFINITY;
    for (int j = 0; j < size; j++) {
      lightest = Math.min(lightest, block.weights[j]);
      total += block.weights[j];
      values.add(block.weights[j], block.values[j]);
      from = Math.min(from, block.values[j]);
      to = Math.max(to, block.values[j]);
    }
    weight = total;
    totalLogWeight = Exp2.log2(total);
    leastLogWeight = Exp2.log2(lightest);
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
    first = size == 0 ? null : new BlockEdge(block, false);
    last = size == 0 ? null : new BlockEdge(block, true);
    int several = 0;
    int same = 0;
    for (int s = 0; s < sites; s++) {
      int keys = block.starts[s + 1] - block.starts[s];
      several += keys > 1 ? keys : 0;
      for (int j = block.starts[s]; j < block.starts[s + 1]; j++) {
        boolean before = j > block.starts[s] && block.values[j] == block.values[j - 1];
        boolean after = j < block.starts[s + 1] - 1 && block.values[j] == block.values[j + 1];
        same += before || after ? 1 : 0;
      }
    }
    tied = several;
    alike = same;
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

  /**
   * How many keys have the features of another key, of whatever block, where all are of one fold.
   *
   * @param equal whether their values must be equal too
   * @param parts whether the key at a position has nothing to do with the one before
   */
  static long tiedKeys(List<BlockSummary> blocks, boolean equal, IntPredicate parts) {
    long count = 0;
    for (int b = 0; b < blocks.size(); b++) {
      BlockSummary block = blocks.get(b);
      count += equal ? block.alike : block.tied;
      if (b > 0) {
        BlockEdge end = blocks.get(b - 1).last;
        BlockEdge begin = block.first;
        boolean met = end.sameSite(begin) && (!equal || end.sameValue(begin));
        met &= !parts.test(block.firstPosition);
        // An outermost key without a twin in its own block has one beyond the edge.
        count += met && !end.hasTwin(equal) ? 1 : 0;
        count += met && !begin.hasTwin(equal) ? 1 : 0;
      }
    }
    return count;
  }

  /**
   * The keys with the features of one site of a block, of whatever block: the position of the first
   * and that behind the last, and what lies beyond the block is added to some sums.
   *
   * @param sums sum c, sum c (v - centre) and sum c (v - centre)^2, from an index on
   */
  static int[] ties(List<BlockSummary> blocks, KeyBlock block, int site, double[] sums, int at) {
    int number = block.firstPosition / PackedKeys.BLOCK_SIZE;
    int from = block.firstPosition + block.starts[site];
    int to = block.firstPosition + block.starts[site + 1];
    for (int b = number; site == 0 && b > 0; b--) {
      BlockEdge before = blocks.get(b - 1).last;
      if (!before.sameSite(blocks.get(b).first)) {
        break;
      }
      before.addSums(block.valueCentre, sums, at);
      from -= before.keys();
      if (blocks.get(b - 1).sites > 1) {
        break;
      }
    }
    for (int b = number; site == block.sites() - 1 && b < blocks.size() - 1; b++) {
      BlockEdge behind = blocks.get(b + 1).first;
      if (!behind.sameSite(blocks.get(b).last)) {
        break;
      }
      behind.addSums(block.valueCentre, sums, at);
      to += behind.keys();
      if (blocks.get(b + 1).sites > 1) {
        break;
      }
    }
    return new int[] {from, to};
  }

  /** The weighted mean of the values of all blocks, NaN of none. */
  public static double valueCentre(List<BlockSummary> blocks) {
    WeightedMean mean = new WeightedMean();
    for (BlockSummary block : blocks) {
      mean.add(block.weight, block.mean);
    }
    return mean.value();
  }

  /** The standard deviation of the values of all blocks, NaN of none. */
  static double valueDeviation(List<BlockSummary> blocks) {
    double centre = valueCentre(blocks);
    WeightedMean squares = new WeightedMean();
    for (BlockSummary block : blocks) {
      double shift = block.mean - centre;
      squares.add(block.weight, block.variance + shift * shift);
    }
    return Math.sqrt(squares.value());
  }

  /** The same as a share of the range of the values; 0 without one. */
  static double valueShare(List<BlockSummary> blocks) {
    double[] range = valueRange(blocks);
    return range[1] > range[0] ? valueDeviation(blocks) / (range[1] - range[0]) : 0;
  }

  /** The least and the largest value of all blocks; infinity and -infinity of none. */
  static double[] valueRange(List<BlockSummary> blocks) {
    double from = Double.POSITIVE_INFINITY;
    double to = Double.NEGATIVE_INFINITY;
    for (BlockSummary block : blocks) {
      from = Math.min(from, block.least);
      to = Math.max(to, block.largest);
    }
    return new double[] {from, to};
  }

  /** The least and the largest of a feature over all blocks; infinity and -infinity of none. */
  public static double[] featureRange(List<BlockSummary> blocks, int feature) {
    double from = Double.POSITIVE_INFINITY;
    double to = Double.NEGATIVE_INFINITY;
    for (BlockSummary block : blocks) {
      from = Math.min(from, block.lower[feature]);
      to = Math.max(to, block.upper[feature]);
    }
    return new double[] {from, to};
  }
}
