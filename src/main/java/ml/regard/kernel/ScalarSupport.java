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
        // The maximum is -infinity where the block holds nothing but keys that are left out.
        state.raise(first + t, max[t]);
      }
      add(keys, first, lanes, logits, state);
      if (state.terms == Terms.SPREAD) {
        addSpread(keys, first, lanes, logits, state);
      }
      if (state.terms.hasWidths()) {
        addWidths(keys, queries, first, lanes, logits, state);
      }
      if (state.terms == Terms.CURVATURE) {
        addCurvature(keys, queries, first, lanes, logits, state);
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
    boolean leavesOut = queries.leavesOutOf(keys, first, first + lanes);
    Arrays.fill(max, Double.NEGATIVE_INFINITY);
    for (int j = 0; j < keys.size(); j++) {
      Arrays.fill(sum, 0);
      for (int f = 0; f < keys.dim; f++) {
        double key = keys.features[j * keys.dim + f];
        double inverseWidth = inverseWidths[shared ? 0 : f];
        addSquares(queries.features, f * queries.size() + first, lanes, key, inverseWidth, sum);
      }
      for (int t = 0; t < lanes; t++) {
        // However far a key is, it stays allowed: only one left out has the logit -infinity.
        double z = Math.max(keys.logWeights[j] - 0.5 * sum[t], -Double.MAX_VALUE);
        boolean left = leavesOut && queries.leavesOut(first + t, keys.firstPosition + j);
        logits[j * TILE + t] = left ? Double.NEGATIVE_INFINITY : z;
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

  /** U0 and U1: for each pair of widths the products of their squared distances. */
  private static void addCurvature(
      KeyBlock keys, QueryBlock queries, int first, int lanes, double[] e, PooledState state) {
    double[] one = new double[TILE];
    double[] other = new double[TILE];
    double[] weighted = new double[TILE];
    double[] u0 = new double[TILE];
    double[] u1 = new double[TILE];
    int pair = 0;
    for (int g = 0; g < state.numWidths; g++) {
      for (int h = g; h < state.numWidths; h++, pair++) {
        int sums = pair * state.size + first;
        System.arraycopy(state.u0, sums, u0, 0, lanes);
        System.arraycopy(state.u1, sums, u1, 0, lanes);
        for (int j = 0; j < keys.size(); j++) {
          squares(keys, j, queries, first, lanes, state.numWidths, g, one);
          squares(keys, j, queries, first, lanes, state.numWidths, h, other);
          System.arraycopy(e, j * TILE, weighted, 0, TILE);
          addProducts(one, other, weighted, lanes, keys.values[j] - state.valueCentre, u0, u1);
        }
        System.arraycopy(u0, 0, state.u0, sums, lanes);
        System.arraycopy(u1, 0, state.u1, sums, lanes);
      }
    }
  }

  /** D_g of key j for each lane: of feature g, or of all features where the width is shared. */
  private static void squares(
      KeyBlock keys,
      int j,
      QueryBlock queries,
      int first,
      int lanes,
      int numWidths,
      int g,
      double[] squares) {
    Arrays.fill(squares, 0);
    int from = numWidths == 1 ? 0 : g;
    int end = numWidths == 1 ? keys.dim : g + 1;
    for (int f = from; f < end; f++) {
      double key = keys.features[j * keys.dim + f];
      addSquares(queries.features, f * queries.size() + first, lanes, key, 1, squares);
    }
  }

  private static void addProducts(
      double[] one, double[] other, double[] e, int lanes, double value, double[] u0, double[] u1) {
    for (int t = 0; t < lanes; t++) {
      double product = e[t] * one[t] * other[t];
      u0[t] += product;
      u1[t] += product * value;
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
