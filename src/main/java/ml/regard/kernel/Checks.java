package ml.regard.kernel;

/**
 * The checks that the doors of this package share; each throws one sentence with the value given.
 */
public final class Checks {
  /**
   * The largest magnitude of a feature, value or weight: its square, summed over 1e7 keys, is still
   * finite.
   */
  public static final double MAX_MAGNITUDE = 1e150;

  private Checks() {}

  /** Whether x is finite and at most {@link #MAX_MAGNITUDE} in magnitude. */
  public static boolean usable(double x) {
    return Math.abs(x) <= MAX_MAGNITUDE; // false for NaN
  }

  /** Whether a width is positive and finite, and its inverse {@link #usable}. */
  public static boolean usableWidth(double width) {
    return width > 0 && width < Double.POSITIVE_INFINITY && usable(1 / width);
  }

  /**
   * The inverse 1 / h of a width (bandwidth) h as the user gives it.
   *
   * @throws IllegalArgumentException unless it is {@link #usableWidth}
   */
  public static double inverseOfWidth(double width) {
    if (!usableWidth(width)) {
      throw new IllegalArgumentException(
          "width must be positive, finite and at least %s, but was %s"
              .formatted(1 / MAX_MAGNITUDE, width));
    }
    return 1 / width;
  }

  static void requireUsable(String what, double x) {
    if (!usable(x)) {
      throw new IllegalArgumentException(
          "%s must be finite and at most %s in magnitude, but was %s"
              .formatted(what, MAX_MAGNITUDE, x));
    }
  }

  static double[] inverseWidths(double[] inverseWidths, int dim) {
    if (inverseWidths.length != 1 && inverseWidths.length != dim) {
      throw new IllegalArgumentException(
          "inverse widths must be one or one per feature (%d), but were %d"
              .formatted(dim, inverseWidths.length));
    }
    for (double w : inverseWidths) {
      if (!usable(w)) {
        throw new IllegalArgumentException(
            "inverse width must be finite and at most %s in magnitude, but was %s"
                .formatted(MAX_MAGNITUDE, w));
      }
    }
    return inverseWidths;
  }

  static void length(String what, long expected, long actual) {
    if (expected != actual) {
      throw new IllegalArgumentException(
          "%s must have length %d, but has %d".formatted(what, expected, actual));
    }
  }

  static int positive(String what, int value) {
    if (value < 1) {
      throw new IllegalArgumentException(what + " must be at least 1, but was " + value);
    }
    return value;
  }
}
