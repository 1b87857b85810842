package ml.regard.kernel;

/** A hash of 64 bits that spreads any change of its argument over all bits. */
public final class Hash {
  private Hash() {}

  /** The finaliser of SplitMix64 (Steele, Lea and Flood, OOPSLA 2014). */
  public static long mix(long z) {
    z += 0x9e3779b97f4a7c15L;
    z = (z ^ (z >>> 30)) * 0xbf58476d1ce4e5b9L;
    z = (z ^ (z >>> 27)) * 0x94d049bb133111ebL;
    return z ^ (z >>> 31);
  }
}
