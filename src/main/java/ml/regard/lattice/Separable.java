package ml.regard.lattice;

import java.util.Arrays;
import java.util.stream.IntStream;

/**
 * Convolutions of a lattice with products of kernels, axis by axis: kernels with equal first
 * factors share the work. Beside its results it holds one lattice for every axis but the last, of
 * the tiles within reach of those that are asked for.
 */
final class Separable {
  private final LatticePlan plan;
  private final NodeKernels kernels;

  /** By axis, the tiles that are needed behind it, and are not all zeros. */
  private final int[][] needed;

  /**
   * Of one plan.
   *
   * @param spread the tiles that hold terms, ascending
   * @param wanted the tiles where sums are asked for, ascending
   */
  Separable(LatticePlan plan, int[] spread, int[] wanted) {
    this.plan = plan;
    kernels = plan.spacing().kernels();
    int within = Convolution.tilesWithin(plan.tiling(), kernels.broad);
    needed = new int[plan.dim()][];
    needed[plan.dim() - 1] = wanted;
    for (int f = plan.dim() - 1; f > 0; f--) {
      needed[f - 1] = plan.tiling().dilate(needed[f], f, within);
    }
    int[] reached = spread;
    for (int f = 0; f < plan.dim() - 1; f++) {
      int[] around = plan.tiling().dilate(reached, f, within);
      needed[f] =
          IntStream.of(needed[f]).filter(t -> Arrays.binarySearch(around, t) >= 0).toArray();
      reached = needed[f];
    }
  }

  /** Numbers that are held beside the results. */
  long scratch() {
    return Tiling.NODES
        * Arrays.stream(needed).limit(plan.dim() - 1L).mapToLong(t -> t.length).sum();
  }

  /** The sums of all targets ({@link Moments}) at the nodes, of one column. */
  Tiles[] narrow(Tiles terms, int column) {
    Tiles[] targets = new Tiles[plan.moments().numTargets];
    for (int t = 0; t < targets.length; t++) {
      targets[t] = after(plan.dim() - 1);
    }
    descend(terms, column, 0, new int[plan.dim()], plan.moments().maxPower, targets);
    return targets;
  }

  private void descend(Tiles in, int column, int f, int[] powers, int left, Tiles[] targets) {
    for (int k = 0; k <= left; k++) {
      powers[f] = k;
      if (f == plan.dim() - 1) {
        Moments.Moment moment = plan.moments().of(powers);
        add(in, column, f, kernels.narrow[k], moment.factor, targets[moment.target]);
      } else {
        Tiles out = after(f);
        add(in, column, f, kernels.narrow[k], 1, out);
        descend(out, 0, f + 1, powers, left - k, targets);
      }
    }
    powers[f] = 0;
  }

  /** The sums with the kernel exp(-x^2 / 4) at the nodes, of one column. */
  Tiles broad(Tiles terms, int column) {
    return power(terms, column, kernels.broad);
  }

  /** The sums with the kernel exp(-x^2) at the nodes, of one column. */
  Tiles squared(Tiles terms, int column) {
    return power(terms, column, kernels.squared);
  }

  /** The sums with the same kernel for every axis. */
  private Tiles power(Tiles terms, int column, double[] kernel) {
    Tiles in = terms;
    for (int f = 0; f < plan.dim(); f++) {
      Tiles out = after(f);
      add(in, f == 0 ? column : 0, f, kernel, 1, out);
      in = out;
    }
    return in;
  }

  private Tiles after(int f) {
    return new Tiles(needed[f], 1);
  }

  private void add(Tiles in, int column, int f, double[] kernel, double factor, Tiles out) {
    Convolution.add(plan.tiling(), in, column, f, kernel, factor, out);
  }
}
