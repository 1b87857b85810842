package ml.regard.lattice;

/**
 * How far apart nodes are, in widths, and how many of them on each axis a point is spread to: the
 * pairs to choose from, with the error A of one axis ({@link Envelope#error}), rounded up, and the
 * reach at which kernels are cut,
 *
 * <pre>
 *   R = 2 sqrt(log(10 / A)),    so that what is cut is below A / 10 exp(-x^2 / 4)
 * </pre>
 *
 * <p>The other constants are computed when they are first asked for, in some ten milliseconds.
 */
enum Spacing {
  HALF_6(0.5, 6, 3.9e-3),
  TWO_FIFTHS_6(0.4, 6, 9.4e-4),
  TWO_FIFTHS_8(0.4, 8, 2.7e-4),
  THIRD_8(1.0 / 3, 8, 5.9e-5),
  THREE_TENTHS_8(0.3, 8, 2.4e-5),
  QUARTER_8(0.25, 8, 5.5e-6),
  THREE_TENTHS_10(0.3, 10, 5.1e-6),
  THREE_TENTHS_12(0.3, 12, 1.4e-6),
  QUARTER_10(0.25, 10, 7.7e-7),
  QUARTER_12(0.25, 12, 1.4e-7),
  FIFTH_10(0.2, 10, 7.8e-8),
  QUARTER_14(0.25, 14, 2.9e-8),
  FIFTH_12(0.2, 12, 8.5e-9),
  FIFTH_14(0.2, 14, 1.2e-9),
  SIXTH_12(1.0 / 6, 12, 9.2e-10),
  FIFTH_16(0.2, 16, 1.8e-10),
  SIXTH_14(1.0 / 6, 14, 8.2e-11),
  SIXTH_16(1.0 / 6, 16, 8.7e-12);

  private final double spacing;
  private final int order;
  private final double error;
  private volatile Envelope envelope;

  Spacing(double spacing, int order, double error) {
    this.spacing = spacing;
    this.order = order;
    this.error = error;
  }

  /**
   * The one of this spacing and order.
   *
   * @throws IllegalArgumentException if there is none
   */
  static Spacing of(double spacing, double order) {
    for (Spacing one : values()) {
      if (one.spacing == spacing && one.order == order) {
        return one;
      }
    }
    throw new IllegalArgumentException(
        "there is no spacing of %s widths and order %s".formatted(spacing, order));
  }

  double spacing() {
    return spacing;
  }

  int order() {
    return order;
  }

  double error() {
    return error;
  }

  double reach() {
    return 2 * Math.sqrt(StrictMath.log(10 / error));
  }

  NodeKernels kernels() {
    return new NodeKernels(this);
  }

  Envelope envelope() {
    Envelope known = envelope;
    if (known == null) {
      known = new Envelope(this);
      envelope = known;
    }
    return known;
  }
}
