package ml.regard.kernel;

/**
 * The loss of training rows: each row asks as a query and attends to every key but those that it
 * leaves out, as a rule its own row. By row, never by distance 0: a row with a twin still attends
 * to the twin.
 *
 * <p>Cost: one exponential per pair of sites. Safe for many threads.
 */
public final class LeaveOneOut {
  private LeaveOneOut() {}

  /**
   * The loss of the rows at the given positions.
   *
   * @param positions at most a few thousand, in ascending order: one block
   * @param inverseWidths length 1 (shared) or dim
   * @param terms VALUE, WIDTHS or CURVATURE
   * @throws IllegalArgumentException if the inverse widths do not fit the keys
   */
  public static LossSums sums(
      PackedKeys keys, int[] positions, double[] inverseWidths, LeaveOut leaveOut, Terms terms) {
    TrainingQueries rows = TrainingQueries.of(keys, positions, leaveOut);
    PooledState state = rows.met(AttentionPooling.pool(keys, rows.block(), inverseWidths, terms));
    LossSums sums = new LossSums(inverseWidths.length, terms);
    for (int i = 0; i < rows.size(); i++) {
      add(rows, i, state, sums);
    }
    return sums;
  }

  /**
   * Adds the residual of row i, with its derivatives where the state has them, to the sums of its
   * block. The state is that of the rows when they have met all keys ({@link TrainingQueries#met}):
   * the pooled value is a ratio of sums.
   */
  public static void add(TrainingQueries rows, int i, PooledState state, LossSums sums) {
    if (state.noKeys(i)) {
      sums.addWithoutKeys();
      return;
    }
    double value = rows.value(i) - state.valueCentre;
    sums.add(rows.weight(i), value, rows.leaveOut(), state, i);
  }

  /**
   * The residuals y_i - y^_{-i} of rows at the given widths; NaN where a row has no allowed key.
   *
   * @param keys all keys
   * @param rows at most a few thousand
   * @param tolerance as of {@link AttentionPooling#pool(Keys, QueryBlock, double[][], Terms,
   *     double)}
   */
  public static double[] residuals(
      Keys keys, TrainingQueries rows, double[] inverseWidths, double tolerance) {
    double[][] at = {inverseWidths};
    PooledState state =
        rows.met(AttentionPooling.pool(keys, rows.block(), at, Terms.VALUE, tolerance)[0]);
    double[] residuals = new double[rows.size()];
    for (int i = 0; i < residuals.length; i++) {
      residuals[i] = residual(rows, i, state);
    }
    return residuals;
  }

  /** The residual of row i of the state that the rows have met; NaN without an allowed key. */
  static double residual(TrainingQueries rows, int i, PooledState state) {
    return rows.value(i) - state.valueCentre - state.centred(i);
  }
}
