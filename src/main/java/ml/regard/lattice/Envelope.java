package ml.regard.lattice;

/**
 * How far the kernel of the lattice is from the kernel, on one axis. With x the distance of query
 * and key in widths, k(x) = x^(2k) exp(-x^2 / 2), and k' what the lattice makes of it, cut at the
 * reach:
 *
 * <pre>
 *   |k - k'|               &lt;=  error[k]  exp(-x^2 / 4)      for all x and both places in their cells
 *   sum_ab |l_a l_b| k_ab  &lt;=  gross[k]  exp(-x^2 / 4)      what rounding is relative to
 *   k                      &lt;=  peak[k]   exp(-x^2 / 4)      1, 4 / e, 64 / e^2
 *   |k - k'|               &lt;=  squaredError  exp(-x^2 / 4)      for k(x) = exp(-x^2), with squaredGross
 * </pre>
 *
 * <p>and of b = exp(-x^2 / 4) itself, up to where it is off by a tenth or nodes are cut,
 *
 * <pre>
 *   |b - b'|  &lt;=  broadError b,    sum_ab |l_a l_b| b_ab  &lt;=  broadGross b
 *   farther:   b, |b'|  &lt;=  tail,  sum_ab |l_a l_b| b_ab  &lt;=  broadGross tail
 * </pre>
 *
 * <p>Found by trying {@link #PLACES} places of either in its cell and all cells; what lies between
 * these is covered by the {@link #MARGIN}. docs/math.md tells what the constants are for.
 */
final class Envelope {
  private static final double MARGIN = 1.05;
  private static final int PLACES = 17;

  /** Where b' is off by more than this, relatively, keys count as far. */
  private static final double FAR = 0.1;

  final double[] error = new double[NodeKernels.POWERS];
  final double[] gross = new double[NodeKernels.POWERS];
  final double[] peak = {1, 4 / Math.E, 64 / (Math.E * Math.E)};
  final double squaredError;
  final double squaredGross;
  final double broadError;
  final double broadGross;
  final double tail;

  private final int order;
  private final double step;
  private final double[][] narrow;
  private final double[] squared;
  private final double[] wide;
  private double worstSquare;
  private double grossSquare;

  /** By cells between query and key: |b - b'| / b, |b'|, and the sum with all magnitudes. */
  private final double[] broadErrors;

  private final double[] broadSums;
  private final double[] broadMagnitudes;

  Envelope(Spacing spacing) {
    NodeKernels kernels = spacing.kernels();
    order = spacing.order();
    step = spacing.spacing();
    narrow = kernels.narrow;
    squared = kernels.squared;
    wide = kernels.broad;
    int cells = wide.length + order;
    broadErrors = new double[cells];
    broadSums = new double[cells];
    broadMagnitudes = new double[cells];
    Stencil stencil = new Stencil(order);
    double[][] weights = new double[PLACES][order];
    for (int place = 0; place < PLACES; place++) {
      stencil.weights(place(place), weights[place]);
    }
    for (int query = 0; query < PLACES; query++) {
      for (int key = 0; key < PLACES; key++) {
        tryCells(place(query) - place(key), weights[query], weights[key]);
      }
    }
    for (int k = 0; k < error.length; k++) {
      error[k] *= MARGIN;
      gross[k] *= MARGIN;
    }
    squaredError = worstSquare * MARGIN;
    squaredGross = grossSquare * MARGIN;
    int far = 0;
    double worst = 0;
    while (far < wide.length - order && Math.max(worst, broadErrors[far]) <= FAR) {
      worst = Math.max(worst, broadErrors[far++]);
    }
    broadError = worst * MARGIN;
    double farthest = broad(far - 1);
    for (int c = far; c < cells; c++) {
      farthest = Math.max(farthest, broadSums[c]);
    }
    tail = farthest * MARGIN;
    double magnitude = 0;
    for (int c = 0; c < cells; c++) {
      magnitude = Math.max(magnitude, broadMagnitudes[c] / (c < far ? broad(c + 1) : tail));
    }
    broadGross = magnitude * MARGIN;
  }

  private double broad(int cells) {
    return StrictMath.exp(-cells * step * (cells * step) / 4);
  }

  private static double place(int place) {
    return (double) place / (PLACES - 1);
  }

  /** The query's cell is that of the key or one to the right; the others follow by symmetry. */
  private void tryCells(double offset, double[] query, double[] key) {
    double[] pairs = new double[2 * order - 1];
    double[] magnitudes = new double[2 * order - 1];
    for (int a = 0; a < order; a++) {
      for (int b = 0; b < order; b++) {
        pairs[a - b + order - 1] += query[a] * key[b];
        magnitudes[a - b + order - 1] += Math.abs(query[a] * key[b]);
      }
    }
    for (int cells = 0; cells < broadErrors.length; cells++) {
      double x = (cells + offset) * step;
      double b = StrictMath.exp(-x * x / 4);
      double kernel = b * b;
      for (int k = 0; k < error.length; k++) {
        error[k] = Math.max(error[k], Math.abs(kernel - sum(pairs, narrow[k], cells)) / b);
        gross[k] = Math.max(gross[k], sum(magnitudes, narrow[k], cells) / b);
        kernel *= x * x;
      }
      double square = b * b * b * b;
      worstSquare = Math.max(worstSquare, Math.abs(square - sum(pairs, squared, cells)) / b);
      grossSquare = Math.max(grossSquare, sum(magnitudes, squared, cells) / b);
      double found = sum(pairs, wide, cells);
      broadErrors[cells] = Math.max(broadErrors[cells], Math.abs(b - found) / b);
      broadSums[cells] = Math.max(broadSums[cells], Math.abs(found));
      broadMagnitudes[cells] = Math.max(broadMagnitudes[cells], sum(magnitudes, wide, cells));
    }
  }

  private double sum(double[] pairs, double[] kernel, int cells) {
    double sum = 0;
    for (int p = 0; p < pairs.length; p++) {
      int m = Math.abs(cells + p - (order - 1));
      sum += m < kernel.length ? pairs[p] * kernel[m] : 0;
    }
    return sum;
  }
}
