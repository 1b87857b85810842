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
    factors = new double[plan.dim()][NodeKernels.POWERS];
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
      sum(footprint, f);
    }
    for (Moments.Moment moment : moments.moments) {
      double product = moment.factor;
      for (int f = 0; f < factors.length; f++) {
        product *= factors[f][moment.powers[f]];
      }
      narrow[moment.target] += product;
    }
  }

  /** The sums of all kernels of the axis of feature f. */
  private void sum(Footprint footprint, int f) {
    footprint.pairs(f, pairs);
    double sum0 = 0;
    double sum1 = 0;
    double sum2 = 0;
    double wide = 0;
    for (int m = 0; m < pairs.length; m++) {
      sum0 = Math.fma(pairs[m], kernels.narrow[0][m], sum0);
      sum1 = Math.fma(pairs[m], kernels.narrow[1][m], sum1);
      sum2 = Math.fma(pairs[m], kernels.narrow[2][m], sum2);
      wide = Math.fma(pairs[m], kernels.broad[m], wide);
    }
    factors[f][0] = sum0;
    factors[f][1] = sum1;
    factors[f][2] = sum2;
    broad *= wide;
  }
}
