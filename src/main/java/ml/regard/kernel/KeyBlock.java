package ml.regard.kernel;

import java.io.Serializable;
import java.util.Arrays;
import java.util.BitSet;

/**
 * Up to {@link PackedKeys#BLOCK_SIZE} consecutive keys, as the loops read them.
 *
 * <p>Neighbours with equal features, of one fold, are one <em>site</em>, which costs a query one
 * exponential whatever the number of its keys. The sums over its keys are exact sums over sites:
 *
 * <pre>
 *   C = sum c_j     V = sum c_j (v_j - centre) / C     in S0 and S1: e = C 2^-d2, e V
 *   sum c_j^2 / C^2, sum c_j (v_j - centre)^2 / C      in S2 and Q: e^2 and e times these
 * </pre>
 *
 * <p>Shapes: values and weights of the keys {@code [size]}; features of the sites {@code [sites x
 * dim]} row-major, their values V and logarithms (base 2) of C {@code [sites]}, and the first key
 * of each {@code [sites + 1]}. Position {@code firstPosition + j} is the canonical position of the
 * block's key j. The arrays are shared with the loops and never written after construction. Memory:
 * 16 bytes a key and 8 d + 20 a site, and 16 d a block.
 */
public final class KeyBlock implements Serializable {
  private static final long serialVersionUID = 1;

  final int firstPosition;
  final int dim;
  final double valueCentre;
  final double[] values;
  final double[] weights;
  final int[] starts;
  final double[] features;
  final double[] siteValues;
  final double[] logWeights;

  /** Values beside the first, of each key {@code [others x size]} and each site. */
  final double[][] others;

  final double[][] otherSiteValues;

  /** The bounding box of the features, {@code [dim]} each. */
  final double[] lower;

  final double[] upper;

  /** The largest logarithm of a site's weight, and the logarithm of the weight of all. */
  final double maxLogWeight;

  final double totalLogWeight;

  /** Second moments of each site, formed when they are first asked for. */
  private transient volatile double[][] moments;

  /**
   * Keys with their features {@code [size x dim]}.
   *
   * @param cuts indices of keys with which a site begins though the features are those of the key
   *     before
   */
  KeyBlock(
      int firstPosition,
      int dim,
      double[] features,
      double[] values,
      double[] weights,
      double valueCentre,
      BitSet cuts) {
    this.firstPosition = firstPosition;
    this.dim = dim;
    this.valueCentre = valueCentre;
    this.values = values;
    this.weights = weights;
    this.starts = starts(dim, features, values.length, cuts);
    int sites = starts.length - 1;
    this.features = sites == values.length ? features : new double[sites * dim];
    this.siteValues = new double[sites];
    this.logWeights = new double[sites];
    this.lower = new double[dim];
    this.upper = new double[dim];
    Arrays.fill(lower, Double.POSITIVE_INFINITY);
    Arrays.fill(upper, Double.NEGATIVE_INFINITY);
    double max = Double.NEGATIVE_INFINITY;
    double total = 0;
    for (int s = 0; s < sites; s++) {
      System.arraycopy(features, starts[s] * dim, this.features, s * dim, dim);
      for (int f = 0; f < dim; f++) {
        lower[f] = Math.min(lower[f], this.features[s * dim + f]);
        upper[f] = Math.max(upper[f], this.features[s * dim + f]);
      }
      double weight = 0;
      for (int j = starts[s]; j < starts[s + 1]; j++) {
        weight += weights[j];
        siteValues[s] += (values[j] - valueCentre - siteValues[s]) * (weights[j] / weight);
      }
      logWeights[s] = Exp2.log2(weight);
      max = Math.max(max, logWeights[s]);
      total += weight;
    }
    this.maxLogWeight = max;
    this.totalLogWeight = Exp2.log2(total);
    this.others = new double[0][];
    this.otherSiteValues = new double[0][];
  }

  private KeyBlock(KeyBlock block, double[][] others) {
    this.firstPosition = block.firstPosition;
    this.dim = block.dim;
    this.valueCentre = block.valueCentre;
    this.values = block.values;
    this.weights = block.weights;
    this.starts = block.starts;
    this.features = block.features;
    this.siteValues = block.siteValues;
    this.logWeights = block.logWeights;
    this.lower = block.lower;
    this.upper = block.upper;
    this.maxLogWeight = block.maxLogWeight;
    this.totalLogWeight = block.totalLogWeight;
    this.others = others;
    this.otherSiteValues = new double[others.length][sites()];
    for (int v = 0; v < others.length; v++) {
      for (int s = 0; s < sites(); s++) {
        double weight = 0;
        double mean = 0;
        for (int j = starts[s]; j < starts[s + 1]; j++) {
          weight += weights[j];
          mean += (others[v][j] - mean) * (weights[j] / weight);
        }
        otherSiteValues[v][s] = mean;
      }
    }
  }

