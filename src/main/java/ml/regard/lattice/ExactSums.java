package ml.regard.lattice;

import java.io.Serializable;
import java.util.Arrays;
import java.util.Comparator;
import java.util.stream.IntStream;

/**
 * The sums of queries over the sites outside of the box, term by term.
 *
 * <p>Sites lie in groups: first by the sides of the box beyond which they are, then by their
 * features. A group whose bounding box is more than {@link #REACH} widths away, and so a site, is
 * left out: each of its terms is below {@link #LEFT_OUT} times its weight. Immutable.
 */
final class ExactSums implements Serializable {
  private static final long serialVersionUID = 1;

  private static final int GROUP = 64;

  /** 144 / 2 = 72, and 144^2 exp(-72) is below {@link #LEFT_OUT}. */
  private static final double REACH = 12;

  static final double LEFT_OUT = 1e-26;

  private final int dim;
  private final int columns;
  private final double[] inverseWidths;
  private final Moments moments;
  private final double[] rows;

  /** The bounding boxes of the groups, {@code [groups x dim]}. */
  private final double[] lower;

  private final double[] upper;

  /** Sums of c and of c v^2 over all sites. */
  final double weight;

  final double squares;

  ExactSums(LatticePlan plan, OutlyingSites sites) {
    dim = plan.dim();
    columns = sites.columns();
    moments = plan.moments();
    inverseWidths = new double[dim];
    for (int f = 0; f < dim; f++) {
      inverseWidths[f] = plan.inverseWidth(f);
    }
    rows = sorted(plan, sites);
    int size = rows.length / columns;
    int groups = (size + GROUP - 1) / GROUP;
    lower = new double[groups * dim];
    upper = new double[groups * dim];
    Arrays.fill(lower, Double.POSITIVE_INFINITY);
    Arrays.fill(upper, Double.NEGATIVE_INFINITY);
    double c = 0;
    double cv2 = 0;
    for (int s = 0; s < size; s++) {
      for (int f = 0; f < dim; f++) {
        int box = s / GROUP * dim + f;
        lower[box] = Math.min(lower[box], rows[s * columns + f]);
        upper[box] = Math.max(upper[box], rows[s * columns + f]);
      }
      c += rows[s * columns + dim];
      cv2 += rows[s * columns + dim + 2];
    }
    weight = c;
    squares = cv2;
  }

  private static double[] sorted(LatticePlan plan, OutlyingSites sites) {
    double[] given = sites.rows();
    int columns = sites.columns();
    int[] sides = new int[(int) sites.size()];
    for (int s = 0; s < sides.length; s++) {
      for (int f = 0; f < plan.dim(); f++) {
        Axis axis = plan.axes()[f];
        double x = given[s * columns + f];
        sides[s] = 3 * sides[s] + (x < axis.lower ? 0 : x > axis.upper ? 2 : 1);
      }
    }
    Comparator<Integer> order = Comparator.comparingInt(s -> sides[s]);
    for (int f = 0; f < plan.dim(); f++) {
      int column = f;
      order = order.thenComparingDouble(s -> given[s * columns + column]);
    }
    int[] sorted =
        IntStream.range(0, sides.length).boxed().sorted(order).mapToInt(s -> s).toArray();
    double[] rows = new double[given.length];
    for (int s = 0; s < sorted.length; s++) {
      System.arraycopy(given, sorted[s] * columns, rows, s * columns, columns);
    }
    return rows;
  }

  /**
   * Adds the terms of all sites within reach to the sums of a query, and writes its sums of c and c
   * v^2 times exp(-x^2 / 4).
   *
   * @param query a row that begins with the features, at an index
   * @param sums as {@link LatticeSums} lays them out, from an index on
   */
  void add(double[] query, int at, double[] sums, int into) {
    double[] squares = new double[dim];
    for (int group = 0; group * dim < lower.length; group++) {
      if (distance(query, at, group) <= REACH * REACH) {
        int end = Math.min((group + 1) * GROUP * columns, rows.length);
        for (int row = group * GROUP * columns; row < end; row += columns) {
          addSite(query, at, row, squares, sums, into);
        }
      }
    }
  }

  private double distance(double[] query, int at, int group) {
    double sum = 0;
    for (int f = 0; f < dim; f++) {
      double q = query[at + f];
      double gap = Math.max(lower[group * dim + f] - q, q - upper[group * dim + f]);
      double x = Math.max(0, gap) * inverseWidths[f];
      sum += x * x;
    }
    return sum;
  }

  private void addSite(double[] query, int at, int row, double[] squares, double[] sums, int into) {
    double sum = 0;
    for (int f = 0; f < dim; f++) {
      double x = (query[at + f] - rows[row + f]) * inverseWidths[f];
      squares[f] = x * x;
      sum += squares[f];
    }
    if (!(sum <= REACH * REACH)) {
      return;
    }
    double half = StrictMath.exp(-sum / 4);
    double e = half * half;
    for (Moments.Moment moment : moments.moments) {
      double term = e * moment.factor;
      for (int f = 0; f < dim; f++) {
        for (int k = 0; k < moment.powers[f]; k++) {
          term *= squares[f];
        }
      }
      sums[into + moment.target] += term * rows[row + dim];
      sums[into + moments.numTargets + moment.target] += term * rows[row + dim + 1];
    }
    int broad = into + 2 * moments.numTargets;
    sums[broad + 5] += half * rows[row + dim];
    sums[broad + 6] += half * rows[row + dim + 2];
    if (moments.spread) {
      sums[broad + LatticeSums.SPREAD] += e * rows[row + dim + 2];
      sums[broad + LatticeSums.SPREAD + 1] += e * e * rows[row + dim + 3];
    }
  }
}
