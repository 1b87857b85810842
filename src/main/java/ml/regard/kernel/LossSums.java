package ml.regard.kernel;

import java.io.Serializable;

/**
 * The squared errors of some training rows with their derivatives by the logarithms of the widths.
 *
 * <pre>
 *   L = sum_i c_i r_i^2      r_i = y_i - y^_i, the pooled value without the keys that i leaves out
 *   gradient                  dL/dlog h_g = -2 sum_i c_i r_i dy^_i/dlog h_g
 *   Gauss-Newton matrix   G = 2 sum_i c_i dy^_i dy^_i^T
 *   gradient spread       V = sum_i g_i g_i^T, g_i the part of row i in the gradient
 *   Hessian               H = 2 sum_i c_i (dy^_i dy^_i^T - r_i d2y^_i)
 *   trace                     sum_i a_ii, the attention that rows pay to themselves when they may,
 *                             with its gradient where no key is left out
 * </pre>
 *
 * <p>Rows without an allowed key have no residual: they are counted in {@link #noKeys} and enter
 * nothing else. Which rows these are depends on weights and masks only, never on widths.
 *
 * <p>Sums merge by addition: {@link #add} a row, {@link #merge} the sums of other rows. The order
 * of merging is the caller's; a fixed order gives fixed bits. Not safe for many threads.
 */
public final class LossSums implements Mergeable<LossSums>, Serializable {
  private static final long serialVersionUID = 1;

  private static final int ROWS = 0;
  private static final int NO_KEYS = 1;
  private static final int WEIGHT = 2;
  private static final int LOSS = 3;
  private static final int VALUE_SUM = 4;
  private static final int VALUE_SQUARES = 5;
  private static final int TRACE = 6;
  private static final int SCALARS = 7;

  private final int numWidths;
  private final Terms terms;
  private final double[] sums;

  /**
   * Sums over no row.
   *
   * @param terms {@link Terms#VALUE} for the scalars alone, {@link Terms#WIDTHS} for first
   *     derivatives, {@link Terms#CURVATURE} for the Hessian too
   */
  public LossSums(int numWidths, Terms terms) {
    this.numWidths = numWidths;
    this.terms = terms;
    this.sums = new double[length(numWidths, terms)];
  }

  /**
   * The sums that {@link #toArray} wrote.
   *
   * @throws IllegalArgumentException if they have another length
   */
  public static LossSums of(int numWidths, Terms terms, double[] fields) {
    LossSums sums = new LossSums(numWidths, terms);
    Checks.length("the fields of the sums", sums.sums.length, fields.length);
    System.arraycopy(fields, 0, sums.sums, 0, fields.length);
    return sums;
  }

  /** How many numbers the sums are. */
  public static int length(int numWidths, Terms terms) {
    int pairs = numWidths * (numWidths + 1) / 2;
    int first = terms.hasWidths() ? 2 * numWidths + 2 * pairs : 0;
    return SCALARS + first + (terms == Terms.CURVATURE ? pairs : 0);
  }

  /**
   * All there is, to be kept: rows, noKeys, sum c, L, the sums of c y and of c y^2 about the mean,
   * the trace; gradient, gradient of the trace, packed G, packed V, packed H. Exact below 2^53
   * rows.
   */
  public double[] toArray() {
    return sums.clone();
  }

  /**
   * Adds one row.
   *
   * @param centredValue the row's value minus the weighted mean of all values
   * @param state the sums of the row as query i, which have met all keys
   */
  void add(double rowWeight, double centredValue, LeaveOut leaveOut, PooledState state, int i) {
    double residual = centredValue - state.centred(i);
    double leverage = state.leverage(i, rowWeight, leaveOut == LeaveOut.NONE);
    sums[ROWS]++;
    sums[WEIGHT] += rowWeight;
    sums[LOSS] += rowWeight * residual * residual;
    sums[VALUE_SUM] += rowWeight * centredValue;
    sums[VALUE_SQUARES] += rowWeight * centredValue * centredValue;
    sums[TRACE] += leverage;
    if (terms.hasWidths()) {
      addDerivatives(rowWeight, residual, leverage, state, i);
    }
  }

