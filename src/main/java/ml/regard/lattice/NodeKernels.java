package ml.regard.lattice;

/**
 * Kernels of one axis at whole numbers m of nodes, x = m spacing widths apart:
 *
 * <pre>
 *   narrow   x^(2k) exp(-x^2 / 2)    k = 0, 1, 2      up to the reach R
 *   squared  exp(-x^2)               up to R / sqrt(2), where it is as small
 *   broad    exp(-x^2 / 4)           up to sqrt(2) R between points, whatever their stencils
 * </pre>
 *
 * and 0 beyond. Each is an array over m &gt;= 0, as all are even. Immutable; safe for many threads.
 */
final class NodeKernels {
  static final int POWERS = 3;

  /** By k. */
  final double[][] narrow;

  final double[] squared;
  final double[] broad;

  NodeKernels(Spacing spacing) {
    narrow = new double[POWERS][1 + (int) Math.floor(spacing.reach() / spacing.spacing())];
    for (int m = 0; m < narrow[0].length; m++) {
      double x2 = square(m, spacing);
      narrow[0][m] = StrictMath.exp(-x2 / 2);
      narrow[1][m] = x2 * narrow[0][m];
      narrow[2][m] = x2 * narrow[1][m];
    }
    squared = new double[1 + (int) Math.floor(spacing.reach() / Math.sqrt(2) / spacing.spacing())];
    for (int m = 0; m < squared.length; m++) {
      squared[m] = StrictMath.exp(-square(m, spacing));
    }
    int cells = (int) Math.ceil(Math.sqrt(2) * spacing.reach() / spacing.spacing());
    broad = new double[1 + cells + spacing.order()];
    for (int m = 0; m < broad.length; m++) {
      broad[m] = StrictMath.exp(-square(m, spacing) / 4);
    }
  }

  private static double square(int m, Spacing spacing) {
    double x = m * spacing.spacing();
    return x * x;
  }
}
