package ml.regard.optim;

/**
 * Eigenvalues and eigenvectors of a small symmetric matrix by Jacobi's rotations, in a fixed order
 * and so with fixed bits. Cost: O(n^3) a sweep, some ten sweeps.
 *
 * @param values {@code [n]}
 * @param vectors {@code [n x n]}, an eigenvector in each column
 */
record SymmetricEigen(double[] values, double[][] vectors) {
  private static final int MAX_SWEEPS = 60;

  static SymmetricEigen of(double[][] matrix) {
    int n = matrix.length;
    double[][] a = new double[n][];
    double[][] q = new double[n][n];
    for (int i = 0; i < n; i++) {
      a[i] = matrix[i].clone();
      q[i][i] = 1;
    }
    for (int sweep = 0; sweep < MAX_SWEEPS && !isDiagonal(a); sweep++) {
      for (int i = 0; i < n; i++) {
        for (int j = i + 1; j < n; j++) {
          if (a[i][j] != 0) {
            rotate(a, q, i, j);
          }
        }
      }
    }
    double[] values = new double[n];
    for (int i = 0; i < n; i++) {
      values[i] = a[i][i];
    }
    return new SymmetricEigen(values, q);
  }

  /** The coordinates of a vector along the eigenvectors. */
  double[] along(double[] x) {
    double[] along = new double[x.length];
    for (int k = 0; k < x.length; k++) {
      for (int i = 0; i < x.length; i++) {
        along[k] += vectors[i][k] * x[i];
      }
    }
    return along;
  }

  /** The vector that has these coordinates along the eigenvectors. */
  double[] combined(double[] along) {
    double[] x = new double[along.length];
    for (int i = 0; i < x.length; i++) {
      for (int k = 0; k < x.length; k++) {
        x[i] += vectors[i][k] * along[k];
      }
    }
    return x;
  }

  private static boolean isDiagonal(double[][] a) {
    double off = 0;
    double on = 0;
    for (int i = 0; i < a.length; i++) {
      on += Math.abs(a[i][i]);
      for (int j = i + 1; j < a.length; j++) {
        off += Math.abs(a[i][j]);
      }
    }
    return !(off > 1e-17 * on);
  }

  /** Makes a[i][j] zero. */
  private static void rotate(double[][] a, double[][] q, int i, int j) {
    double theta = (a[j][j] - a[i][i]) / (2 * a[i][j]);
    double t = Math.copySign(1, theta) / (Math.abs(theta) + Math.sqrt(theta * theta + 1));
    double c = 1 / Math.sqrt(t * t + 1);
    double s = t * c;
    for (double[] row : a) {
      rotate(row, i, j, c, s);
    }
    for (int k = 0; k < a.length; k++) {
      double x = a[i][k];
      double y = a[j][k];
      a[i][k] = c * x - s * y;
      a[j][k] = s * x + c * y;
    }
    for (double[] row : q) {
      rotate(row, i, j, c, s);
    }
  }

  private static void rotate(double[] row, int i, int j, double c, double s) {
    double x = row[i];
    double y = row[j];
    row[i] = c * x - s * y;
    row[j] = s * x + c * y;
  }
}
