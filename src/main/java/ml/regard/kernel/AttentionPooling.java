package ml.regard.kernel;

import java.util.Iterator;
import java.util.stream.IntStream;

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
  static final PoolingSupport SUPPORT = PoolingSupportProvider.pick();

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
    return pool(keys, queries, new double[][] {inverseWidths}, terms, 0)[0];
  }

  /**
   * The sums for each candidate of the inverse widths, in one pass over the keys; in another one
   * for queries that are far from every key.
   *
   * @param tolerance by how much a pooled value may be moved by keys that are left out, as a share
   *     of the standard deviation of the values, of the first where there are several; 0 for none
   *     that would change a bit
   * @throws IllegalArgumentException if the dimensions of queries, keys and inverse widths differ
   */
  public static PooledState[] pool(
      Keys keys, QueryBlock queries, double[][] candidates, Terms terms, double tolerance) {
    PoolingPass pass = new PoolingPass(keys, queries, candidates, terms, tolerance, false);
    PooledState[] states = pass.meet(keys).states();
    for (int c = 0; c < candidates.length; c++) {
      int[] far = states[c].far();
      if (far.length > 0) {
        double[][] candidate = {candidates[c]};
        PoolingPass safe =
            new PoolingPass(keys, queries.select(far), candidate, terms, tolerance, true);
        states[c].replace(far, safe.meet(keys).states()[0]);
      }
    }
    return states;
  }

  /**
   * The sums of a block of queries over all keys, in the order of the queries; they go past the
   * keys in space order, so that neighbours pass by the same blocks. No bit depends on that.
   *
   * @param tolerance as of {@link #pool(Keys, QueryBlock, double[][], Terms, double)}
   * @param precision double for more than VALUE, where queries leave keys out, and beyond {@link
   *     Precision#FLOAT32_FEATURES}
   * @throws IllegalArgumentException if the dimensions of queries, keys and inverse widths differ
   */
  public static PooledState predict(
      Keys keys,
      QueryBlock queries,
      double[] inverseWidths,
      Terms terms,
      double tolerance,
      Precision precision) {
    int[] order = spaceOrder(keys, queries);
    int[] back = new int[order.length];
    for (int i = 0; i < order.length; i++) {
      back[order[i]] = i;
    }
    QueryBlock sorted = queries.select(order);
    double[][] widths = {inverseWidths};
    PooledState state =
        precision == Precision.FLOAT32
                && terms == Terms.VALUE
                && queries.attendsToAll()
                && keys.dim() <= Precision.FLOAT32_FEATURES
            ? poolSingle(keys, sorted, widths, tolerance)
            : pool(keys, sorted, widths, terms, tolerance)[0];
    return state.select(back);
  }

  /** The queries in the order of the keys they may attend to, and of these in space. */
  static int[] spaceOrder(Keys keys, QueryBlock queries) {
    long[] codes = new long[queries.size()];
    for (int i = 0; i < codes.length; i++) {
      codes[i] = keys.code(queries.query(i));
    }
    return IntStream.range(0, codes.length)
        .boxed()
        .sorted(queries.byAllowed().thenComparingLong(i -> codes[i]))
        .mapToInt(i -> i)
        .toArray();
  }

  /** In single precision, but for queries that are far from every key. */
  private static PooledState poolSingle(
      Keys keys, QueryBlock queries, double[][] widths, double tolerance) {
    PoolingPass pass =
        new PoolingPass(
            SUPPORT, keys, queries, widths, Terms.VALUE, Precision.FLOAT32, tolerance, false);
    PooledState state = pass.meet(keys).states()[0];
    int[] far = pass.farInSingle();
    if (far.length > 0) {
      state.replace(far, pool(keys, queries.select(far), widths, Terms.VALUE, tolerance)[0]);
    }
    return state;
  }

  /**
   * The attention weights {@code [m x n]}, a row per query and a column per key in canonical order.
   * Each row sums to 1; a row without an allowed key is NaN throughout. Memory: 8 m n bytes.
   *
   * @throws IllegalArgumentException if the dimensions of queries, keys and inverse widths differ
   */
  public static double[][] weights(Keys keys, QueryBlock queries, double[] inverseWidths) {
    double[][] candidates = {inverseWidths};
    PoolingPass pass = new PoolingPass(keys, queries, candidates, Terms.VALUE, 0, true);
    double[][] rows = new double[queries.size()][keys.numKeys()];
    double[] logits = new double[PackedKeys.BLOCK_SIZE * PoolingSupport.LANES];
    Iterator<KeyBlock> blocks = keys.blocks();
    while (blocks.hasNext()) {
      KeyBlock block = blocks.next();
      double[] shares = block.logShares();
      for (int i = 0; i < rows.length; i++) {
        int lane = i % PoolingSupport.LANES;
        if (lane == 0) {
          pass.logits(block, i, logits);
        }
        for (int s = 0; s < block.sites(); s++) {
          boolean meets = queries.meets(i, block, s);
          double logit = meets ? logits[s * PoolingSupport.LANES + lane] : Double.NEGATIVE_INFINITY;
          for (int j = block.starts[s]; j < block.starts[s + 1]; j++) {
            rows[i][block.firstPosition + j] = (logit + shares[j]) / Exp2.LOG2_E;
          }
        }
      }
    }
    for (double[] row : rows) {
      softmax(row);
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
    Checks.length("the query", keys.dim(), query.length);
    Checks.inverseWidths(inverseWidths, keys.dim());
    double[] weights = new double[keys.numKeys()];
    for (int j = 0; j < weights.length; j++) {
      double sum = 0;
      for (int f = 0; f < query.length; f++) {
        double w = inverseWidths[inverseWidths.length == 1 ? 0 : f];
        sum += StrictMath.pow((query[f] - keys.feature(j, f)) * w, 2);
      }
      weights[j] = StrictMath.log(keys.weight(j)) - sum / 2;
    }
    softmax(weights);
    double pooled = 0;
    for (int j = 0; j < weights.length; j++) {
      pooled += weights[j] * keys.value(j);
    }
    return pooled;
  }

  /** exp(z - max) / sum, in place; NaN throughout when all are -infinity. */
  static void softmax(double[] logits) {
    double max = Double.NEGATIVE_INFINITY;
    for (double logit : logits) {
      max = Math.max(max, logit);
    }
    double sum = 0;
    for (int j = 0; j < logits.length; j++) {
      logits[j] = StrictMath.exp(logits[j] - max);
      sum += logits[j];
    }
    for (int j = 0; j < logits.length; j++) {
      logits[j] /= sum;
    }
  }
}
