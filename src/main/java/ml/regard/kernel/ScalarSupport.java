package ml.regard.kernel;

import java.util.Arrays;

/**
 * The plain loops with {@link StrictMath#exp}, the oracle that faster supports are compared with.
 *
 * <p>Queries go through in tiles of {@link #TILE} lanes: the innermost loops run over the lanes of
 * a tile, each with its own accumulators, so that a compiler may take several lanes at a time; each
 * lane meets keys and features in order. Allocates one tile of logits per call.
 */
final class ScalarSupport implements PoolingSupport {
  private static final int TILE = 32;

  @Override
  public String name() {
    return "scalar";
  }

  @Override
  public void accumulate(
      KeyBlock keys, QueryBlock queries, double[] inverseWidths, PooledState state) {
    double[] logits = new double[TILE * keys.size()];
    double[] max = new double[TILE];
    for (int first = 0; first < queries.size(); first += TILE) {
      int lanes = Math.min(TILE, queries.size() - first);
      tile(keys, queries, first, lanes, inverseWidths, logits, max);
      for (int t = 0; t < lanes; t++) {
        // The maximum is -infinity where the block holds nothing but the query's own row.
        state.raise(first + t, max[t]);
      }
      add(keys, first, lanes, logits, state);
      switch (state.terms) {
        case VALUE -> {}
        case SPREAD -> addSpread(keys, first, lanes, logits, state);
        case WIDTHS -> addWidths(keys, queries, first, lanes, logits, state);
      }
    }
  }

  @Override
  public double logits(
      KeyBlock keys, QueryBlock queries, int i, double[] inverseWidths, double[] logits) {
    double[] tile = new double[TILE * keys.size()];
    double[] max = new double[TILE];
    tile(keys, queries, i, 1, inverseWidths, tile, max);
    for (int j = 0; j < keys.size(); j++) {
      logits[j] = tile[j * TILE];
    }
    return max[0];
  }

  /** The logits of a tile, {@code [keys x TILE]}, and the maximum of each lane. */
  private static void tile(
      KeyBlock keys,
      QueryBlock queries,
      int first,
      int lanes,
      double[] inverseWidths,
      double[] logits,
      double[] max) {
    double[] sum = new double[TILE];
    boolean shared = inverseWidths.length == 1;
    Arrays.fill(max, Double.NEGATIVE_INFINITY);
    for (int j = 0; j < keys.size(); j++) {
      Arrays.fill(sum, 0);
      for (int f = 0; f < keys.dim; f++) {
        double key = keys.features[j * keys.dim + f];
        double inverseWidth = inverseWidths[shared ? 0 : f];
        addSquares(queries.features, f * queries.size() + first, lanes, key, inverseWidth, sum);
      }
      for (int t = 0; t < lanes; t++) {
        // However far a key is, it stays allowed: only the own row has the logit -infinity.
        double z = Math.max(keys.logWeights[j] - 0.5 * sum[t], -Double.MAX_VALUE);
        boolean own = queries.ownPosition(first + t) == keys.firstPosition + j;
        logits[j * TILE + t] = own ? Double.NEGATIVE_INFINITY : z;
        max[t] = Math.max(max[t], logits[j * TILE + t]);
      }
    }
  }

  private static void addSquares(
      double[] queries, int from, int lanes, double key, double inverseWidth, double[] sum) {
    for (int t = 0; t < lanes; t++) {
      double scaled = (queries[from + t] - key) * inverseWidth;
      sum[t] += scaled * scaled;
    }
  }

  /** Turns the logits of a tile into e = exp(z - zmax), and adds S0 and S1. */
  private static void add(KeyBlock keys, int first, int lanes, double[] logits, PooledState state) {
    for (int j = 0; j < keys.size(); j++) {
      double value = keys.values[j] - state.valueCentre;
      for (int t = 0; t < lanes; t++) {
        double z = logits[j * TILE + t];
        double e = z == Double.NEGATIVE_INFINITY ? 0 : StrictMath.exp(z - state.zmax[first + t]);
        logits[j * TILE + t] = e;
        state.s0[first + t] += e;
        state.s1[first + t] += e * value;
      }
    }
  }

  private static void addSpread(
      KeyBlock keys, int first, int lanes, double[] e, PooledState state) {
    for (int j = 0; j < keys.size(); j++) {
      double v = keys.values[j] - state.valueCentre;
      for (int t = 0; t < lanes; t++) {
        state.s2[first + t] += e[j * TILE + t] * e[j * TILE + t];
        state.q[first + t] += e[j * TILE + t] * v * v;
      }
    }
  }

  private static void addWidths(
      KeyBlock keys, QueryBlock queries, int first, int lanes, double[] e, PooledState state) {
    boolean shared = state.numWidths == 1;
    double[] t0 = new double[TILE];
    double[] t1 = new double[TILE];
    double[] query = new double[TILE];
    double[] weighted = new double[TILE];
    for (int f = 0; f < keys.dim; f++) {
      int sums = (shared ? 0 : f) * state.size + first;
      System.arraycopy(queries.features, f * queries.size() + first, query, 0, lanes);
      System.arraycopy(state.t0, sums, t0, 0, lanes);
      System.arraycopy(state.t1, sums, t1, 0, lanes);
      for (int j = 0; j < keys.size(); j++) {
        double value = keys.values[j] - state.valueCentre;
        System.arraycopy(e, j * TILE, weighted, 0, TILE);
        addMoments(query, weighted, lanes, keys.features[j * keys.dim + f], value, t0, t1);
      }
      System.arraycopy(t0, 0, state.t0, sums, lanes);
      System.arraycopy(t1, 0, state.t1, sums, lanes);
    }
  }

  private static void addMoments(
      double[] query, double[] e, int lanes, double key, double value, double[] t0, double[] t1) {
    for (int t = 0; t < lanes; t++) {
      double difference = query[t] - key;
      double weighted = e[t] * difference * difference;
      t0[t] += weighted;
      t1[t] += weighted * value;
    }
  }
}
