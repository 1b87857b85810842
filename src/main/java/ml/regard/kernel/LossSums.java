package ml.regard.kernel;

import java.io.Serializable;

/**
 * The leave-one-out loss of some training rows with its derivatives by the logarithms of the
 * widths.
 *
 * <pre>
 *   L = sum_i c_i r_i^2      r_i = y_i - y^_{-i}      dL/dlog h_g = -2 sum_i c_i r_i dy^_{-i}/dlog h_g
 *   G = 2 sum_i c_i dy^_{-i} dy^_{-i}^T               Gauss-Newton matrix, packed upper triangle
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

  private static final int SCALARS = 6;

  private long rows;
  private long noKeys;
  private double weight;
  private double loss;
  private double valueSum;
  private double valueSquares;
  private final double[] gradient;
  private final double[] gaussNewton;

  /** Sums over no row; with 0 widths only the loss is formed. */
  public LossSums(int numWidths) {
    gradient = new double[numWidths];
    gaussNewton = new double[numWidths * (numWidths + 1) / 2];
  }

  /**
   * The sums that {@link #toArray} wrote.
   *
   * @throws IllegalArgumentException if no number of widths has sums of this length
   */
  public static LossSums of(double[] fields) {
    int numWidths = 0;
    while (length(numWidths) < fields.length) {
      numWidths++;
    }
    Checks.length("the fields of the sums", length(numWidths), fields.length);
    LossSums sums = new LossSums(numWidths);
    sums.rows = (long) fields[0];
    sums.noKeys = (long) fields[1];
    sums.weight = fields[2];
    sums.loss = fields[3];
    sums.valueSum = fields[4];
    sums.valueSquares = fields[5];
    System.arraycopy(fields, SCALARS, sums.gradient, 0, numWidths);
    System.arraycopy(fields, SCALARS + numWidths, sums.gaussNewton, 0, sums.gaussNewton.length);
    return sums;
  }

  /**
   * All there is, to be kept: rows, noKeys, sum c, L, the sums of c y and of c y^2 about the mean,
   * the gradient, the packed G. Exact below 2^53 rows.
   */
  public double[] toArray() {
    double[] fields = new double[length(gradient.length)];
    fields[0] = rows;
    fields[1] = noKeys;
    fields[2] = weight;
    fields[3] = loss;
    fields[4] = valueSum;
    fields[5] = valueSquares;
    System.arraycopy(gradient, 0, fields, SCALARS, gradient.length);
    System.arraycopy(gaussNewton, 0, fields, SCALARS + gradient.length, gaussNewton.length);
    return fields;
  }

  /** How many numbers the sums are, by the number of widths. */
  public static int length(int numWidths) {
    return SCALARS + numWidths + numWidths * (numWidths + 1) / 2;
  }

  /**
   * Adds one row.
   *
   * @param centredValue the row's value minus the weighted mean of all values
   * @param residual value minus leave-one-out prediction
   * @param byLogWidth {@code [numWidths]}, the derivative of the prediction by each log width
   */
  void add(double rowWeight, double centredValue, double residual, double[] byLogWidth) {
    rows++;
    weight += rowWeight;
    loss += rowWeight * residual * residual;
    valueSum += rowWeight * centredValue;
    valueSquares += rowWeight * centredValue * centredValue;
    int packed = 0;
    for (int g = 0; g < gradient.length; g++) {
      gradient[g] -= 2 * rowWeight * residual * byLogWidth[g];
      for (int h = g; h < gradient.length; h++) {
        gaussNewton[packed++] += 2 * rowWeight * byLogWidth[g] * byLogWidth[h];
      }
    }
  }

  void addWithoutKeys() {
    noKeys++;
  }

  /** Adds the sums of other rows at the same widths. */
  @Override
  public LossSums merge(LossSums other) {
    Checks.length("the gradient", gradient.length, other.gradient.length);
    rows += other.rows;
    noKeys += other.noKeys;
    weight += other.weight;
    loss += other.loss;
    valueSum += other.valueSum;
    valueSquares += other.valueSquares;
    for (int g = 0; g < gradient.length; g++) {
      gradient[g] += other.gradient[g];
    }
    for (int p = 0; p < gaussNewton.length; p++) {
      gaussNewton[p] += other.gaussNewton[p];
    }
    return this;
  }

  /** Rows with a residual. */
  public long rows() {
    return rows;
  }

  /** Rows that had no allowed key. */
  public long noKeys() {
    return noKeys;
  }

  /** sum c over the rows with a residual. */
  public double weight() {
    return weight;
  }

  /** The summed squared error L. */
  public double loss() {
    return loss;
  }

  /** The mean squared error L / sum c; NaN over no row. */
  public double meanLoss() {
    return loss / weight;
  }

  /** dL / dlog h, {@code [numWidths]}, a copy. */
  public double[] gradient() {
    return gradient.clone();
  }

  /** The Gauss-Newton matrix {@code [numWidths x numWidths]}, a copy. */
  public double[][] gaussNewton() {
    int n = gradient.length;
    double[][] full = new double[n][n];
    int packed = 0;
    for (int g = 0; g < n; g++) {
      for (int h = g; h < n; h++) {
        full[g][h] = gaussNewton[packed];
        full[h][g] = gaussNewton[packed++];
      }
    }
    return full;
  }

  /**
   * The leave-one-out R^2, 1 - L / sum c (y - ybar)^2 over the rows with a residual; NaN when their
   * values do not differ.
   */
  public double rSquared() {
    double total = valueSquares - valueSum * valueSum / weight;
    return total > 0 ? 1 - loss / total : Double.NaN;
  }
}
