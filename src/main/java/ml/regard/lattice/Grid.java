package ml.regard.lattice;

import java.io.Serializable;
import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;

/**
 * The nodes that a spacing gives a box, and what they cost. A grid is sparse when all its tiles
 * exceed the budget, and it has three features; then it has as many tiles as the budget has room
 * for. {@link LatticePlan} has the formulas. Immutable.
 */
final class Grid implements Serializable {
  private static final long serialVersionUID = 1;

  /** Features of a sparse grid. With fewer, boxes that are too large are nearly always an error. */
  private static final int SPARSE = 3;

  final Spacing spacing;
  final Axis[] axes;
  final Tiling tiling;
  final boolean sparse;

  /** As a double: there may be more than an int can count. */
  final double mostTiles;

  /** Numbers over all tiles of the box. */
  final double numbers;

  /** Multiplications. */
  final double cost;

  private final int numbersPerNode;

  Grid(
      Spacing spacing,
      double[][] box,
      double[] inverseWidths,
      Moments moments,
      long sites,
      long queries,
      long budget) {
    this.spacing = spacing;
    axes = new Axis[box[0].length];
    for (int f = 0; f < axes.length; f++) {
      double w = inverseWidths[inverseWidths.length == 1 ? 0 : f];
      axes[f] = new Axis(box[0][f], box[1][f], w, spacing);
    }
    tiling = new Tiling(axes);
    NodeKernels kernels = spacing.kernels();
    numbersPerNode = moments.columns + moments.width + axes.length - 1;
    numbers = tiling.size() * Tiling.NODES * numbersPerNode;
    sparse = !(numbers <= budget && tiling.addressable()) && axes.length == SPARSE;
    mostTiles = sparse ? budget / Tiling.NODES / numbersPerNode : tiling.size();
    double lengths =
        2.0 * moments.convolutions() * kernels.narrow[0].length
            + 3.0 * moments.dim * kernels.broad.length;
    double stencil = StrictMath.pow(spacing.order(), moments.dim);
    cost =
        ((double) moments.columns * sites + (double) moments.numNumbers * queries) * stencil
            + mostTiles * Tiling.NODES * lengths;
  }

  /** Whether it is within the budget. */
  boolean fits(long budget) {
    return tiling.addressable() && mostTiles >= 1 && (sparse || numbers <= budget);
  }

  double bytes() {
    return 8.0 * mostTiles * Tiling.NODES * numbersPerNode;
  }

  boolean same(Grid other) {
    boolean same = spacing == other.spacing && axes.length == other.axes.length;
    for (int f = 0; same && f < axes.length; f++) {
      same = axes[f].lower == other.axes[f].lower && axes[f].upper == other.axes[f].upper;
    }
    return same;
  }

  /** What it is, in words. */
  @Override
  public String toString() {
    String counts =
        Arrays.stream(axes)
            .map(axis -> Long.toString((long) axis.count))
            .collect(Collectors.joining(" x "));
    String some =
        sparse ? " in at most %d of %.0f tiles".formatted((long) mostTiles, tiling.size()) : "";
    return "a lattice of %s nodes%s, %s of a width apart, order %d: %s MB, %s multiplications"
        .formatted(
            counts,
            some,
            number(spacing.spacing()),
            spacing.order(),
            number(1e-6 * bytes()),
            number(cost));
  }

  /** A number with three digits. */
  static String number(double x) {
    return String.format(Locale.ROOT, "%.3g", x);
  }
}
