package ml.regard.lattice;

import java.util.stream.IntStream;

/**
 * Convolutions of a lattice with symmetric kernels of one axis:
 *
 * <pre>
 *   out_i += factor (k_0 in_i + sum_m k_m (in_{i-m} + in_{i+m}))
 * </pre>
 *
 * <p>The nodes of a tile along the axis are a <em>line</em>; the lines of a tile are lanes side by
 * side. A window holds row j of all lanes, from the reach of the kernel before the tile to the
 * reach behind it, so every inner loop runs over neighbouring lanes, whatever the axis. With one
 * feature a tile is one long line, of which the parts are the lanes.
 *
 * <p>Tiles are the work of as many threads as the machine has cores; each has one fixed order of
 * additions, so bits do not depend on them. Cost: nodes times the length of the kernel. Allocates
 * the tiles that are written and, for each thread, a window of (side + 2 reach) lanes.
 */
final class Convolution {
  /** Pieces of the work, more than threads, as tiles at the rim have less to do. */
  private static final int PIECES = 64;

  private final Tiling tiling;
  private final Tiles in;
  private final int column;
  private final int axis;
  private final double[] kernel;
  private final double factor;
  private final int reach;
  private final int step;

  /** Nodes of a line. */
  private final int length;

  /** By lane, the place of its first node in the tile. */
  private final int[] bases;

  private final double[][] window;
  private final double[] sum;

  /** The tiles from so many before to as many behind the one that is written. */
  private final double[][] near;

  private Convolution(
      Tiling tiling, Tiles in, int column, int axis, double[] kernel, double factor) {
    this.tiling = tiling;
    this.in = in;
    this.column = column;
    this.axis = axis;
    this.kernel = kernel;
    this.factor = factor;
    reach = kernel.length - 1;
    step = tiling.nodeStep(axis);
    length = tiling.dim == 1 ? tiling.side() / 64 : tiling.side();
    bases = new int[Tiling.NODES / length];
    for (int lane = 0; lane < bases.length; lane++) {
      bases[lane] = lane / step * step * length + lane % step;
    }
    window = new double[length + 2 * reach][bases.length];
    sum = new double[bases.length];
    near = new double[2 * tilesWithin(tiling, kernel) + 1][];
  }

  /** How many tiles away a kernel reaches. */
  static int tilesWithin(Tiling tiling, double[] kernel) {
    return (kernel.length - 2 + tiling.side()) / tiling.side();
  }

  /**
   * Adds a convolution along one axis, times a factor, to all tiles of another lattice.
   *
   * @param in lattice to read, of which one column counts
   * @param kernel by distance in nodes, from 0
   * @param out lattice of width 1; tiles of zeros stay null
   */
  static void add(
      Tiling tiling, Tiles in, int column, int axis, double[] kernel, double factor, Tiles out) {
    int size = out.numbers.length;
    int pieces = Math.min(size, PIECES);
    IntStream.range(0, pieces)
        .parallel()
        .forEach(
            piece -> {
              Convolution one = new Convolution(tiling, in, column, axis, kernel, factor);
              int end = (int) ((piece + 1L) * size / pieces);
              for (int i = (int) ((long) piece * size / pieces); i < end; i++) {
                out.arrays[i] = one.add(out.numbers[i], out.arrays[i]);
              }
            });
  }

  private double[] add(int tile, double[] before) {
    boolean some = false;
    for (int n = 0; n < near.length; n++) {
      int number = tiling.neighbour(tile, axis, n - near.length / 2);
      near[n] = number < 0 ? null : in.get(number);
      some |= near[n] != null;
    }
    if (!some) {
      return before;
    }
    for (int row = 0; row < window.length; row++) {
      load(row - reach, window[row]);
    }
    double[] out = before == null ? new double[Tiling.NODES] : before;
    for (int i = 0; i < length; i++) {
      sum(i + reach);
      for (int lane = 0; lane < bases.length; lane++) {
        out[bases[lane] + i * step] += factor * sum[lane];
      }
    }
    return out;
  }

  /** Reads node j of all lines, counted from the first in the tile. */
  private void load(int j, double[] row) {
    if (tiling.dim == 1) {
      for (int lane = 0; lane < row.length; lane++) {
        load(bases[lane] + j, row, lane, lane + 1, -bases[lane]);
      }
    } else {
      load(j, row, 0, row.length, 0);
    }
  }

  /** Reads what is at a place along the axis, counted from the tile, for some lanes. */
  private void load(int place, double[] row, int first, int end, int shift) {
    double[] tile = near[near.length / 2 + (place >> tiling.bits)];
    int inTile = place & (tiling.side() - 1);
    for (int lane = first; lane < end; lane++) {
      int node = bases[lane] + shift + inTile * step;
      row[lane] = tile == null ? 0 : tile[node * in.width + column];
    }
  }

  private void sum(int row) {
    scale(sum, window[row], kernel[0]);
    int m = 1;
    for (; m < reach; m += 2) {
      addTwo(
          sum,
          window[row - m],
          window[row + m],
          kernel[m],
          window[row - m - 1],
          window[row + m + 1],
          kernel[m + 1]);
    }
    if (m == reach) {
      addOne(sum, window[row - m], window[row + m], kernel[m]);
    }
  }

  private static void scale(double[] sum, double[] row, double k) {
    for (int lane = 0; lane < sum.length; lane++) {
      sum[lane] = k * row[lane];
    }
  }

  private static void addOne(double[] sum, double[] left, double[] right, double k) {
    for (int lane = 0; lane < sum.length; lane++) {
      sum[lane] += k * (left[lane] + right[lane]);
    }
  }

  private static void addTwo(
      double[] sum,
      double[] left,
      double[] right,
      double k,
      double[] left2,
      double[] right2,
      double k2) {
    for (int lane = 0; lane < sum.length; lane++) {
      sum[lane] += k * (left[lane] + right[lane]) + k2 * (left2[lane] + right2[lane]);
    }
  }
}