  private void addDerivatives(
      double rowWeight, double residual, double leverage, PooledState state, int i) {
    double[] byLogWidth = new double[numWidths];
    for (int g = 0; g < numWidths; g++) {
      byLogWidth[g] = state.byLogWidth(i, g);
      sums[gradientAt() + g] -= 2 * rowWeight * residual * byLogWidth[g];
      sums[traceGradientAt() + g] -= leverage * state.meanSquare(i, g);
    }
    double part = 2 * rowWeight * residual;
    int pair = 0;
    for (int g = 0; g < numWidths; g++) {
      for (int h = g; h < numWidths; h++, pair++) {
        sums[matrixAt(0) + pair] += 2 * rowWeight * byLogWidth[g] * byLogWidth[h];
        sums[matrixAt(1) + pair] += part * byLogWidth[g] * (part * byLogWidth[h]);
      }
    }
    if (terms == Terms.CURVATURE) {
      double[] second = state.secondByLogWidths(i);
      pair = 0;
      for (int g = 0; g < numWidths; g++) {
        for (int h = g; h < numWidths; h++, pair++) {
          sums[matrixAt(2) + pair] +=
              2 * rowWeight * (byLogWidth[g] * byLogWidth[h] - residual * second[pair]);
        }
      }
    }
  }

  /**
   * The scalars alone, of values about another centre.
   *
   * @param shift that centre minus the one they are about
   */
  public LossSums scalars(double shift) {
    LossSums scalars = new LossSums(1, Terms.VALUE);
    System.arraycopy(sums, 0, scalars.sums, 0, SCALARS);
    scalars.sums[VALUE_SUM] -= shift * weight();
    scalars.sums[VALUE_SQUARES] += shift * (shift * weight() - 2 * sums[VALUE_SUM]);
    return scalars;
  }

  void addWithoutKeys() {
    sums[NO_KEYS]++;
  }

  /** Adds the sums of other rows at the same widths. */
  @Override
  public LossSums merge(LossSums other) {
    Checks.length("the sums", sums.length, other.sums.length);
    for (int s = 0; s < sums.length; s++) {
      sums[s] += other.sums[s];
    }
    return this;
  }

  /** Which derivatives there are. */
  public Terms terms() {
    return terms;
  }

  /** Rows with a residual. */
  public long rows() {
    return (long) sums[ROWS];
  }

  /** Rows that had no allowed key. */
  public long noKeys() {
    return (long) sums[NO_KEYS];
  }

  /** sum c over the rows with a residual. */
  public double weight() {
    return sums[WEIGHT];
  }

  /** The summed squared error L. */
  public double loss() {
    return sums[LOSS];
  }

  /** The mean squared error L / sum c; NaN over no row. */
  public double meanLoss() {
    return loss() / weight();
  }

  /**
   * The trace of the smoother over these rows: their part of the effective degrees of freedom.
   * Where more than the own row is left out it is that of the smoother without those keys.
   */
  public double trace() {
    return sums[TRACE];
  }

  /** dL / dlog h, {@code [numWidths]}, a copy. */
  public double[] gradient() {
    return vector(gradientAt());
  }

  /**
   * The derivative of the trace by log h, {@code [numWidths]}, a copy; where no key is left out.
   */
  public double[] traceGradient() {
    return vector(traceGradientAt());
  }

  /** The Gauss-Newton matrix {@code [numWidths x numWidths]}, a copy. */
  public double[][] gaussNewton() {
    return matrix(0);
  }

  /** The gradient spread {@code [numWidths x numWidths]}, a copy. */
  public double[][] gradientSpread() {
    return matrix(1);
  }

  /** The Hessian {@code [numWidths x numWidths]}, a copy. */
  public double[][] hessian() {
    if (terms != Terms.CURVATURE) {
      throw new IllegalStateException("the Hessian was not formed");
    }
    return matrix(2);
  }

  /**
   * The R^2 of the predictions, 1 - L / sum c (y - ybar)^2 over the rows with a residual; NaN when
   * their values do not differ.
   */
  public double rSquared() {
    double total = sums[VALUE_SQUARES] - sums[VALUE_SUM] * sums[VALUE_SUM] / weight();
    return total > 0 ? 1 - loss() / total : Double.NaN;
  }

  private static int gradientAt() {
    return SCALARS;
  }

  private int traceGradientAt() {
    return SCALARS + numWidths;
  }

  private int matrixAt(int m) {
    return SCALARS + 2 * numWidths + m * (numWidths * (numWidths + 1) / 2);
  }

  private double[] vector(int at) {
    return terms.hasWidths()
        ? java.util.Arrays.copyOfRange(sums, at, at + numWidths)
        : new double[0];
  }

  private double[][] matrix(int m) {
    int n = terms.hasWidths() ? numWidths : 0;
    double[][] full = new double[n][n];
    int packed = matrixAt(m);
    for (int g = 0; g < n; g++) {
      for (int h = g; h < n; h++) {
        full[g][h] = sums[packed];
        full[h][g] = sums[packed++];
      }
    }
    return full;
  }
}
