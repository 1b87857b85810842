package ml.regard.lattice;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import ml.regard.kernel.Terms;

/**
 * Which products of kernels the sums of a query are made of. A moment is a power k_f of x_f^2 for
 * every feature, with k_f at most 2 in all; its kernel is prod_f x_f^(2 k_f) exp(-x_f^2 / 2). The
 * <em>targets</em> are the sums asked for, in the order of {@link
 * ml.regard.kernel.PooledState#put}:
 *
 * <pre>
 *   S;  T_g for each width;  U_gh for each pair g &lt;= h of widths, in rows of the upper triangle
 *   a width per feature    T_f: x_f^2           U_fg: x_f^2 x_g^2
 *   a shared width         T: sum_f x_f^2       U: sum_f x_f^4 + 2 sum_{f&lt;g} x_f^2 x_g^2
 * </pre>
 *
 * <p>The spread of the values and the effective keys need sums beside the targets, of c v^2 and of
 * c^2 key by key.
 *
 * <p>Immutable.
 */
final class Moments implements Serializable {
  private static final long serialVersionUID = 1;

  /** One kernel: the power of each feature, where it counts, and how often. */
  static final class Moment implements Serializable {
    private static final long serialVersionUID = 1;

    final int[] powers;
    final int target;
    final double factor;

    Moment(int[] powers, int target, double factor) {
      this.powers = powers;
      this.target = target;
      this.factor = factor;
    }
  }

  final int dim;
  final int numWidths;
  final int maxPower;
  final int numTargets;
  final Moment[] moments;

  /** Whether there are {@link Terms#SPREAD} sums. */
  final boolean spread;

  /** Numbers that are spread to each node: c, c v, c v^2, and with spread c^2. */
  final int columns;

  /**
   * Numbers that each node has in the end: two for each target, three broad sums, and with spread
   * those of c v^2, of c^2 with the square of the kernel, and of c^2 with the broad one.
   */
  final int numNumbers;

  /** The same, up to a multiple of {@link RowSupport#STEP}. */
  final int width;

  Moments(int dim, int numWidths, Terms terms) {
    this.dim = dim;
    this.numWidths = numWidths;
    maxPower = terms == Terms.CURVATURE ? 2 : terms == Terms.WIDTHS ? 1 : 0;
    List<Moment> found = new ArrayList<>();
    collect(new int[dim], 0, maxPower, found);
    moments = found.toArray(Moment[]::new);
    int pairs = numWidths * (numWidths + 1) / 2;
    numTargets = 1 + (maxPower > 0 ? numWidths : 0) + (maxPower > 1 ? pairs : 0);
    spread = terms == Terms.SPREAD;
    columns = spread ? 4 : 3;
    numNumbers = 2 * numTargets + (spread ? 6 : 3);
    width = (numNumbers + RowSupport.STEP - 1) / RowSupport.STEP * RowSupport.STEP;
  }

  private void collect(int[] powers, int f, int left, List<Moment> found) {
    if (f == dim) {
      found.add(moment(powers.clone()));
      return;
    }
    for (int k = 0; k <= left; k++) {
      powers[f] = k;
      collect(powers, f + 1, left - k, found);
    }
    powers[f] = 0;
  }

  private Moment moment(int[] powers) {
    int sum = Arrays.stream(powers).sum();
    if (sum == 0) {
      return new Moment(powers, 0, 1);
    }
    int low = 0;
    while (powers[low] == 0) {
      low++;
    }
    int high = dim - 1;
    while (powers[high] == 0) {
      high--;
    }
    boolean shared = numWidths == 1;
    int g = shared ? 0 : low;
    int h = shared ? 0 : high;
    if (sum == 1) {
      return new Moment(powers, 1 + g, 1);
    }
    int pair = g * numWidths - g * (g - 1) / 2 + (h - g);
    return new Moment(powers, 1 + numWidths + pair, shared && low < high ? 2 : 1);
  }

  /** The moment with these powers. */
  Moment of(int[] powers) {
    for (Moment moment : moments) {
      if (Arrays.equals(moment.powers, powers)) {
        return moment;
      }
    }
    throw new IllegalArgumentException("no moment has the powers " + Arrays.toString(powers));
  }

  /** Convolutions along the axis of feature f. */
  int convolutions(int f) {
    return (int) Arrays.stream(moments).map(m -> prefix(m, f + 1)).distinct().count();
  }

  /** Convolutions along one axis for all of them, where those with equal first powers share. */
  int convolutions() {
    int count = 0;
    for (int f = 0; f < dim; f++) {
      count += convolutions(f);
    }
    return count;
  }

  private static List<Integer> prefix(Moment moment, int end) {
    return Arrays.stream(moment.powers).limit(end).boxed().toList();
  }
}
