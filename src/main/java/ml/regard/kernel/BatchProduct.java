package ml.regard.kernel;

/**
 * The batch matrix product: n independent products of matrices.
 *
 * <pre>
 *   C_i = A_i B_i      A [n x a x b], B [n x b x c]  ->  C [n x a x c]
 * </pre>
 *
 * <p>Cost: n a b c multiplications; the sum over b runs in order. Safe for many threads.
 */
public final class BatchProduct {
  private BatchProduct() {}

  /**
   * The product of each pair of matrices.
   *
   * @throws IllegalArgumentException if the batches differ in length or inner dimensions do not
   *     agree
   */
  public static double[][][] multiply(double[][][] left, double[][][] right) {
    Checks.length("the right batch", left.length, right.length);
    double[][][] product = new double[left.length][][];
    for (int i = 0; i < left.length; i++) {
      product[i] = multiply(i, left[i], right[i]);
    }
    return product;
  }

  private static double[][] multiply(int i, double[][] left, double[][] right) {
    int columns = right.length == 0 ? 0 : right[0].length;
    for (double[] row : right) {
      Checks.length("a row of right matrix " + i, columns, row.length);
    }
    double[][] product = new double[left.length][columns];
    for (int a = 0; a < left.length; a++) {
      Checks.length("a row of left matrix " + i, right.length, left[a].length);
      for (int b = 0; b < right.length; b++) {
        for (int c = 0; c < columns; c++) {
          product[a][c] += left[a][b] * right[b][c];
        }
      }
    }
    return product;
  }
}
