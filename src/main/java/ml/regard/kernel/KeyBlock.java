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
 * 16 bytes a key and its id, 8 d + 20 a site, and a {@link BlockSummary}.
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

  /** What the user calls the keys, null in it for no id; null where none has one. */
  private final String[] ids;

  /** Values beside the first, of each key {@code [others x size]} and each site. */
  final double[][] others;

  final double[][] otherSiteValues;

  private final BlockSummary summary;

  /** Second moments of each site, formed when they are first asked for. */
  private transient volatile double[][] moments;

  private transient volatile double[][] otherSquares;

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
      String[] ids,
      double valueCentre,
      BitSet cuts) {
    this.firstPosition = firstPosition;
    this.dim = dim;
    this.valueCentre = valueCentre;
    this.values = values;
    this.weights = weights;
    this.ids = ids;
    this.starts = starts(dim, features, values.length, cuts);
    int sites = starts.length - 1;
    this.features = sites == values.length ? features : new double[sites * dim];
    this.siteValues = siteMeans(starts, values, weights, valueCentre);
    this.logWeights = new double[sites];
    for (int s = 0; s < sites; s++) {
      System.arraycopy(features, starts[s] * dim, this.features, s * dim, dim);
      logWeights[s] = Exp2.log2(weight(starts[s], starts[s + 1]));
    }
    this.others = new double[0][];
    this.otherSiteValues = new double[0][];
    this.summary = new BlockSummary(this);
  }

  private KeyBlock(KeyBlock block, double[][] others) {
    this.firstPosition = block.firstPosition;
    this.dim = block.dim;
    this.valueCentre = block.valueCentre;
    this.values = block.values;
    this.weights = block.weights;
    this.ids = block.ids;
    this.starts = block.starts;
    this.features = block.features;
    this.siteValues = block.siteValues;
    this.logWeights = block.logWeights;
    this.summary = block.summary;
    this.others = others;
    this.otherSiteValues =
        Arrays.stream(others)
            .map(further -> siteMeans(starts, further, weights, 0))
            .toArray(double[][]::new);
  }

  /** Keys with a further value in the place of the first, whose centre is 0. */
  private KeyBlock(KeyBlock block, int v) {
    this.firstPosition = block.firstPosition;
    this.dim = block.dim;
    this.valueCentre = 0;
    this.values = block.others[v];
    this.weights = block.weights;
    this.ids = block.ids;
    this.starts = block.starts;
    this.features = block.features;
    this.siteValues = block.otherSiteValues[v];
    this.logWeights = block.logWeights;
    this.others = new double[0][];
    this.otherSiteValues = new double[0][];
    this.summary = new BlockSummary(this);
  }

  /** The weighted mean of the centred values of each site. */
  private static double[] siteMeans(
      int[] starts, double[] values, double[] weights, double centre) {
    double[] means = new double[starts.length - 1];
    for (int s = 0; s < means.length; s++) {
      double weight = 0;
      for (int j = starts[s]; j < starts[s + 1]; j++) {
        weight += weights[j];
        means[s] += (values[j] - centre - means[s]) * (weights[j] / weight);
      }
    }
    return means;
  }

  /** The same keys with further values {@code [others x size]} beside the first. */
  public KeyBlock with(double[][] further) {
    return new KeyBlock(this, further);
  }

  /**
   * The same keys with the further value v as their only one, which is not centred: what is to be
   * known of a further value as well as of the first, the bounds of a lattice among it.
   */
  public KeyBlock further(int v) {
    return new KeyBlock(this, v);
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

  /** The same without ids. */
  public static KeyBlock of(
      int firstPosition,
      int dim,
      double[] features,
      double[] values,
      double[] weights,
      double valueCentre) {
    return of(firstPosition, dim, features, values, weights, null, valueCentre);
  }

  /**
   * A block of keys that were packed before and are read again; takes over the arrays.
   *
   * @param features {@code [size x dim]}
   * @param ids {@code [size]}, null in it for no id; null where none has one
   * @param valueCentre the weighted mean of the values of all keys
   * @throws IllegalArgumentException if there are too many, lengths do not agree, or a number is
   *     none that a packed key can have
   */
  public static KeyBlock of(
      int firstPosition,
      int dim,
      double[] features,
      double[] values,
      double[] weights,
      String[] ids,
      double valueCentre) {
    if (values.length > PackedKeys.BLOCK_SIZE) {
      throw new IllegalArgumentException(
          "a block must have at most %d keys, but has %d"
              .formatted(PackedKeys.BLOCK_SIZE, values.length));
    }
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
    return new KeyBlock(
        firstPosition, dim, features, values, weights, ids, valueCentre, new BitSet());
  }

  /** Number of features d. */
  public int dim() {
    return dim;
  }

  /** Number of keys in the block. */
  public int size() {
    return values.length;
  }

  /** Number of sites, runs of keys with equal features. */
  public int sites() {
    return siteValues.length;
  }

  /** What is known of the block without reading it. */
  public BlockSummary summary() {
    return summary;
  }

  /**
   * Writes a row of site s: its features and, over its keys, sum c, sum c (v - centre) and sum c (v
   * - centre)^2.
   */
  public void readSite(int s, double[] row) {
    System.arraycopy(features, s * dim, row, 0, dim);
    Arrays.fill(row, dim, dim + 3, 0);
    addSums(starts[s], starts[s + 1], row, dim);
  }

  /** Adds sum c, sum c (v - centre) and sum c (v - centre)^2 over the keys from to to - 1. */
  void addSums(int from, int to, double[] sums, int at) {
    for (int j = from; j < to; j++) {
      double value = values[j] - valueCentre;
      sums[at] += weights[j];
      sums[at + 1] += weights[j] * value;
      sums[at + 2] += weights[j] * value * value;
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

  /** What the user calls key j of the block; null where that is not known. */
  public String id(int j) {
    return ids == null ? null : ids[j];
  }

  /** The features of key j of the block, a copy {@code [dim]}. */
  public double[] key(int j) {
    int s = site(j);
    return Arrays.copyOfRange(features, s * dim, (s + 1) * dim);
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

  /** The logarithm (base 2) of the share of each key in the weight of its site. */
  double[] logShares() {
    double[] shares = new double[size()];
    for (int s = 0; s < sites(); s++) {
      for (int j = starts[s]; j < starts[s + 1]; j++) {
        shares[j] = Exp2.log2(weights[j]) - logWeights[s];
      }
    }
    return shares;
  }

  /** sum c^2 / C^2 of each site. */
  double[] squares() {
    return moments()[0];
  }

  /** sum c (v - centre)^2 / C of each site. */
  double[] valueSquares() {
    return moments()[1];
  }

  /** sum c^2 u / C^2 of each further value u and each site. */
  double[][] otherSquares() {
    double[][] formed = otherSquares;
    if (formed == null) {
      formed = new double[others.length][sites()];
      for (int s = 0; s < sites(); s++) {
        double weight = weight(starts[s], starts[s + 1]);
        for (int j = starts[s]; j < starts[s + 1]; j++) {
          double share = weights[j] / weight;
          for (int v = 0; v < others.length; v++) {
            formed[v][s] += share * share * others[v][j];
          }
        }
      }
      otherSquares = formed;
    }
    return formed;
  }

  private double weight(int from, int to) {
    double weight = 0;
    for (int j = from; j < to; j++) {
      weight += weights[j];
    }
    return weight;
  }

  private double[][] moments() {
    double[][] formed = moments;
    if (formed == null) {
      formed = new double[2][sites()];
      for (int s = 0; s < sites(); s++) {
        double weight = weight(starts[s], starts[s + 1]);
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
   * A hash of positions, features, values and weights to the last bit, and of ids. The hash of all
   * keys is the sum over their blocks, in any order.
   */
  public long contentHash() {
    long sum = 0;
    for (int s = 0; s < sites(); s++) {
      for (int j = starts[s]; j < starts[s + 1]; j++) {
        int from = s * dim;
        sum +=
            Hash.row(firstPosition + j, features, from, from + dim, values[j], weights[j], id(j));
      }
    }
    return sum;
  }
}
