package ml.regard.lattice;

/**
 * The nodes around one point, with their weights: where a site is spread to, and what a query is
 * interpolated from. Fewer than three features count as three, of which the first have one node.
 *
 * <p>Scratch that is moved from point to point; nothing is allocated. Not safe for many threads.
 */
final class Footprint {
  private static final int AXES = 3;

  private final Axis[] axes;
  private final int[] strides;
  private final Stencil stencil;

  /** By axis. */
  final double[][] weights = new double[AXES][];

  private final int outer;
  private final int middle;
  private int base;

  Footprint(LatticePlan plan) {
    axes = plan.axes();
    strides = plan.strides();
    stencil = new Stencil(plan.order());
    for (int a = 0; a < AXES; a++) {
      boolean used = a >= AXES - axes.length;
      weights[a] = new double[used ? plan.order() : 1];
      weights[a][0] = 1;
    }
    outer = axes.length > 2 ? strides[0] : 0;
    middle = axes.length > 1 ? strides[axes.length - 2] : 0;
  }

  /** The weights of the nodes along the axis of feature f. */
  double[] weights(int f) {
    return weights[AXES - axes.length + f];
  }

  /** Moves to the point whose features begin at an index; false if it is outside of the box. */
  boolean move(double[] points, int at) {
    int start = 0;
    for (int f = 0; f < axes.length; f++) {
      Axis axis = axes[f];
      double x = points[at + f];
      if (!axis.contains(x)) {
        return false;
      }
      double cell = axis.cell(x);
      stencil.weights(axis.place(x, cell), weights(f));
      start += ((int) (cell - axis.first) + stencil.first()) * strides[f];
    }
    base = start;
    return true;
  }

  /** Adds three terms to three lattices, each times the weights of the nodes. */
  void spread(double[][] nodes, double term0, double term1, double term2) {
    double[] nodes0 = nodes[0];
    double[] nodes1 = nodes[1];
    double[] nodes2 = nodes[2];
    double[] inner = weights[2];
    for (int a = 0; a < weights[0].length; a++) {
      for (int b = 0; b < weights[1].length; b++) {
        double weight = weights[0][a] * weights[1][b];
        int row = base + a * outer + b * middle;
        for (int c = 0; c < inner.length; c++) {
          double w = weight * inner[c];
          nodes0[row + c] += w * term0;
          nodes1[row + c] += w * term1;
          nodes2[row + c] += w * term2;
        }
      }
    }
  }

  /** The value of a lattice at the point. */
  double interpolate(double[] nodes) {
    double[] inner = weights[2];
    double sum = 0;
    for (int a = 0; a < weights[0].length; a++) {
      double plane = 0;
      for (int b = 0; b < weights[1].length; b++) {
        int row = base + a * outer + b * middle;
        double even = 0;
        double odd = 0;
        for (int c = 0; c < inner.length; c += 2) { // the order is even
          even += inner[c] * nodes[row + c];
          odd += inner[c + 1] * nodes[row + c + 1];
        }
        plane += weights[1][b] * (even + odd);
      }
      sum += weights[0][a] * plane;
    }
    return sum;
  }

  /** The sums of l_a l_b over the pairs of nodes m apart, in either order, by m. */
  void pairs(int f, double[] into) {
    double[] along = weights(f);
    for (int m = 0; m < along.length; m++) {
      double sum = 0;
      for (int a = m; a < along.length; a++) {
        sum += along[a] * along[a - m];
      }
      into[m] = m == 0 ? sum : 2 * sum;
    }
  }
}
