package ml.regard.kernel;

import java.util.Arrays;
import java.util.Iterator;

/**
 * Attention pooling with given widths (Nadaraya-Watson, the textbook's non-parametric attention):
 *
 * <pre>
 *   a_j = exp(z_j) / sum_l exp(z_l)      y^ = sum_j a_j v_j
 *   z_j = log c_j - 1/2 sum_f ((q_f - k_jf) w_f)^2
 * </pre>
 *
 * <p>Inverse widths have length 1 (shared by all features) or dim; only their square matters.
 * Methods check their arguments, the loops behind them do not. Cost: one exponential per pair of
 * query and key; memory 8 bytes per query and sum. Safe for many threads.
 *
 * <p>Source: E. A. Nadaraya, On estimating regression, Theory of Probability and its Applications 9
 * (1964) 141-142; G. S. Watson, Smooth regression analysis, Sankhya A 26 (1964) 359-372.
 */
public final class AttentionPooling {
  private static final PoolingSupport SUPPORT = PoolingSupportProvider.pick();

  private AttentionPooling() {}

  /** Which loop runs in this process: "scalar" or "simd". */
  public static String support() {
    return SUPPORT.name();
  }

  /**
   * The sums of a block of queries over all keys.
   *
   * @throws IllegalArgumentException if the dimensions of queries, keys and inverse widths differ
   */
  public static PooledState pool(
      Keys keys, QueryBlock queries, double[] inverseWidths, Terms terms) {
    PooledState state = empty(keys, queries, inverseWidths, terms);
    keys.blocks().forEachRemaining(block -> add(block, queries, inverseWidths, state));
    return state;
  }

  /**
   * The sums of a block of queries before they have met a key.
   *
   * @throws IllegalArgumentException if the dimensions of queries, keys and inverse widths differ
   */
  public static PooledState empty(
      Keys keys, QueryBlock queries, double[] inverseWidths, Terms terms) {
    check(keys, queries, inverseWidths);
    return new PooledState(queries.size(), inverseWidths.length, terms, keys.valueCentre());
  }

  /** Adds one block of keys to sums that {@link #empty} made of the same queries and widths. */
  public static void add(
      KeyBlock block, QueryBlock queries, double[] inverseWidths, PooledState state) {
    SUPPORT.accumulate(block, queries, inverseWidths, state);
  }

  /** Empty sums of a block of queries for each candidate of the inverse widths. */
  public static PooledState[] empty(
      Keys keys, QueryBlock queries, double[][] candidates, Terms terms) {
    return Arrays.stream(candidates)
        .map(w -> empty(keys, queries, w, terms))
        .toArray(PooledState[]::new);
  }

  /** Adds one block of keys to the sums of each candidate. */
  public static void add(
      KeyBlock block, QueryBlock queries, double[][] candidates, PooledState[] states) {
    for (int c = 0; c < candidates.length; c++) {
      add(block, queries, candidates[c], states[c]);
    }
  }

  /**
   * The attention weights {@code [m x n]}, a row per query and a column per key in canonical order.
   * Each row sums to 1; a row without an allowed key is NaN throughout. Memory: 8 m n bytes.
   *
   * @throws IllegalArgumentException if the dimensions of queries, keys and inverse widths differ
   */
  public static double[][] weights(Keys keys, QueryBlock queries, double[] inverseWidths) {
    check(keys, queries, inverseWidths);
    double[][] rows = new double[queries.size()][keys.numKeys()];
    double[] max = new double[rows.length];
    Arrays.fill(max, Double.NEGATIVE_INFINITY);
    double[] logits = new double[PackedKeys.BLOCK_SIZE];
    Iterator<KeyBlock> blocks = keys.blocks();
    while (blocks.hasNext()) {
      KeyBlock block = blocks.next();
      for (int i = 0; i < rows.length; i++) {
        max[i] = Math.max(max[i], SUPPORT.logits(block, queries, i, inverseWidths, logits));
        System.arraycopy(logits, 0, rows[i], block.firstPosition, block.size());
      }
    }
    for (int i = 0; i < rows.length; i++) {
      softmax(rows[i], max[i]);
    }
    return rows;
  }

  /**
   * The pooled value of one query, the slow obvious way: all logits, then the softmax, then the sum
   * of weight times value. What faster ways are checked against.
   *
   * @throws IllegalArgumentException if the dimensions of query, keys and inverse widths differ
   */
  public static double reference(PackedKeys keys, double[] query, double[] inverseWidths) {
    check(keys, QueryBlock.of(query.length, new double[][] {query}), inverseWidths);
    double[] weights = new double[keys.numKeys()];
    double max = Double.NEGATIVE_INFINITY;
    for (int j = 0; j < weights.length; j++) {
      double sum = 0;
      for (int f = 0; f < query.length; f++) {
        double w = inverseWidths[inverseWidths.length == 1 ? 0 : f];
        sum += StrictMath.pow((query[f] - keys.feature(j, f)) * w, 2);
      }
      weights[j] = StrictMath.log(keys.weight(j)) - sum / 2;
      max = Math.max(max, weights[j]);
    }
    softmax(weights, max);
    double pooled = 0;
    for (int j = 0; j < weights.length; j++) {
      pooled += weights[j] * keys.value(j);
    }
    return pooled;
  }

  /** exp(z - max) / sum, in place; NaN throughout when max is -infinity. */
  static void softmax(double[] logits, double max) {
    double sum = 0;
    for (int j = 0; j < logits.length; j++) {
      logits[j] = StrictMath.exp(logits[j] - max);
      sum += logits[j];
    }
    for (int j = 0; j < logits.length; j++) {
      logits[j] /= sum;
    }
  }

  private static void check(Keys keys, QueryBlock queries, double[] inverseWidths) {
    if (queries.dim() != keys.dim()) {
      throw new IllegalArgumentException(
          "queries must have the %d features of the keys, but have %d"
              .formatted(keys.dim(), queries.dim()));
    }
    Checks.inverseWidths(inverseWidths, keys.dim());
  }
}
