package ml.regard.kernel;

import jdk.incubator.vector.DoubleVector;
import jdk.incubator.vector.LongVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/**
 * The loops with the Vector API: as many queries at a time as a vector of this processor has lanes,
 * each loop the twin of {@link ScalarSupport}'s.
 *
 * <p>Vectors live in registers only as long as the just-in-time compiler sees all of a loop: so
 * each loop is a small method over one vector of lanes, its constants are literals, and {@link
 * #exp2} is short enough to be inlined.
 */
final class SimdSupport extends PoolingSupport {
  private static final VectorSpecies<Double> LANE = species();
  private static final int STEP = LANE.length();

  private static VectorSpecies<Double> species() {
    VectorSpecies<Double> preferred = DoubleVector.SPECIES_PREFERRED;
    return preferred.length() <= LANES ? preferred : DoubleVector.SPECIES_512;
  }

  /** The loops, called through one interface so that each is compiled by itself. */
  private interface Step {
    void run(Tile tile, PooledState state, int lane, int f, int g, int pair);
  }

  private static final Step POOL_1 = (t, s, lane, f, g, p) -> pool1(t, s, lane);
  private static final Step POOL_2 = (t, s, lane, f, g, p) -> pool2(t, s, lane);
  private static final Step POOL_3 = (t, s, lane, f, g, p) -> pool3(t, s, lane);
  private static final Step DISTANCE = (t, s, lane, f, g, p) -> distance(t, lane, f);
  private static final Step SQUARE = (t, s, lane, f, g, p) -> square(t, lane, f);
  private static final Step ATTEND = (t, s, lane, f, g, p) -> attend(t, s, lane);
  private static final Step SPREAD = (t, s, lane, f, g, p) -> spread(t, s, lane);
  private static final Step SHARED = (t, s, lane, f, g, p) -> shared(t, s, lane);
  private static final Step CURVED = (t, s, lane, f, g, p) -> curved(t, s, lane);
  private static final Step MOMENT = (t, s, lane, f, g, p) -> moment(t, s, lane, f);
  private static final Step PRODUCT = (t, s, lane, f, g, p) -> product(t, s, lane, f, g, p);

  /** Made by name, where the module is there. */
  SimdSupport() {}

  @Override
  String name() {
    return "simd";
  }

  private static void run(Step step, Tile tile, PooledState state, int f, int g, int pair) {
    for (int lane = tile.first; lane < tile.end; lane += STEP) {
      step.run(tile, state, lane, f, g, pair);
    }
  }

  @Override
  boolean pool(Tile tile, PooledState state) {
    switch (tile.keys.dim) {
      case 1 -> run(POOL_1, tile, state, 0, 0, 0);
      case 2 -> run(POOL_2, tile, state, 0, 0, 0);
      case 3 -> run(POOL_3, tile, state, 0, 0, 0);
      default -> {
        return false;
      }
    }
    return true;
  }

  @Override
  void distance(Tile tile, int f) {
    run(tile.squares.length == 0 ? DISTANCE : SQUARE, tile, null, f, 0, 0);
  }

  @Override
  void attend(Tile tile, PooledState state) {
    run(ATTEND, tile, state, 0, 0, 0);
  }

  @Override
  void spread(Tile tile, PooledState state) {
    run(SPREAD, tile, state, 0, 0, 0);
  }

  @Override
  void shared(Tile tile, PooledState state) {
    run(state.terms == Terms.CURVATURE ? CURVED : SHARED, tile, state, 0, 0, 0);
  }

  @Override
  void moment(Tile tile, PooledState state, int f) {
    run(MOMENT, tile, state, f, 0, 0);
  }

  @Override
  void product(Tile tile, PooledState state, int g, int h, int pair) {
    run(PRODUCT, tile, state, g, h, pair);
  }

  /** 2^t, operation by operation {@link Exp2#exp2(double)}. */
  private static DoubleVector exp2(DoubleVector t) {
    DoubleVector shifted = t.add(Exp2.MAGIC);
    DoubleVector r = t.sub(shifted.sub(Exp2.MAGIC));
    DoubleVector p = r.fma(Exp2.C9, Exp2.C8);
    p = p.fma(r, DoubleVector.broadcast(LANE, Exp2.C7));
    p = p.fma(r, DoubleVector.broadcast(LANE, Exp2.C6));
    p = p.fma(r, DoubleVector.broadcast(LANE, Exp2.C5));
    p = p.fma(r, DoubleVector.broadcast(LANE, Exp2.C4));
    p = p.fma(r, DoubleVector.broadcast(LANE, Exp2.C3));
    p = p.fma(r, DoubleVector.broadcast(LANE, Exp2.C2));
    p = p.fma(r, DoubleVector.broadcast(LANE, Exp2.C1));
    p = p.fma(r, DoubleVector.broadcast(LANE, 1.0));
    LongVector exponent = shifted.reinterpretAsLongs().lanewise(VectorOperators.LSHL, 52);
    DoubleVector power = p.reinterpretAsLongs().add(exponent).reinterpretAsDoubles();
    return power.blend(0.0, t.compare(VectorOperators.LT, Exp2.MIN));
  }

