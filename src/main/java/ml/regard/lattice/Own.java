package ml.regard.lattice;

import java.util.Arrays;

/**
 * What the lattice makes of the kernels between a point and itself: the terms of the query's own
 * site, which leaving it out takes away.
 *
 * <pre>
 *   prod_f sum_ab l_a l_b k_f(|a - b| spacing)
 * </pre>
 *
 * <p>Scratch that is moved from point to point. Not safe for many threads.
 */
final class Own {
  private final Moments moments;
  private final NodeKernels kernels;
  private final double[] pairs;

  /** By feature and power. */
  private final double[][] factors;

  /** By target. */
  final double[] narrow;

  /** Of exp(-x^2 / 4). */
  double broad;

  Own(LatticePlan plan) {
    moments = plan.moments();
    kernels = plan.spacing().kernels();
    pairs = new double[plan.order()];
    factors = new double[plan.dim()][moments.maxPower + 1];
    narrow = new double[moments.numTargets];
  }

  /** Moves to where the footprint is; to zeros if nothing is left out. */
  void move(Footprint footprint, boolean leaves) {
    Arrays.fill(narrow, 0);
    broad = leaves ? 1 : 0;
    if (!leaves) {
      return;
    }
    for (int f = 0; f < factors.length; f++) {
      footprint.pairs(f, pairs);
      for (int k = 0; k < factors[f].length; k++) {
        factors[f][k] = sum(kernels.narrow[k]);
      }
      broad *= sum(kernels.broad);
    }
    for (Moments.Moment moment : moments.moments) {
      double product = moment.factor;
      for (int f = 0; f < factors.length; f++) {
        product *= factors[f][moment.powers[f]];
      }
      narrow[moment.target] += product;
    }
  }

  private double sum(double[] kernel) {
    double sum = 0;
    for (int m = 0; m < pairs.length; m++) {
      sum += pairs[m] * kernel[m];
    }
    return sum;
  }
}
