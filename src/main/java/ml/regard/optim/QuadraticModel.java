package ml.regard.optim;

/**
 * A quadratic model of a function around a point, {@code g d + 1/2 d B d}, minimised within a ball.
 * B may be indefinite.
 */
record QuadraticModel(double[] gradient, double[][] curvature) {
  private static final int BISECTIONS = 200;

  /** Curvature below this share of the largest is rounding. */
  private static final double FLAT = 1e-14;

  /**
   * The step of at most this length that makes the model smallest: -(B + mu I)^-1 g, with mu the
   * smallest for which B + mu I is positive and the step short enough. No step along directions
   * without a slope.
   */
  double[] step(double radius) {
    SymmetricEigen eigen = SymmetricEigen.of(curvature);
    double[] slope = eigen.along(gradient);
    double largest = Dense.largest(eigen.values());
    double low = 0;
    for (int k = 0; k < slope.length; k++) {
      if (slope[k] != 0) {
        low = Math.max(low, FLAT * largest - eigen.values()[k]);
      }
    }
    double[] along = along(eigen.values(), slope, low);
    if (Dense.euclidean(along) <= radius) {
      return eigen.combined(along);
    }
    double high = low + Dense.euclidean(slope) / radius + largest;
    for (int b = 0; b < BISECTIONS && low < high; b++) {
      double middle = 0.5 * (low + high);
      if (middle <= low || middle >= high) {
        break;
      }
      if (Dense.euclidean(along(eigen.values(), slope, middle)) > radius) {
        low = middle;
      } else {
        high = middle;
      }
    }
    return eigen.combined(along(eigen.values(), slope, high));
  }

  /** By how much the model falls with a step. */
  double decrease(double[] step) {
    double decrease = 0;
    for (int g = 0; g < step.length; g++) {
      decrease -= gradient[g] * step[g];
      for (int h = 0; h < step.length; h++) {
        decrease -= 0.5 * step[g] * curvature[g][h] * step[h];
      }
    }
    return decrease;
  }

  private static double[] along(double[] values, double[] slope, double mu) {
    double[] along = new double[slope.length];
    for (int k = 0; k < slope.length; k++) {
      along[k] = slope[k] == 0 ? 0 : -slope[k] / (values[k] + mu);
    }
    return along;
  }
}
