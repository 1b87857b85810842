package ml.regard.kernel;

import java.io.Serializable;
import java.util.Arrays;
import java.util.stream.LongStream;

/**
 * An order of points in which neighbours are near each other: along a Hilbert curve through a grid
 * of 256 cells a feature, whose walls are the quantiles of the keys. So units and outliers of
 * features do not matter, and blocks of consecutive keys have small bounding boxes.
 *
 * <p>With one feature, the curve is the order of its values. With more than {@link #MAX_FEATURES}
 * there is no curve, since no box would be far from anything: all points have the code 0.
 *
 * <p>Source: J. Skilling, Programming the Hilbert curve, AIP Conference Proceedings 707 (2004)
 * 381-387.
 */
public final class SpaceOrder implements Serializable {
  private static final long serialVersionUID = 1;

  /** With more features than these there is no curve. */
  public static final int MAX_FEATURES = 6;

  private static final int BITS = 8;
  private static final int CELLS = 1 << BITS;

  /** Codes are from 0 to below two to this power. */
  public static final int CODE_BITS = BITS * MAX_FEATURES;

  private final double[][] walls;

  /**
   * The order with the given walls.
   *
   * @param walls {@code [features x 255]}, those of each feature at the {@link #ranks} of its
   *     sorted values; none with more than {@link #MAX_FEATURES}
   */
  public SpaceOrder(double[][] walls) {
    this.walls = walls;
  }

  /** Which of n sorted values are walls, ascending; none of no values. */
  public static long[] ranks(long n) {
    return LongStream.range(1, n > 0 ? CELLS : 0).map(w -> n * w / CELLS).toArray();
  }

  /** The order of points of which each feature's values are given, in any order; sorts them. */
  static SpaceOrder of(double[][] values) {
    double[][] walls = new double[values.length > MAX_FEATURES ? 0 : values.length][];
    for (int f = 0; f < walls.length; f++) {
      double[] sorted = values[f];
      Arrays.parallelSort(sorted);
      walls[f] = Arrays.stream(ranks(sorted.length)).mapToDouble(r -> sorted[(int) r]).toArray();
    }
    return new SpaceOrder(walls);
  }

  /** Where on the curve a point {@code [d]} is. */
  public long code(double[] point) {
    int[] cell = new int[walls.length];
    for (int f = 0; f < cell.length; f++) {
      cell[f] = cell(walls[f], point[f]);
    }
    return walls.length == 0 ? 0 : index(cell);
  }

  /** The number of walls at or below a value. */
  private static int cell(double[] walls, double value) {
    int below = 0;
    int above = walls.length;
    while (below < above) {
      int middle = (below + above) >>> 1;
      if (walls[middle] <= value) {
        below = middle + 1;
      } else {
        above = middle;
      }
    }
    return below;
  }

  /** The index of a cell on the curve; overwrites the cell. */
  private static long index(int[] x) {
    int n = x.length;
    for (int q = CELLS >> 1; q > 1; q >>= 1) {
      int p = q - 1;
      for (int i = 0; i < n; i++) {
        if ((x[i] & q) != 0) {
          x[0] ^= p;
        } else {
          int t = (x[0] ^ x[i]) & p;
          x[0] ^= t;
          x[i] ^= t;
        }
      }
    }
    for (int i = 1; i < n; i++) {
      x[i] ^= x[i - 1];
    }
    int t = 0;
    for (int q = CELLS >> 1; q > 1; q >>= 1) {
      if ((x[n - 1] & q) != 0) {
        t ^= q - 1;
      }
    }
    long index = 0;
    for (int i = 0; i < n; i++) {
      x[i] ^= t;
    }
    for (int bit = BITS - 1; bit >= 0; bit--) {
      for (int i = 0; i < n; i++) {
        index = (index << 1) | ((x[i] >> bit) & 1);
      }
    }
    return index;
  }
}
