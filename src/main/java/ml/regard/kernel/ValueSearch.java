package ml.regard.kernel;

import java.util.Arrays;

/**
 * The search for the smallest value at which the weight of it and of all values below reaches a
 * target; see {@link ValueQuantiles}. {@link #add} all keys, then {@link #narrow}, while it {@link
 * #isOpen}.
 *
 * <p>The value sought is always between {@code least} and {@code largest}, both of which are values
 * of keys once it was narrowed. Each time they are in different bins, so it ends.
 */
final class ValueSearch {
  private static final int BINS = 128;
  private static final int EQUALLY_WIDE = 2;

  private final double target;
  private double least;
  private double largest;

  /** The weight of all values below the least. */
  private double below;

  private int narrowed;
  private final double[] weights = new double[BINS];
  private final double[] leasts = new double[BINS];
  private final double[] largests = new double[BINS];

  ValueSearch(double target, double least, double largest) {
    this.target = target;
    this.least = least;
    this.largest = largest;
    clear();
  }

  /** Whether more than one value may be the one. */
  boolean isOpen() {
    return least < largest;
  }

  /** The value that was found. */
  double value() {
    return least;
  }

  /** Whether a block may hold a value between the least and the largest. */
  boolean looksInto(BlockSummary block) {
    return block.least <= largest && least <= block.largest;
  }

  /** Adds a key. */
  void add(double value, double weight) {
    if (weight > 0 && value >= least && value <= largest) {
      int bin = bin(value);
      weights[bin] += weight;
      leasts[bin] = Math.min(leasts[bin], value);
      largests[bin] = Math.max(largests[bin], value);
    }
  }

  /** The bin of a value, which never falls while values rise. */
  private int bin(double value) {
    if (narrowed < EQUALLY_WIDE) {
      return (int) Math.min((value - least) * (BINS / (largest - least)), BINS - 1);
    }
    long width = Long.divideUnsigned(rank(largest) - rank(least), BINS) + 1;
    return (int) Long.divideUnsigned(rank(value) - rank(least), width);
  }

  /** How many floating-point numbers there are from 0 to a value, with its sign. */
  private static long rank(double value) {
    long bits = Double.doubleToLongBits(value);
    return bits < 0 ? Long.MIN_VALUE - bits : bits;
  }

  /** Goes on between the least and the largest value of the bin in which the target is reached. */
  void narrow() {
    int chosen = 0;
    double before = below;
    for (int bin = 0; bin < BINS; bin++) {
      if (weights[bin] > 0 && (before < target || weights[chosen] == 0)) {
        chosen = bin;
        below = before;
      }
      before += weights[bin];
    }
    least = leasts[chosen];
    largest = largests[chosen];
    narrowed++;
    clear();
  }

  private void clear() {
    Arrays.fill(weights, 0);
    Arrays.fill(leasts, Double.POSITIVE_INFINITY);
    Arrays.fill(largests, Double.NEGATIVE_INFINITY);
  }
}
