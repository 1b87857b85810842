package ml.regard.kernel;

/**
 * The leave-one-out loss of training rows: each row asks as a query and attends to every key but
 * itself. By row, never by distance 0: a row with a twin still attends to the twin.
 *
 * <p>Cost: one exponential per pair of row and key. Safe for many threads.
 */
public final class LeaveOneOut {
  private LeaveOneOut() {}

  /**
   * The loss of the rows at the given positions with its derivatives by the log widths.
   *
   * @param positions at most a few thousand, in ascending order: one block
   * @param inverseWidths length 1 (shared) or dim
   * @throws IllegalArgumentException if the inverse widths do not fit the keys
   */
  public static LossSums lossAndGradient(PackedKeys keys, int[] positions, double[] inverseWidths) {
    return sums(keys, positions, inverseWidths, Terms.WIDTHS);
  }

  /** The loss alone, cheaper; otherwise as {@link #lossAndGradient}. */
  public static LossSums loss(PackedKeys keys, int[] positions, double[] inverseWidths) {
    return sums(keys, positions, inverseWidths, Terms.VALUE);
  }

  private static LossSums sums(
      PackedKeys keys, int[] positions, double[] inverseWidths, Terms terms) {
    TrainingQueries rows = TrainingQueries.of(keys, positions);
    PooledState state = AttentionPooling.pool(keys, rows.block(), inverseWidths, terms);
    LossSums sums = new LossSums(terms == Terms.WIDTHS ? inverseWidths.length : 0);
    for (int i = 0; i < rows.size(); i++) {
      add(rows, i, state, inverseWidths, sums);
    }
    return sums;
  }

  /**
   * Adds the residual of row i, with its derivatives where the state has them, to the sums of its
   * block. The state must have met all keys: the pooled value is a ratio of sums.
   *
   * @param sums over as many widths as the state has derivatives by
   */
  public static void add(
      TrainingQueries rows, int i, PooledState state, double[] inverseWidths, LossSums sums) {
    if (state.noKeys(i)) {
      sums.addWithoutKeys();
      return;
    }
    double[] byLogWidth = new double[state.terms == Terms.WIDTHS ? inverseWidths.length : 0];
    for (int g = 0; g < byLogWidth.length; g++) {
      byLogWidth[g] = state.byLogWidth(i, g, inverseWidths[g]);
    }
    double value = rows.value(i) - state.valueCentre;
    sums.add(rows.weight(i), value, value - state.centred(i), byLogWidth);
  }
}
