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

  /** With more features than these all is double. */
  static final int FLOAT32_FEATURES = 64;

  /**
   * The largest error of a pooled value in single precision, as a share of the range of the values.
   *
   * <p>A query counts as near when its S0 is 2^-24 of the largest weight that it met or more, so
   * that keys within x = 4.9 matter. In a tile within 16 of its middle site, coordinates are then
   * off by 2^-24 (2 16 + 4.9) and squares of distances by 2 x times that, 2.2e-5. Rounding adds 4
   * 2^-24 24 for the differences and for the logarithm of the weight, and 2^-24 24 for each of d
   * features that are added up: 2.8e-5 + 1.5e-6 d in all. An e is off by log 2 times that, relative
   * to itself, and the pooled value by half as much, since values are no more than half their range
   * from their mean, on the mean. The sum over 64 keys adds 64 2^-24 = 4e-6. With 64 features this
   * is 4.7e-5. What is farther, wider or has more features is left to double precision.
   */
  public static final double FLOAT32_ERROR = 5e-5;
}
