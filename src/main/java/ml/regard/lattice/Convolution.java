package ml.regard.lattice;

/**
 * Convolutions of a lattice with kernels of one axis.
 *
 * <p>The nodes along an axis are a <em>line</em>. Lines are taken {@link #LANES} at a time, side by
 * side, or the parts of few long lines: row j of a window holds node j of each. So every inner loop
 * runs over arrays of neighbouring lanes, whatever the axis, and kernels are symmetric:
 *
 * <pre>
 *   out_i += k_0 in_i + sum_m k_m (in_{i-m} + in_{i+m})
 * </pre>
 *
 * <p>Cost: nodes times the length of the kernel. Allocates a window of {@link #LANES} times twice
 * the length of the kernel. The order of additions is fixed.
 */
final class Convolution {
  private static final int LANES = 128;

  private final double[] in;
  private final double[] out;
  private final int count;
  private final int stride;
  private final double[] kernel;
  private final double factor;
  private final int reach;

  /** Nodes of a part of a line, for one lane. */
  private final int length;

  private final int parts;
  private final int[] bases = new int[LANES];
  private final int[] starts = new int[LANES];
  private final double[][] window;
  private final double[] sum = new double[LANES];
  private int lanes;

  private Convolution(
      double[] in, double[] out, int count, int stride, double[] kernel, double factor) {
    this.in = in;
    this.out = out;
    this.count = count;
    this.stride = stride;
    this.kernel = kernel;
    this.factor = factor;
    reach = Math.min(kernel.length, count) - 1;
    int lines = in.length / count;
    int wanted = Math.max(1, Math.min(LANES / lines, count / (2 * reach + 1)));
    length = (count + wanted - 1) / wanted;
    parts = (count + length - 1) / length;
    window = new double[2 * reach + 1][LANES];
  }

  /**
   * Adds a convolution along one axis, times a factor.
   *
   * @param in lattice to read, {@code [outer x count x stride]}
   * @param out lattice of the same shape, another one
   * @param kernel by distance in nodes, from 0
   */
  static void add(
      double[] in, double[] out, int count, int stride, double[] kernel, double factor) {
    new Convolution(in, out, count, stride, kernel, factor).run();
  }

  private void run() {
    int all = in.length / count * parts;
    for (int first = 0; first < all; first += LANES) {
      lanes = Math.min(LANES, all - first);
      for (int lane = 0; lane < lanes; lane++) {
        int line = (first + lane) / parts;
        bases[lane] = line / stride * stride * count + line % stride;
        starts[lane] = (first + lane) % parts * length;
      }
      slide();
    }
  }

  /** Moves the window along the lines of all lanes. */
  private void slide() {
    for (int j = -reach; j < reach; j++) {
      load(j);
    }
    for (int i = 0; i < length; i++) {
      load(i + reach);
      scale(sum, row(i), kernel[0], lanes);
      int m = 1;
      for (; m < reach; m += 2) {
        addTwo(
            sum,
            row(i - m),
            row(i + m),
            kernel[m],
            row(i - m - 1),
            row(i + m + 1),
            kernel[m + 1],
            lanes);
      }
      if (m == reach) {
        addOne(sum, row(i - m), row(i + m), kernel[m], lanes);
      }
      store(i);
    }
  }

  private double[] row(int j) {
    return window[(j + reach) % window.length];
  }

  private void load(int j) {
    double[] row = row(j);
    for (int lane = 0; lane < lanes; lane++) {
      int node = starts[lane] + j;
      row[lane] = node >= 0 && node < count ? in[bases[lane] + node * stride] : 0;
    }
  }

  private void store(int i) {
    for (int lane = 0; lane < lanes; lane++) {
      int node = starts[lane] + i;
      if (node < count) {
        out[bases[lane] + node * stride] += factor * sum[lane];
      }
    }
  }

  private static void scale(double[] sum, double[] row, double k, int lanes) {
    for (int lane = 0; lane < lanes; lane++) {
      sum[lane] = k * row[lane];
    }
  }

  private static void addOne(double[] sum, double[] left, double[] right, double k, int lanes) {
    for (int lane = 0; lane < lanes; lane++) {
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
      double k2,
      int lanes) {
    for (int lane = 0; lane < lanes; lane++) {
      sum[lane] += k * (left[lane] + right[lane]) + k2 * (left2[lane] + right2[lane]);
    }
  }
}
