package ml.regard.kernel;

/** What the pairs of a prediction are computed in. */
public enum Precision {
  /** Double precision throughout. */
  FLOAT64,
  /**
   * Single precision for distances, exponentials and sums over 64 keys, double precision for all
   * that is added up of them. A pooled value is off by at most {@link #FLOAT32_ERROR} times the
   * range of the values.
   */
  FLOAT32;

  /** The least S0 in single precision that is believed, relative to the largest weight. */
  static final double FLOAT32_NEAR = 0x1p-24;

  /**
   * The largest error of a pooled value in single precision, as a share of the range of the values.
   *
   * <p>A query counts as near when its S0 is 2^-24 of the largest weight or more, so that keys
   * within x = 4.9 matter; in a tile at most 16 wide, coordinates are then off by 2^-24 (2 16 +
   * 4.9) and squares of distances by 2 x times that, 2.2e-5, which is 1.6e-5 of e; the sum over 64
   * keys adds 64 2^-24 = 4e-6 to either sum. What is farther, or wider, is left to double
   * precision.
   */
  public static final double FLOAT32_ERROR = 5e-5;
}