  private static DoubleVector load(double[] array, int at) {
    return DoubleVector.fromArray(LANE, array, at);
  }

  private static void pool1(Tile tile, PooledState state, int lane) {
    double[] features = tile.keys.features;
    double[] values = tile.keys.siteValues;
    double[] logs = tile.keys.logWeights;
    double scale = tile.scales[0];
    DoubleVector query = load(tile.queries.features, lane);
    DoubleVector s0 = load(state.s0, lane);
    DoubleVector s1 = load(state.s1, lane);
    for (int site = tile.from; site < tile.to; site++) {
      DoubleVector x = query.sub(features[site]).mul(scale);
      DoubleVector e = exp2(DoubleVector.broadcast(LANE, logs[site]).sub(x.mul(x)));
      s0 = s0.add(e);
      s1 = e.fma(DoubleVector.broadcast(LANE, values[site]), s1);
    }
    s0.intoArray(state.s0, lane);
    s1.intoArray(state.s1, lane);
  }

  private static void pool2(Tile tile, PooledState state, int lane) {
    double[] features = tile.keys.features;
    double[] values = tile.keys.siteValues;
    double[] logs = tile.keys.logWeights;
    double scale0 = tile.scales[0];
    double scale1 = tile.scales[1];
    DoubleVector query0 = load(tile.queries.features, lane);
    DoubleVector query1 = load(tile.queries.features, tile.stride + lane);
    DoubleVector s0 = load(state.s0, lane);
    DoubleVector s1 = load(state.s1, lane);
    for (int site = tile.from; site < tile.to; site++) {
      DoubleVector x0 = query0.sub(features[2 * site]).mul(scale0);
      DoubleVector x1 = query1.sub(features[2 * site + 1]).mul(scale1);
      DoubleVector d2 = x1.fma(x1, x0.mul(x0));
      DoubleVector e = exp2(DoubleVector.broadcast(LANE, logs[site]).sub(d2));
      s0 = s0.add(e);
      s1 = e.fma(DoubleVector.broadcast(LANE, values[site]), s1);
    }
    s0.intoArray(state.s0, lane);
    s1.intoArray(state.s1, lane);
  }

  private static void pool3(Tile tile, PooledState state, int lane) {
    double[] features = tile.keys.features;
    double[] values = tile.keys.siteValues;
    double[] logs = tile.keys.logWeights;
    double scale0 = tile.scales[0];
    double scale1 = tile.scales[1];
    double scale2 = tile.scales[2];
    DoubleVector query0 = load(tile.queries.features, lane);
    DoubleVector query1 = load(tile.queries.features, tile.stride + lane);
    DoubleVector query2 = load(tile.queries.features, 2 * tile.stride + lane);
    DoubleVector s0 = load(state.s0, lane);
    DoubleVector s1 = load(state.s1, lane);
    for (int site = tile.from; site < tile.to; site++) {
      DoubleVector x0 = query0.sub(features[3 * site]).mul(scale0);
      DoubleVector x1 = query1.sub(features[3 * site + 1]).mul(scale1);
      DoubleVector x2 = query2.sub(features[3 * site + 2]).mul(scale2);
      DoubleVector d2 = x2.fma(x2, x1.fma(x1, x0.mul(x0)));
      DoubleVector e = exp2(DoubleVector.broadcast(LANE, logs[site]).sub(d2));
      s0 = s0.add(e);
      s1 = e.fma(DoubleVector.broadcast(LANE, values[site]), s1);
    }
    s0.intoArray(state.s0, lane);
    s1.intoArray(state.s1, lane);
  }

  private static void distance(Tile tile, int lane, int f) {
    double[] features = tile.keys.features;
    int dim = tile.keys.dim;
    double scale = tile.scales[f];
    double[] distances = tile.distances;
    DoubleVector query = load(tile.queries.features, f * tile.stride + lane);
    int at = lane - tile.group();
    for (int site = tile.from; site < tile.to; site++, at += LANES) {
      DoubleVector x = query.sub(features[site * dim + f]).mul(scale);
      x.fma(x, load(distances, at)).intoArray(distances, at);
    }
  }

  private static void square(Tile tile, int lane, int f) {
    double[] features = tile.keys.features;
    int dim = tile.keys.dim;
    double scale = tile.scales[f];
    double[] distances = tile.distances;
    double[] squares = tile.squares[f];
    DoubleVector query = load(tile.queries.features, f * tile.stride + lane);
    int at = lane - tile.group();
    for (int site = tile.from; site < tile.to; site++, at += LANES) {
      DoubleVector x = query.sub(features[site * dim + f]).mul(scale);
      x.fma(x, load(distances, at)).intoArray(distances, at);
      x.mul(x).intoArray(squares, at);
    }
  }

