package ml.regard.kernel;

import java.io.Serializable;
import java.util.function.IntToDoubleFunction;

/**
 * For each key of a site, the sums over the other keys of the site: those before it and those
 * behind it, added. Nothing is subtracted. Cost: two passes over the site.
 */
final class Twins {
  private final int first;

  /** sum c over the other keys, {@code [keys of the site]}. */
  private final double[] weights;

  /** sum c (v - centre) over them. */
  private final double[] values;

  /** sum c^2 over them. */
  private final double[] squares;

  /** sum c u and sum c^2 u over them, of each further value. */
  private final double[][] others;

  private final double[][] otherSquares;

  /** The sums over the twins of one key; see {@link Twins}. Immutable. */
  static final class Sums implements Serializable {
    private static final long serialVersionUID = 1;

    final double weight;
    final double value;
    final double squares;
    final double[] others;
    final double[] otherSquares;

    private Sums(Twins twins, int at) {
      weight = twins.weights[at];
      value = twins.values[at];
      squares = twins.squares[at];
      others = new double[twins.others.length];
      otherSquares = new double[twins.others.length];
      for (int v = 0; v < others.length; v++) {
        others[v] = twins.others[v][at];
        otherSquares[v] = twins.otherSquares[v][at];
      }
    }
  }

  Twins(KeyBlock block, int site) {
    first = block.starts[site];
    int size = block.starts[site + 1] - first;
    weights = without(size, j -> block.weights[first + j]);
    values =
        without(
            size, j -> block.weights[first + j] * (block.values[first + j] - block.valueCentre));
    squares = without(size, j -> block.weights[first + j] * block.weights[first + j]);
    others = new double[block.others.length][];
    otherSquares = new double[block.others.length][];
    for (int v = 0; v < others.length; v++) {
      double[] further = block.others[v];
      others[v] = without(size, j -> block.weights[first + j] * further[first + j]);
      otherSquares[v] =
          without(
              size, j -> block.weights[first + j] * block.weights[first + j] * further[first + j]);
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

  /** The sums over the twins of key j of the block. */
  Sums of(int j) {
    return new Sums(this, j - first);
  }
}
