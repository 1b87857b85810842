package ml.regard.lattice;

import java.util.Arrays;

/**
 * Convolutions of a lattice with products of kernels, axis by axis: kernels with equal first
 * factors share the work. Allocates the results and a scratch lattice for every axis but the last.
 */
final class Separable {
  private final LatticePlan plan;
  private final NodeKernels kernels;
  private final double[][] scratch;

  Separable(LatticePlan plan) {
    this.plan = plan;
    kernels = plan.spacing().kernels();
    scratch = new double[plan.dim() - 1][plan.numNodes()];
  }

  /** The sums of all targets ({@link Moments}) at the nodes, {@code [targets x nodes]}. */
  double[][] narrow(double[] terms) {
    double[][] targets = new double[plan.moments().numTargets][terms.length];
    descend(terms, 0, new int[plan.dim()], plan.moments().maxPower, targets);
    return targets;
  }

  private void descend(double[] in, int f, int[] powers, int left, double[][] targets) {
    for (int k = 0; k <= left; k++) {
      powers[f] = k;
      if (f == plan.dim() - 1) {
        Moments.Moment moment = plan.moments().of(powers);
        add(in, targets[moment.target], f, kernels.narrow[k], moment.factor);
      } else {
        Arrays.fill(scratch[f], 0);
        add(in, scratch[f], f, kernels.narrow[k], 1);
        descend(scratch[f], f + 1, powers, left - k, targets);
      }
    }
    powers[f] = 0;
  }

  /** The sums with the kernel exp(-x^2 / 4) at the nodes. */
  double[] broad(double[] terms) {
    double[] out = new double[terms.length];
    double[] in = terms;
    for (int f = 0; f < plan.dim() - 1; f++) {
      Arrays.fill(scratch[f], 0);
      add(in, scratch[f], f, kernels.broad, 1);
      in = scratch[f];
    }
    add(in, out, plan.dim() - 1, kernels.broad, 1);
    return out;
  }

  private void add(double[] in, double[] out, int f, double[] kernel, double factor) {
    Convolution.add(in, out, plan.count(f), plan.strides()[f], kernel, factor);
  }
}
