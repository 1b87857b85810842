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
 * the tiles that are written and, for each thread, a window of (side + 2 reach) rows.
 */
final class Convolution {
  /** Nodes that are read and written together: those of a line of cache. */
  private static final int BLOCK = 8;

  /** Lines that are worked on together: their part of the window fits the inner caches. */
  private static final int LANES = 64;

  private final Tiling tiling;
  private final Tiles in;
  private final int column;
  private final int axis;
  private final double[] kernel;
  private final double factor;

  /** Rows of the window before and behind the tile: the reach of the kernel, in whole blocks. */
  private final int rim;

  private final int step;

  /** Nodes of a line. */
  private final int length;

  /** By lane, the place of its first node in the tile. */
  private final int[] bases = new int[LANES];

  private final double[][] window;
  private final double[][] sums;

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
    rim = (kernel.length - 1 + BLOCK - 1) / BLOCK * BLOCK;
    step = tiling.nodeStep(axis);
    length = tiling.dim == 1 ? tiling.side() / LANES : tiling.side();
    window = new double[length + 2 * rim][LANES];
    sums = new double[BLOCK][LANES];
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
    int pieces = Math.min(size, 4 * Runtime.getRuntime().availableProcessors());
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
    double[] out = before == null ? new double[Tiling.NODES] : before;
    for (int first = 0; first * length < Tiling.NODES; first += LANES) {
      for (int lane = 0; lane < LANES; lane++) {
        int line = first + lane;
        bases[lane] = line / step * step * length + line % step;
      }
      addLines(out);
    }
    return out;
  }

  private void addLines(double[] out) {
    for (int row = 0; row < window.length; row += BLOCK) {
      load(row);
    }
    for (int row = 0; row < length; row += BLOCK) {
      for (int j = 0; j < BLOCK; j++) {
        sum(rim + row + j, sums[j]);
      }
      store(row, out);
    }
  }

  /** Reads a block of rows of the window. */
  private void load(int row) {
    if (step == 1) {
      for (int lane = 0; lane < LANES; lane++) {
        loadLine(row, lane);
      }
      return;
    }
    int place = row - rim;
    double[] tile = near[near.length / 2 + (place >> tiling.bits)];
    for (int j = 0; j < BLOCK; j++) {
      double[] into = window[row + j];
      int at = ((place + j) & (tiling.side() - 1)) * step;
      for (int lane = 0; lane < LANES; lane++) {
        into[lane] = tile == null ? 0 : tile[(bases[lane] + at) * in.width + column];
      }
    }
  }

  /** Reads a block of one lane, whose nodes are next to each other. */
  private void loadLine(int row, int lane) {
    boolean parts = tiling.dim == 1;
    int place = row - rim + (parts ? bases[lane] : 0);
    double[] tile = near[near.length / 2 + (place >> tiling.bits)];
    int at = (place & (tiling.side() - 1)) + (parts ? 0 : bases[lane]);
    for (int j = 0; j < BLOCK; j++) {
      window[row + j][lane] = tile == null ? 0 : tile[(at + j) * in.width + column];
    }
  }

  /** Adds a block of sums to the tile. */
  private void store(int row, double[] out) {
    if (step == 1) {
      for (int lane = 0; lane < LANES; lane++) {
        for (int j = 0; j < BLOCK; j++) {
          out[bases[lane] + row + j] += factor * sums[j][lane];
        }
      }
      return;
    }
    for (int j = 0; j < BLOCK; j++) {
      for (int lane = 0; lane < LANES; lane++) {
        out[bases[lane] + (row + j) * step] += factor * sums[j][lane];
      }
    }
  }

  private void sum(int row, double[] sums) {
    scale(sums, window[row], kernel[0]);
    int m = 1;
    for (; m + 1 < kernel.length; m += 2) {
      addTwo(
          sums,
          window[row - m],
          window[row + m],
          kernel[m],
          window[row - m - 1],
          window[row + m + 1],
          kernel[m + 1]);
    }
    if (m < kernel.length) {
      addOne(sums, window[row - m], window[row + m], kernel[m]);
    }
  }

  private static void scale(double[] sums, double[] row, double k) {
    for (int lane = 0; lane < sums.length; lane++) {
      sums[lane] = k * row[lane];
    }
  }

  private static void addOne(double[] sums, double[] left, double[] right, double k) {
    for (int lane = 0; lane < sums.length; lane++) {
      sums[lane] = Math.fma(k, left[lane] + right[lane], sums[lane]);
    }
  }

  private static void addTwo(
      double[] sums,
      double[] left,
      double[] right,
      double k,
      double[] left2,
      double[] right2,
      double k2) {
    for (int lane = 0; lane < sums.length; lane++) {
      double one = Math.fma(k, left[lane] + right[lane], sums[lane]);
      sums[lane] = Math.fma(k2, left2[lane] + right2[lane], one);
    }
  }
}