  /** The same keys with further values {@code [others x size]} beside the first. */
  KeyBlock with(double[][] further) {
    return new KeyBlock(this, further);
  }

  private static int[] starts(int dim, double[] features, int size, BitSet cuts) {
    int[] starts = new int[size + 1];
    int sites = 0;
    for (int j = 0; j < size; j++) {
      boolean same =
          j > 0
              && !cuts.get(j)
              && Arrays.equals(features, (j - 1) * dim, j * dim, features, j * dim, (j + 1) * dim);
      if (!same) {
        starts[sites++] = j;
      }
    }
    starts[sites] = size;
    return Arrays.copyOf(starts, sites + 1);
  }

  /**
   * A block of keys that were packed before and are read again; takes over the arrays.
   *
   * @param features {@code [size x dim]}
   * @param valueCentre the weighted mean of the values of all keys
   * @throws IllegalArgumentException if lengths do not agree, or a number is none that a packed key
   *     can have
   */
  public static KeyBlock of(
      int firstPosition,
      int dim,
      double[] features,
      double[] values,
      double[] weights,
      double valueCentre) {
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
    return new KeyBlock(firstPosition, dim, features, values, weights, valueCentre, new BitSet());
  }

  /** Number of keys in the block. */
  public int size() {
    return values.length;
  }

  /** Number of sites in the block. */
  int sites() {
    return siteValues.length;
  }

  /** Number of sites, runs of keys with equal features. */
  public int numSites() {
    return sites();
  }

  /**
   * Writes a row of site s: its features and, over its keys, sum c, sum c (v - centre) and sum c (v
   * - centre)^2.
   */
  public void readSite(int s, double[] row) {
    System.arraycopy(features, s * dim, row, 0, dim);
    Arrays.fill(row, dim, dim + 3, 0);
    for (int j = starts[s]; j < starts[s + 1]; j++) {
      double value = values[j] - valueCentre;
      row[dim] += weights[j];
      row[dim + 1] += weights[j] * value;
      row[dim + 2] += weights[j] * value * value;
    }
  }

  /** sum c^2 over the keys of site s. */
  public double squaredWeight(int s) {
    double sum = 0;
    for (int j = starts[s]; j < starts[s + 1]; j++) {
      sum += weights[j] * weights[j];
    }
    return sum;
  }

  /** The position of its first key. */
  public int firstPosition() {
    return firstPosition;
  }

  /** The position behind its last key. */
  int endPosition() {
    return firstPosition + values.length;
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
    int s = site(j);
    return Arrays.copyOfRange(features, s * dim, (s + 1) * dim);
  }

  /** The logarithm of the weight of all sites but those from first to end - 1. */
  double logWeightWithout(int first, int end) {
    double weight = 0;
    for (int j = 0; j < starts[first]; j++) {
      weight += weights[j];
    }
    for (int j = starts[end]; j < size(); j++) {
      weight += weights[j];
    }
    return Exp2.log2(weight);
  }

  double feature(int j, int f) {
    return features[site(j) * dim + f];
  }

  /** The site of key j of the block; for the number of keys it is the number of sites. */
  int site(int j) {
    if (sites() == size()) {
      return j;
    }
    int found = Arrays.binarySearch(starts, j);
    return found >= 0 ? found : -found - 2;
  }

  /** sum c^2 / C^2 of each site. */
  double[] squares() {
    return moments()[0];
  }

  /** sum c (v - centre)^2 / C of each site. */
  double[] valueSquares() {
    return moments()[1];
  }

  private double[][] moments() {
    double[][] formed = moments;
    if (formed == null) {
      formed = new double[2][sites()];
      for (int s = 0; s < sites(); s++) {
        double weight = 0;
        for (int j = starts[s]; j < starts[s + 1]; j++) {
          weight += weights[j];
        }
        for (int j = starts[s]; j < starts[s + 1]; j++) {
          double share = weights[j] / weight;
          double value = values[j] - valueCentre;
          formed[0][s] += share * share;
          formed[1][s] += share * value * value;
        }
      }
      moments = formed;
    }
    return formed;
  }

  /**
   * A hash of positions, features, values and weights to the last bit. The hash of all keys is the
   * sum over their blocks, in any order.
   */
  public long contentHash() {
    long sum = 0;
    for (int s = 0; s < sites(); s++) {
      for (int j = starts[s]; j < starts[s + 1]; j++) {
        long hash = Hash.mix(firstPosition + j);
        for (int f = 0; f < dim; f++) {
          hash = Hash.mix(hash ^ Double.doubleToLongBits(features[s * dim + f]));
        }
        hash = Hash.mix(hash ^ Double.doubleToLongBits(values[j]));
        sum += Hash.mix(hash ^ Double.doubleToLongBits(weights[j]));
      }
    }
    return sum;
  }
}
