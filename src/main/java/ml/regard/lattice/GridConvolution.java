package ml.regard.lattice;

import java.util.stream.IntStream;

/**
 * Convolutions of a grid of values with products of kernels, axis by axis; see {@link
 * ValueGridSums}. Uses all cores; each number has one fixed order of additions, so bits do not
 * depend on them.
 */
final class GridConvolution {
  private final ValueAxis[] axes;
  private final Moments moments;
  private final int nodes;

  /** By axis, power and value. */
  private final double[][][][] kernels;

  GridConvolution(ValueGridPlan plan) {
    axes = plan.axes();
    moments = plan.moments();
    nodes = plan.numNodes();
    kernels = new double[axes.length][moments.maxPower + 1][][];
    for (int f = 0; f < axes.length; f++) {
      ValueAxis axis = axes[f];
      for (int k = 0; k <= moments.maxPower; k++) {
        int power = k;
        kernels[f][k] =
            IntStream.range(0, axis.values.length)
                .mapToObj(i -> axis.kernel(i, power))
                .toArray(double[][]::new);
      }
    }
  }

  /** The sums of all targets at all nodes, each without the node itself. */
  double[][] others(double[] sites) {
    double[][] targets = new double[moments.numTargets][nodes];
    descend(0, sites, null, new int[axes.length], moments.maxPower, targets);
    return targets;
  }

  /**
   * Goes on along axis f.
   *
   * @param full the sums so far
   * @param other the same without the node itself; null for zeros, or where powers say that full is
   *     without it anyway
   */
  private void descend(
      int f, double[] full, double[] other, int[] powers, int left, double[][] targets) {
    boolean plain = sum(powers, f) == 0;
    for (int k = 0; k <= left; k++) {
      powers[f] = k;
      double[] hollow = convolve(f, full, kernels[f][k]);
      boolean last = f == axes.length - 1;
      boolean without = plain && k == 0;
      double[] nextOther = !without ? null : other == null ? hollow : add(other, hollow);
      if (last) {
        Moments.Moment moment = moments.of(powers);
        double[] found = without ? nextOther : k == 0 ? add(full, hollow) : hollow;
        addTo(targets[moment.target], found, moment.factor);
      } else {
        double[] next = k == 0 ? add(full, hollow) : hollow;
        descend(f + 1, next, nextOther, powers, left - k, targets);
      }
    }
    powers[f] = 0;
  }

  private static int sum(int[] powers, int end) {
    int sum = 0;
    for (int f = 0; f < end; f++) {
      sum += powers[f];
    }
    return sum;
  }

  private double[] add(double[] a, double[] b) {
    double[] sum = new double[nodes];
    for (int i = 0; i < nodes; i++) {
      sum[i] = a[i] + b[i];
    }
    return sum;
  }

  private void addTo(double[] target, double[] found, double factor) {
    for (int i = 0; i < nodes; i++) {
      target[i] += factor * found[i];
    }
  }

  private double[] convolve(int f, double[] in, double[][] kernel) {
    ValueAxis axis = axes[f];
    int length = axis.values.length;
    int inner = 1;
    for (int g = f + 1; g < axes.length; g++) {
      inner *= axes[g].values.length;
    }
    int step = inner;
    double[] out = new double[nodes];
    IntStream.range(0, nodes / step)
        .parallel()
        .forEach(
            row -> {
              int value = row % length;
              int base = (row - value) * step;
              if (step == 1) {
                out[row] = dot(kernel[value], in, base + axis.first[value]);
              } else {
                for (int j = axis.first[value]; j < axis.end[value]; j++) {
                  double weight = kernel[value][j - axis.first[value]];
                  addRow(weight, in, base + j * step, out, row * step, step);
                }
              }
            });
    return out;
  }

  private static double dot(double[] kernel, double[] in, int at) {
    double sum = 0;
    for (int j = 0; j < kernel.length; j++) {
      sum = Math.fma(kernel[j], in[at + j], sum);
    }
    return sum;
  }

  private static void addRow(double weight, double[] in, int from, double[] out, int to, int size) {
    for (int i = 0; i < size; i++) {
      out[to + i] = Math.fma(weight, in[from + i], out[to + i]);
    }
  }
}
