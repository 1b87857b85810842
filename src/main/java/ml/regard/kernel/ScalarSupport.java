package ml.regard.kernel;

/** The plain loops, lane by lane within a site: what any JVM runs, with the bits of the others. */
final class ScalarSupport extends PoolingSupport {
  @Override
  String name() {
    return "scalar";
  }

  @Override
  boolean pool(Tile tile, PooledState state) {
    return false;
  }

  @Override
  void poolSingle(Tile tile) {
    Singles singles = tile.singles;
    int dim = tile.keys.dim;
    for (int site = tile.from; site < tile.to; site++) {
      float log = singles.logWeights[site];
      float value = singles.values[site];
      for (int lane = 0; lane < LANES; lane++) {
        float d2 = 0;
        for (int f = 0; f < dim; f++) {
          float x = singles.queries[f * LANES + lane] - singles.keys[site * dim + f];
          d2 = Math.fma(x, x, d2);
        }
        float e = Exp2.exp2(log - d2);
        singles.s0[lane] += e;
        singles.s1[lane] = Math.fma(e, value, singles.s1[lane]);
      }
    }
  }

  @Override
  void distance(Tile tile, int f) {
    KeyBlock keys = tile.keys;
    double scale = tile.scales[f];
    double[] queries = tile.queries.features;
    double[] distances = tile.distances;
    int shift = f * tile.stride + tile.group();
    int begin = tile.first - tile.group();
    int end = tile.end - tile.group();
    double[] squares = tile.squares.length == 0 ? null : tile.squares[f];
    for (int site = tile.from; site < tile.to; site++) {
      double key = keys.features[site * keys.dim + f];
      int at = (site - tile.from) * LANES;
      for (int lane = begin; lane < end; lane++) {
        double x = (queries[shift + lane] - key) * scale;
        distances[at + lane] = f == 0 ? x * x : Math.fma(x, x, distances[at + lane]);
        if (squares != null) {
          squares[at + lane] = x * x;
        }
      }
    }
  }

  @Override
  void attend(Tile tile, PooledState state) {
    KeyBlock keys = tile.keys;
    int group = tile.group();
    for (int site = tile.from; site < tile.to; site++) {
      double log = keys.logWeights[site];
      double value = keys.siteValues[site];
      int at = (site - tile.from) * LANES - group;
      for (int lane = tile.first; lane < tile.end; lane++) {
        double e = Exp2.exp2((log - state.reference[lane]) - tile.distances[at + lane]);
        tile.attention[at + lane] = e;
        state.s0[lane] += e;
        state.s1[lane] = Math.fma(e, value, state.s1[lane]);
      }
    }
  }

  @Override
  void other(Tile tile, PooledState state, int v) {
    double[] values = tile.keys.otherSiteValues[v];
    double[] sum = state.others[v];
    for (int site = tile.from; site < tile.to; site++) {
      int at = (site - tile.from) * LANES - tile.group();
      for (int lane = tile.first; lane < tile.end; lane++) {
        sum[lane] = Math.fma(tile.attention[at + lane], values[site], sum[lane]);
      }
    }
  }

  @Override
  void spread(Tile tile, PooledState state) {
    double[] squares = tile.keys.squares();
    double[] valueSquares = tile.keys.valueSquares();
    for (int site = tile.from; site < tile.to; site++) {
      int at = (site - tile.from) * LANES - tile.group();
      for (int lane = tile.first; lane < tile.end; lane++) {
        double e = tile.attention[at + lane];
        state.s2[lane] = Math.fma(e * e, squares[site], state.s2[lane]);
        state.q[lane] = Math.fma(e, valueSquares[site], state.q[lane]);
      }
    }
  }

  @Override
  boolean detail(Tile tile, PooledState state) {
    return false;
  }

  @Override
  void nearest(Tile tile, PooledState state) {
    for (int site = tile.from; site < tile.to; site++) {
      int at = (site - tile.from) * LANES - tile.group();
      for (int lane = tile.first; lane < tile.end; lane++) {
        double d2 = tile.distances[at + lane];
        state.near2[lane] = d2 < state.near2[lane] ? d2 : state.near2[lane];
      }
    }
  }

  @Override
  void square(Tile tile, PooledState state) {
    double[] squares = tile.keys.squares();
    for (int site = tile.from; site < tile.to; site++) {
      int at = (site - tile.from) * LANES - tile.group();
      for (int lane = tile.first; lane < tile.end; lane++) {
        double e = tile.attention[at + lane];
        state.s2[lane] = Math.fma(e * e, squares[site], state.s2[lane]);
      }
    }
  }

