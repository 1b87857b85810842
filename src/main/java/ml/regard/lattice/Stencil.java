package ml.regard.lattice;

/**
 * Weights of the nodes around a point: Lagrange's polynomials of an even number of nodes, the
 * order, with as many on either side.
 *
 * <pre>
 *   l_a(t) = prod_{b != a} (t - n_b) / (n_a - n_b)     n_a = a - order / 2 + 1,  0 &lt;= a &lt; order
 * </pre>
 *
 * <p>t is the place of the point between node 0 and node 1. The weights sum to 1 and reproduce
 * polynomials below the order. Immutable; safe for many threads.
 */
final class Stencil {
  final int order;

  /** 1 / prod_{b != a} (n_a - n_b). */
  private final double[] scales;

  Stencil(int order) {
    this.order = order;
    scales = new double[order];
    for (int a = 0; a < order; a++) {
      double product = 1;
      for (int b = 0; b < order; b++) {
        product *= b == a ? 1 : a - b;
      }
      scales[a] = 1 / product;
    }
  }

  /** Where the first of the nodes is, counted from node 0. */
  int first() {
    return 1 - order / 2;
  }

  /** Writes the weights of a point at t. */
  void weights(double t, double[] into) {
    double below = 1;
    for (int a = 0; a < order; a++) {
      into[a] = below * scales[a];
      below *= t - (a + first());
    }
    double above = 1;
    for (int a = order - 1; a >= 0; a--) {
      into[a] *= above;
      above *= t - (a + first());
    }
  }
}
