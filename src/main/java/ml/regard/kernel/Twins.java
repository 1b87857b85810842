package ml.regard.kernel;

import java.util.function.IntToDoubleFunction;

/**
 * For each key of a site, the sums over the other keys of the site: those before it and those
 * behind it, added. Nothing is subtracted. Cost: two passes over the site.
 */
final class Twins {
  private static final double[] NONE = new double[0];

  private final int first;

  /** sum c over the other keys, {@code [keys of the site]}. */
  private final double[] weights;

  /** sum c (v - centre) over them. */
  private final double[] values;

  /** sum c v over them, of each further value. */
  private final double[][] others;

  Twins(KeyBlock block, int site) {
    first = block.starts[site];
    int size = block.starts[site + 1] - first;
    weights = without(size, j -> block.weights[first + j]);
    values =
        without(
            size, j -> block.weights[first + j] * (block.values[first + j] - block.valueCentre));
    others = new double[block.others.length][];
    for (int v = 0; v < others.length; v++) {
      double[] further = block.others[v];
      others[v] = without(size, j -> block.weights[first + j] * further[first + j]);
    }
  }

  private static double[] without(int size, IntToDoubleFunction part) {
    double[] sums = new double[size];
    double before = 0;
    for (int j = 0; j < size; j++) {
      sums[j] = before;
      before += part.applyAsDouble(j);
    }
    double behind = 0;
    for (int j = size - 1; j >= 0; j--) {
      sums[j] += behind;
      behind += part.applyAsDouble(j);
    }
    return sums;
  }

  /** sum c over the twins of key j of the block. */
  double weight(int j) {
    return weights[j - first];
  }

  /** sum c (v - centre) over the twins of key j of the block. */
  double value(int j) {
    return values[j - first];
  }

  /** sum c v over the twins of key j of the block, of each further value. */
  double[] others(int j) {
    if (others.length == 0) {
      return NONE;
    }
    double[] sums = new double[others.length];
    for (int v = 0; v < sums.length; v++) {
      sums[v] = others[v][j - first];
    }
    return sums;
  }
}
