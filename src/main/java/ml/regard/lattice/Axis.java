package ml.regard.lattice;

import java.io.Serializable;

/**
 * The nodes of one feature: node i is at origin + (first + i) step, and every point of the box
 * [lower, upper] has its whole stencil among them.
 *
 * <p>The place of a point in its cell is exact up to one rounding, however many cells away from 0
 * it is: x - origin is exact, as the origin is 0 unless all points are within a factor of two of it
 * (Sterbenz), and the rest is one fused multiply-add.
 *
 * <p>A feature of inverse width 0 has all points on one node. Immutable.
 */
final class Axis implements Serializable {
  private static final long serialVersionUID = 1;

  /** Steps from here on put all points of any feature into one place. */
  private static final double ENDLESS = 1e200;

  final double lower;
  final double upper;
  final double origin;
  final double step;
  final double inverseStep;

  /** A whole number, of magnitude below 2^31. */
  final double first;

  /** The number of nodes as a double: there may be more than an int can count. */
  final double count;

  Axis(double lower, double upper, double inverseWidth, Spacing spacing) {
    this.lower = lower;
    this.upper = upper;
    double largest = Math.max(Math.abs(lower), Math.abs(upper));
    origin = largest > 8 * (upper - lower) ? lower : 0;
    double width = spacing.spacing() / Math.abs(inverseWidth);
    boolean flat = !(width < ENDLESS);
    step = flat ? 1 : width;
    inverseStep = flat ? 0 : 1 / width;
    // One node more on either side, as a product may round across a whole number.
    int half = spacing.order() / 2;
    first = cell(lower) - half;
    count = cell(upper) + half + 2 - first;
  }

  boolean contains(double x) {
    return x >= lower && x <= upper;
  }

  /** The cell of a point, a whole number. */
  double cell(double x) {
    return Math.floor((x - origin) * inverseStep);
  }

  /** The place of a point in its cell, from 0 to 1. */
  double place(double x, double cell) {
    return Math.fma(-cell, step, x - origin) * inverseStep;
  }
}
