package ml.regard.kernel;

/** Hashes of 64 bits that spread any change of their arguments over all bits. */
public final class Hash {
  private Hash() {}

  /** The finaliser of SplitMix64 (Steele, Lea and Flood, OOPSLA 2014). */
  public static long mix(long z) {
    z += 0x9e3779b97f4a7c15L;
    z = (z ^ (z >>> 30)) * 0xbf58476d1ce4e5b9L;
    z = (z ^ (z >>> 27)) * 0x94d049bb133111ebL;
    return z ^ (z >>> 31);
  }

  /** A hash of a row by all that is in it. */
  public static long row(long seed, double[] features, double value, double weight, String id) {
    return row(seed, features, 0, features.length, value, weight, id);
  }

  /** The same of a row whose features are those from an index to before another. */
  static long row(
      long seed, double[] features, int from, int to, double value, double weight, String id) {
    long hash = mix(seed);
    for (int f = from; f < to; f++) {
      hash = mix(hash ^ Double.doubleToLongBits(features[f]));
    }
    hash = mix(hash ^ Double.doubleToLongBits(value));
    return KeyIds.mix(mix(hash ^ Double.doubleToLongBits(weight)), id);
  }
}
