package ml.regard.kernel;

import java.util.Arrays;

/**
 * Attention pooling where each query brings its own keys and values.
 *
 * <pre>
 *   a_ij = softmax_j( -1/2 sum_f ((q_if - k_ijf) w_f)^2 )      y^_i = sum_j a_ij v_ij
 * </pre>
 *
 * <p>Shapes: queries {@code [n x d]}, keys {@code [n x k x d]}, values {@code [n x k x c]}, weights
 * {@code [n x k]}, pooled {@code [n x c]}; k may differ from query to query. The weighted average
 * is a {@link BatchProduct} of weights {@code [n x 1 x k]} and values {@code [n x k x c]}, as in
 * the textbook. With the training rows as queries and all other rows as each one's keys this is the
 * textbook's leave-one-out training set; {@link LeaveOneOut} does the same without the copies. Safe
 * for many threads.
 */
public final class BatchedAttention {
  private BatchedAttention() {}

  /**
   * The attention weights, a row per query; each row sums to 1, and is empty when k is 0.
   *
   * @param inverseWidths length 1 (shared) or d
   * @throws IllegalArgumentException if shapes do not agree or an inverse width is not finite
   */
  public static double[][] weights(double[][] queries, double[][][] keys, double[] inverseWidths) {
    Checks.length("the batch of keys", queries.length, keys.length);
    double[][] weights = new double[queries.length][];
    for (int i = 0; i < queries.length; i++) {
      weights[i] = weights(queries[i], keys[i], inverseWidths);
    }
    return weights;
  }

  /**
   * The pooled values {@code [n x c]}; NaN for a query without keys.
   *
   * @throws IllegalArgumentException if shapes do not agree or an inverse width is not finite
   */
  public static double[][] pool(
      double[][] queries, double[][][] keys, double[][][] values, double[] inverseWidths) {
    double[][] weights = weights(queries, keys, inverseWidths);
    double[][][] rows = new double[weights.length][][];
    for (int i = 0; i < rows.length; i++) {
      rows[i] = new double[][] {weights[i]};
    }
    double[][][] product = BatchProduct.multiply(rows, values);
    double[] none = new double[columns(values)];
    Arrays.fill(none, Double.NaN);
    double[][] pooled = new double[product.length][];
    for (int i = 0; i < pooled.length; i++) {
      pooled[i] = keys[i].length == 0 ? none.clone() : product[i][0];
    }
    return pooled;
  }

  /** The number of columns c of the first query that has values; 1 when none has. */
  private static int columns(double[][][] values) {
    for (double[][] rows : values) {
      if (rows.length > 0) {
        return rows[0].length;
      }
    }
    return 1;
  }

  private static double[] weights(double[] query, double[][] keys, double[] inverseWidths) {
    Checks.inverseWidths(inverseWidths, query.length);
    double[] logits = new double[keys.length];
    for (int j = 0; j < keys.length; j++) {
      Checks.length("a key", query.length, keys[j].length);
      double sum = 0;
      for (int f = 0; f < query.length; f++) {
        double scaled = (query[f] - keys[j][f]) * inverseWidths[inverseWidths.length == 1 ? 0 : f];
        sum += scaled * scaled;
      }
      logits[j] = Math.max(-0.5 * sum, -Double.MAX_VALUE);
    }
    AttentionPooling.softmax(logits);
    return logits;
  }
}