  private static void attend(Tile tile, PooledState state, int lane) {
    double[] values = tile.keys.siteValues;
    double[] logs = tile.keys.logWeights;
    double[] distances = tile.distances;
    double[] attention = tile.attention;
    DoubleVector reference = load(state.reference, lane);
    DoubleVector s0 = load(state.s0, lane);
    DoubleVector s1 = load(state.s1, lane);
    int at = lane - tile.group();
    for (int site = tile.from; site < tile.to; site++, at += LANES) {
      DoubleVector log = DoubleVector.broadcast(LANE, logs[site]).sub(reference);
      DoubleVector e = exp2(log.sub(load(distances, at)));
      e.intoArray(attention, at);
      s0 = s0.add(e);
      s1 = e.fma(DoubleVector.broadcast(LANE, values[site]), s1);
    }
    s0.intoArray(state.s0, lane);
    s1.intoArray(state.s1, lane);
  }

  private static void spread(Tile tile, PooledState state, int lane) {
    double[] squares = tile.keys.squares();
    double[] valueSquares = tile.keys.valueSquares();
    double[] attention = tile.attention;
    DoubleVector s2 = load(state.s2, lane);
    DoubleVector q = load(state.q, lane);
    int at = lane - tile.group();
    for (int site = tile.from; site < tile.to; site++, at += LANES) {
      DoubleVector e = load(attention, at);
      s2 = e.mul(e).fma(DoubleVector.broadcast(LANE, squares[site]), s2);
      q = e.fma(DoubleVector.broadcast(LANE, valueSquares[site]), q);
    }
    s2.intoArray(state.s2, lane);
    q.intoArray(state.q, lane);
  }

  private static void shared(Tile tile, PooledState state, int lane) {
    double[] values = tile.keys.siteValues;
    double[] distances = tile.distances;
    double[] attention = tile.attention;
    DoubleVector t0 = load(state.t0[0], lane);
    DoubleVector t1 = load(state.t1[0], lane);
    int at = lane - tile.group();
    for (int site = tile.from; site < tile.to; site++, at += LANES) {
      DoubleVector a = load(attention, at).mul(load(distances, at));
      t0 = t0.add(a);
      t1 = a.fma(DoubleVector.broadcast(LANE, values[site]), t1);
    }
    t0.intoArray(state.t0[0], lane);
    t1.intoArray(state.t1[0], lane);
  }

  private static void curved(Tile tile, PooledState state, int lane) {
    double[] values = tile.keys.siteValues;
    double[] distances = tile.distances;
    double[] attention = tile.attention;
    DoubleVector t0 = load(state.t0[0], lane);
    DoubleVector t1 = load(state.t1[0], lane);
    DoubleVector u0 = load(state.u0[0], lane);
    DoubleVector u1 = load(state.u1[0], lane);
    int at = lane - tile.group();
    for (int site = tile.from; site < tile.to; site++, at += LANES) {
      DoubleVector d2 = load(distances, at);
      DoubleVector value = DoubleVector.broadcast(LANE, values[site]);
      DoubleVector a = load(attention, at).mul(d2);
      DoubleVector b = a.mul(d2);
      t0 = t0.add(a);
      t1 = a.fma(value, t1);
      u0 = u0.add(b);
      u1 = b.fma(value, u1);
    }
    t0.intoArray(state.t0[0], lane);
    t1.intoArray(state.t1[0], lane);
    u0.intoArray(state.u0[0], lane);
    u1.intoArray(state.u1[0], lane);
  }

  private static void moment(Tile tile, PooledState state, int lane, int f) {
    double[] values = tile.keys.siteValues;
    double[] squares = tile.squares[f];
    double[] weighted = tile.weighted[f];
    double[] attention = tile.attention;
    DoubleVector t0 = load(state.t0[f], lane);
    DoubleVector t1 = load(state.t1[f], lane);
    int at = lane - tile.group();
    for (int site = tile.from; site < tile.to; site++, at += LANES) {
      DoubleVector a = load(attention, at).mul(load(squares, at));
      a.intoArray(weighted, at);
      t0 = t0.add(a);
      t1 = a.fma(DoubleVector.broadcast(LANE, values[site]), t1);
    }
    t0.intoArray(state.t0[f], lane);
    t1.intoArray(state.t1[f], lane);
  }

  private static void product(Tile tile, PooledState state, int lane, int g, int h, int pair) {
    double[] values = tile.keys.siteValues;
    double[] weighted = tile.weighted[g];
    double[] squares = tile.squares[h];
    DoubleVector u0 = load(state.u0[pair], lane);
    DoubleVector u1 = load(state.u1[pair], lane);
    int at = lane - tile.group();
    for (int site = tile.from; site < tile.to; site++, at += LANES) {
      DoubleVector b = load(weighted, at).mul(load(squares, at));
      u0 = u0.add(b);
      u1 = b.fma(DoubleVector.broadcast(LANE, values[site]), u1);
    }
    u0.intoArray(state.u0[pair], lane);
    u1.intoArray(state.u1[pair], lane);
  }
}