  @Override
  void otherDetail(Tile tile, PooledState state, int v) {
    double[] values = tile.keys.otherSiteValues[v];
    double[] squares = tile.keys.otherSquares()[v];
    double[] sum = state.others[v];
    double[] sum2 = state.otherSquares[v];
    for (int site = tile.from; site < tile.to; site++) {
      int at = (site - tile.from) * LANES - tile.group();
      for (int lane = tile.first; lane < tile.end; lane++) {
        double e = tile.attention[at + lane];
        sum[lane] = Math.fma(e, values[site], sum[lane]);
        sum2[lane] = Math.fma(e * e, squares[site], sum2[lane]);
      }
    }
  }

  @Override
  void effect(Tile tile, PooledState state, int f) {
    KeyBlock keys = tile.keys;
    double scale = tile.scales[f];
    int shift = f * tile.stride;
    double[] m0 = state.m0[f];
    double[] m1 = state.m1[f];
    for (int site = tile.from; site < tile.to; site++) {
      double key = keys.features[site * keys.dim + f];
      double value = keys.siteValues[site];
      int at = (site - tile.from) * LANES - tile.group();
      for (int lane = tile.first; lane < tile.end; lane++) {
        double x = (tile.queries.features[shift + lane] - key) * scale;
        x = x > FARTHEST_X ? FARTHEST_X : x;
        x = x < -FARTHEST_X ? -FARTHEST_X : x;
        double a = tile.attention[at + lane] * x;
        m0[lane] += a;
        m1[lane] = Math.fma(a, value, m1[lane]);
      }
    }
  }

  @Override
  void shared(Tile tile, PooledState state) {
    boolean curvature = state.terms == Terms.CURVATURE;
    for (int site = tile.from; site < tile.to; site++) {
      double value = tile.keys.siteValues[site];
      int at = (site - tile.from) * LANES - tile.group();
      for (int lane = tile.first; lane < tile.end; lane++) {
        double a = tile.attention[at + lane] * tile.distances[at + lane];
        state.t0[0][lane] += a;
        state.t1[0][lane] = Math.fma(a, value, state.t1[0][lane]);
        if (curvature) {
          double b = a * tile.distances[at + lane];
          state.u0[0][lane] += b;
          state.u1[0][lane] = Math.fma(b, value, state.u1[0][lane]);
        }
      }
    }
  }

  @Override
  void slope(Tile tile, PooledState state, int f) {
    KeyBlock keys = tile.keys;
    double scale = tile.scales[f];
    int shift = f * tile.stride;
    double[] t0 = state.t0[f];
    double[] t1 = state.t1[f];
    for (int site = tile.from; site < tile.to; site++) {
      double key = keys.features[site * keys.dim + f];
      double value = keys.siteValues[site];
      int at = (site - tile.from) * LANES - tile.group();
      for (int lane = tile.first; lane < tile.end; lane++) {
        double x = (tile.queries.features[shift + lane] - key) * scale;
        double a = tile.attention[at + lane] * Math.min(x * x, FARTHEST);
        t0[lane] += a;
        t1[lane] = Math.fma(a, value, t1[lane]);
      }
    }
  }

  @Override
  void moment(Tile tile, PooledState state, int f) {
    sum(tile, tile.attention, tile.squares[f], tile.weighted[f], state.t0[f], state.t1[f]);
  }

  @Override
  void product(Tile tile, PooledState state, int g, int h, int pair) {
    sum(tile, tile.weighted[g], tile.squares[h], null, state.u0[pair], state.u1[pair]);
  }

  /** Adds the products of two factors to one sum, and times the value to another. */
  private static void sum(
      Tile tile, double[] one, double[] other, double[] products, double[] sum, double[] sumV) {
    for (int site = tile.from; site < tile.to; site++) {
      double value = tile.keys.siteValues[site];
      int at = (site - tile.from) * LANES - tile.group();
      for (int lane = tile.first; lane < tile.end; lane++) {
        double product = one[at + lane] * other[at + lane];
        if (products != null) {
          products[at + lane] = product;
        }
        sum[lane] += product;
        sumV[lane] = Math.fma(product, value, sumV[lane]);
      }
    }
  }
}
