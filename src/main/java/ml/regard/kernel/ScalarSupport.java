package ml.regard.kernel;

/**
 * The plain loop: one query after the other, one key after the other, {@link StrictMath#exp}. The
 * oracle that faster supports are compared with.
 */
final class ScalarSupport implements PoolingSupport {
  @Override
  public String name() {
    return "scalar";
  }

  @Override
  public void accumulate(
      KeyBlock keys, QueryBlock queries, double[] inverseWidths, PooledState state) {
    double[] logits = new double[keys.size()];
    for (int i = 0; i < queries.size(); i++) {
      double max = logits(keys, queries, i, inverseWidths, logits);
      if (max == Double.NEGATIVE_INFINITY) {
        continue; // the block holds nothing but the query's own row
      }
      state.raise(i, max);
      add(keys, queries, i, logits, state);
    }
  }

  @Override
  public double logits(
      KeyBlock keys, QueryBlock queries, int i, double[] inverseWidths, double[] logits) {
    int own = queries.ownPosition(i) - keys.firstPosition;
    boolean shared = inverseWidths.length == 1;
    double max = Double.NEGATIVE_INFINITY;
    for (int j = 0; j < keys.size(); j++) {
      double sum = 0;
      for (int f = 0; f < keys.dim; f++) {
        double difference =
            queries.features[f * queries.size() + i] - keys.features[j * keys.dim + f];
        double scaled = difference * inverseWidths[shared ? 0 : f];
        sum += scaled * scaled;
      }
      // However far a key is, it stays allowed: only the own row has the logit -infinity.
      double z = Math.max(keys.logWeights[j] - 0.5 * sum, -Double.MAX_VALUE);
      logits[j] = j == own ? Double.NEGATIVE_INFINITY : z;
      max = Math.max(max, logits[j]);
    }
    return max;
  }

  private static void add(
      KeyBlock keys, QueryBlock queries, int i, double[] logits, PooledState state) {
    double zmax = state.zmax[i];
    double s0 = state.s0[i];
    double s1 = state.s1[i];
    for (int j = 0; j < keys.size(); j++) {
      double e = StrictMath.exp(logits[j] - zmax);
      logits[j] = e;
      s0 += e;
      s1 += e * (keys.values[j] - state.valueCentre);
    }
    state.s0[i] = s0;
    state.s1[i] = s1;
    switch (state.terms) {
      case VALUE -> {}
      case SPREAD -> addSpread(keys, i, logits, state);
      case WIDTHS -> addWidths(keys, queries, i, logits, state);
    }
  }

  private static void addSpread(KeyBlock keys, int i, double[] e, PooledState state) {
    for (int j = 0; j < keys.size(); j++) {
      double v = keys.values[j] - state.valueCentre;
      state.s2[i] += e[j] * e[j];
      state.q[i] += e[j] * v * v;
    }
  }

  private static void addWidths(
      KeyBlock keys, QueryBlock queries, int i, double[] e, PooledState state) {
    boolean shared = state.numWidths == 1;
    for (int f = 0; f < keys.dim; f++) {
      double query = queries.features[f * queries.size() + i];
      int t = (shared ? 0 : f) * state.size + i;
      double t0 = state.t0[t];
      double t1 = state.t1[t];
      for (int j = 0; j < keys.size(); j++) {
        double difference = query - keys.features[j * keys.dim + f];
        double weighted = e[j] * difference * difference;
        t0 += weighted;
        t1 += weighted * (keys.values[j] - state.valueCentre);
      }
      state.t0[t] = t0;
      state.t1[t] = t1;
    }
  }
}
