package ml.regard.kernel;

/**
 * The local scale s of errors around a query, of the squared leave-one-out residuals r_j^2 of the
 * keys it attends to, and the score of a row: its error in units of s.
 *
 * <pre>
 *   s^2 = (N R2/S0 + g) / (N + 1) (1 + 1/N) = R2/S0 + g/N       R2 = sum_j e_j r_j^2
 *   score = |v - y| / s
 * </pre>
 *
 * <p>N is the effective number of keys, g the mean of r^2 over all keys: with few keys s falls back
 * on what is usual, and 1/N is the doubt about y itself. Not the spread of the values under the
 * attention, which contains the slope of y. Keys carry r^2 / g as their first further value, so
 * that its sums are near 1 whatever the unit of the values. Methods are pure.
 */
public final class LocalScale {
  private LocalScale() {}

  /**
   * s of query i, in the unit of the values; NaN without an allowed key.
   *
   * @param state of DETAIL, with r^2 / g as the first further value
   * @param meanSquare g
   */
  public static double of(PooledState state, int i, double meanSquare) {
    return of(state.pooled(i, 0), 1 / state.effectiveKeys(i), meanSquare);
  }

  /** s of the mean of r^2 / g under the attention and of 1 / N. */
  static double of(double meanOfSquares, double shareOfOne, double meanSquare) {
    return Math.sqrt(meanSquare) * Math.sqrt(meanOfSquares + shareOfOne);
  }

  /** |r| / s; 0 where both are, infinite where only s is 0, NaN where r is. */
  static double score(double residual, double scale) {
    return residual == 0 ? 0 : Math.abs(residual) / scale;
  }

  /**
   * The scores of training rows, each of which leaves out what the rows say; NaN where a row has no
   * allowed key.
   *
   * @param keys all keys, with r^2 / g as their first further value
   * @param rows at most a few thousand
   * @param tolerance as of {@link AttentionPooling#pool(Keys, QueryBlock, double[][], Terms,
   *     double)}
   */
  public static double[] scores(
      Keys keys,
      TrainingQueries rows,
      double[] inverseWidths,
      double tolerance,
      double meanSquare) {
    double[][] at = {inverseWidths};
    PooledState state =
        rows.met(AttentionPooling.pool(keys, rows.block(), at, Terms.DETAIL, tolerance)[0]);
    double[] scores = new double[rows.size()];
    for (int i = 0; i < scores.length; i++) {
      scores[i] = score(LeaveOneOut.residual(rows, i, state), of(state, i, meanSquare));
    }
    return scores;
  }

  /**
   * The scores of rows that are no keys, in their order; otherwise as for training rows.
   *
   * @param rows at most a few thousand
   */
  public static double[] scores(
      Keys keys, RowChunk rows, double[] inverseWidths, double tolerance, double meanSquare) {
    PooledState state =
        AttentionPooling.predict(
            keys, rows.queries(keys), inverseWidths, Terms.DETAIL, tolerance, Precision.FLOAT64);
    double[] scores = new double[rows.size()];
    for (int i = 0; i < scores.length; i++) {
      double residual = rows.value(i) - state.valueCentre - state.centred(i);
      scores[i] = score(residual, of(state, i, meanSquare));
    }
    return scores;
  }
}
