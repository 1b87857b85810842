package ml.regard.lattice;

import java.io.Serializable;
import java.util.Arrays;

/**
 * The nodes of a feature that has few values: the values themselves, ascending. Value i reaches the
 * values from {@code first[i]} to {@code end[i] - 1}, those within {@link #REACH} widths.
 * Immutable.
 */
final class ValueAxis implements Serializable {
  private static final long serialVersionUID = 1;

  /** In widths: what lies farther is below exp(-72) = 5e-32. */
  static final double REACH = 12;

  final double[] values;
  final double inverseWidth;
  final int[] first;
  final int[] end;

  ValueAxis(double[] values, double inverseWidth) {
    this.values = values;
    this.inverseWidth = Math.abs(inverseWidth);
    first = new int[values.length];
    end = new int[values.length];
    int from = 0;
    int to = 0;
    for (int i = 0; i < values.length; i++) {
      while ((values[i] - values[from]) * this.inverseWidth > REACH) {
        from++;
      }
      while (to < values.length && (values[to] - values[i]) * this.inverseWidth <= REACH) {
        to++;
      }
      first[i] = from;
      end[i] = to;
    }
  }

  /** Pairs of values within reach. */
  double pairs() {
    double pairs = 0;
    for (int i = 0; i < values.length; i++) {
      pairs += end[i] - first[i];
    }
    return pairs;
  }

  /** The place of a value; negative if it is none of them. */
  int place(double value) {
    return Arrays.binarySearch(values, value + 0.0);
  }

  /** The place of the first value that is at least this, or beyond it. */
  int firstFrom(double x, boolean beyond) {
    int place = Arrays.binarySearch(values, x + 0.0);
    return place < 0 ? -1 - place : beyond ? place + 1 : place;
  }

  /**
   * The kernel x^(2 power) exp(-x^2 / 2) between value i and those it reaches, itself left out: 0
   * there.
   */
  double[] kernel(int i, int power) {
    double[] kernel = new double[end[i] - first[i]];
    for (int j = first[i]; j < end[i]; j++) {
      double x = (values[i] - values[j]) * inverseWidth;
      double square = x * x;
      double term = j == i ? 0 : StrictMath.exp(-square / 2);
      for (int k = 0; k < power; k++) {
        term *= square;
      }
      kernel[j - first[i]] = term;
    }
    return kernel;
  }
}
