package ml.regard.kernel;

import jdk.incubator.vector.DoubleVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
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
  private static final VectorSpecies<Float> SINGLE = singleSpecies();
  private static final int SINGLE_STEP = SINGLE.length();

  private static VectorSpecies<Double> species() {
    VectorSpecies<Double> preferred = DoubleVector.SPECIES_PREFERRED;
    return preferred.length() <= LANES ? preferred : DoubleVector.SPECIES_512;
  }

  private static VectorSpecies<Float> singleSpecies() {
    VectorSpecies<Float> preferred = FloatVector.SPECIES_PREFERRED;
    return preferred.length() <= LANES ? preferred : FloatVector.SPECIES_512;
  }

  /**
   * The loops, called through one interface at one place, and from fields that the compiler does
   * not take for constants: so each is compiled by itself. Inlined into one another they lose their
   * registers.
   */
  private interface Step {
    void run(Tile tile, PooledState state, int lane, int f, int g, int pair);
  }

  private final Step pool1Step = (t, s, lane, f, g, p) -> pool1(t, s, lane);
  private final Step pool2Step = (t, s, lane, f, g, p) -> pool2(t, s, lane);
  private final Step pool3Step = (t, s, lane, f, g, p) -> pool3(t, s, lane);
  private final Step single1Step = (t, s, lane, f, g, p) -> single1(t, lane);
  private final Step single2Step = (t, s, lane, f, g, p) -> single2(t, lane);
  private final Step single3Step = (t, s, lane, f, g, p) -> single3(t, lane);
  private final Step singleNStep = (t, s, lane, f, g, p) -> singleN(t, lane);
  private final Step firstStep = (t, s, lane, f, g, p) -> first(t, lane);
  private final Step distanceStep = (t, s, lane, f, g, p) -> distance(t, lane, f);
  private final Step squareStep = (t, s, lane, f, g, p) -> square(t, lane, f);
  private final Step attendStep = (t, s, lane, f, g, p) -> attend(t, s, lane);
  private final Step otherStep = (t, s, lane, f, g, p) -> other(t, s, lane, f);
  private final Step spreadStep = (t, s, lane, f, g, p) -> spread(t, s, lane);
  private final Step detail1Step = (t, s, lane, f, g, p) -> detail1(t, s, lane);
  private final Step detail2Step = (t, s, lane, f, g, p) -> detail2(t, s, lane);
  private final Step detail3Step = (t, s, lane, f, g, p) -> detail3(t, s, lane);
  private final Step nearestStep = (t, s, lane, f, g, p) -> nearest(t, s, lane);
  private final Step squaresStep = (t, s, lane, f, g, p) -> squares(t, s, lane);
  private final Step otherDetailStep = (t, s, lane, f, g, p) -> otherDetail(t, s, lane, f);
  private final Step effectStep = (t, s, lane, f, g, p) -> effect(t, s, lane, f);
  private final Step sharedStep = (t, s, lane, f, g, p) -> shared(t, s, lane);
  private final Step curvedStep = (t, s, lane, f, g, p) -> curved(t, s, lane);
  private final Step slopeStep = (t, s, lane, f, g, p) -> slope(t, s, lane, f);
  private final Step momentStep = (t, s, lane, f, g, p) -> moment(t, s, lane, f);
  private final Step productStep = (t, s, lane, f, g, p) -> product(t, s, lane, f, g, p);

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
      case 1 -> run(pool1Step, tile, state, 0, 0, 0);
      case 2 -> run(pool2Step, tile, state, 0, 0, 0);
      case 3 -> run(pool3Step, tile, state, 0, 0, 0);
      default -> {
        return false;
      }
    }
    return true;
  }

  @Override
  void poolSingle(Tile tile) {
    Step step =
        switch (tile.keys.dim) {
          case 1 -> single1Step;
          case 2 -> single2Step;
          case 3 -> single3Step;
          default -> singleNStep;
        };
    for (int lane = 0; lane < LANES; lane += SINGLE_STEP) {
      step.run(tile, null, lane, 0, 0, 0);
    }
  }

  @Override
  void distance(Tile tile, int f) {
    Step next = f == 0 ? firstStep : distanceStep;
    run(next, tile, null, f, 0, 0);
    if (tile.squares.length > 0) {
      run(squareStep, tile, null, f, 0, 0);
    }
  }

  @Override
  void attend(Tile tile, PooledState state) {
    run(attendStep, tile, state, 0, 0, 0);
  }

  @Override
  void other(Tile tile, PooledState state, int v) {
    run(otherStep, tile, state, v, 0, 0);
  }

  @Override
  void spread(Tile tile, PooledState state) {
    run(spreadStep, tile, state, 0, 0, 0);
  }

  @Override
  void square(Tile tile, PooledState state) {
    run(squaresStep, tile, state, 0, 0, 0);
  }

  @Override
  boolean detail(Tile tile, PooledState state) {
    switch (tile.keys.dim) {
      case 1 -> run(detail1Step, tile, state, 0, 0, 0);
      case 2 -> run(detail2Step, tile, state, 0, 0, 0);
      case 3 -> run(detail3Step, tile, state, 0, 0, 0);
      default -> {
        return false;
      }
    }
    return true;
  }

  @Override
  void nearest(Tile tile, PooledState state) {
    run(nearestStep, tile, state, 0, 0, 0);
  }

  @Override
  void otherDetail(Tile tile, PooledState state, int v) {
    run(otherDetailStep, tile, state, v, 0, 0);
  }

  @Override
  void effect(Tile tile, PooledState state, int f) {
    run(effectStep, tile, state, f, 0, 0);
  }

  @Override
  void shared(Tile tile, PooledState state) {
    run(state.terms == Terms.CURVATURE ? curvedStep : sharedStep, tile, state, 0, 0, 0);
  }

  @Override
  void slope(Tile tile, PooledState state, int f) {
    run(slopeStep, tile, state, f, 0, 0);
  }

  @Override
  void moment(Tile tile, PooledState state, int f) {
    run(momentStep, tile, state, f, 0, 0);
  }

  @Override
  void product(Tile tile, PooledState state, int g, int h, int pair) {
    run(productStep, tile, state, g, h, pair);
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

  /** 2^t in single precision, operation by operation {@link Exp2#exp2(float)}. */
  private static FloatVector exp2(FloatVector t) {
    FloatVector shifted = t.add(Exp2.MAGIC_FLOAT);
    FloatVector r = t.sub(shifted.sub(Exp2.MAGIC_FLOAT));
    FloatVector p = r.fma(Exp2.F6, Exp2.F5);
    p = p.fma(r, FloatVector.broadcast(SINGLE, Exp2.F4));
    p = p.fma(r, FloatVector.broadcast(SINGLE, Exp2.F3));
    p = p.fma(r, FloatVector.broadcast(SINGLE, Exp2.F2));
    p = p.fma(r, FloatVector.broadcast(SINGLE, Exp2.F1));
    p = p.fma(r, FloatVector.broadcast(SINGLE, 1.0f));
    IntVector exponent = shifted.reinterpretAsInts().lanewise(VectorOperators.LSHL, 23);
    FloatVector power = p.reinterpretAsInts().add(exponent).reinterpretAsFloats();
    return power.blend(0.0f, t.compare(VectorOperators.LT, Exp2.MIN_FLOAT));
  }

  private static FloatVector load(float[] array, int at) {
    return FloatVector.fromArray(SINGLE, array, at);
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

  private static void single1(Tile tile, int lane) {
    Singles singles = tile.singles;
    float[] keys = singles.keys;
    float[] values = singles.values;
    float[] logs = singles.logWeights;
    FloatVector query = load(singles.queries, lane);
    FloatVector s0 = load(singles.s0, lane);
    FloatVector s1 = load(singles.s1, lane);
    for (int site = tile.from; site < tile.to; site++) {
      FloatVector x = query.sub(keys[site]);
      FloatVector e = exp2(FloatVector.broadcast(SINGLE, logs[site]).sub(x.mul(x)));
      s0 = s0.add(e);
      s1 = e.fma(FloatVector.broadcast(SINGLE, values[site]), s1);
    }
    s0.intoArray(singles.s0, lane);
    s1.intoArray(singles.s1, lane);
  }

  private static void single2(Tile tile, int lane) {
    Singles singles = tile.singles;
    float[] keys = singles.keys;
    float[] values = singles.values;
    float[] logs = singles.logWeights;
    FloatVector query0 = load(singles.queries, lane);
    FloatVector query1 = load(singles.queries, LANES + lane);
    FloatVector s0 = load(singles.s0, lane);
    FloatVector s1 = load(singles.s1, lane);
    for (int site = tile.from; site < tile.to; site++) {
      FloatVector x0 = query0.sub(keys[2 * site]);
      FloatVector x1 = query1.sub(keys[2 * site + 1]);
      FloatVector d2 = x1.fma(x1, x0.mul(x0));
      FloatVector e = exp2(FloatVector.broadcast(SINGLE, logs[site]).sub(d2));
      s0 = s0.add(e);
      s1 = e.fma(FloatVector.broadcast(SINGLE, values[site]), s1);
    }
    s0.intoArray(singles.s0, lane);
    s1.intoArray(singles.s1, lane);
  }

  private static void single3(Tile tile, int lane) {
    Singles singles = tile.singles;
    float[] keys = singles.keys;
    float[] values = singles.values;
    float[] logs = singles.logWeights;
    FloatVector query0 = load(singles.queries, lane);
    FloatVector query1 = load(singles.queries, LANES + lane);
    FloatVector query2 = load(singles.queries, 2 * LANES + lane);
    FloatVector s0 = load(singles.s0, lane);
    FloatVector s1 = load(singles.s1, lane);
    for (int site = tile.from; site < tile.to; site++) {
      FloatVector x0 = query0.sub(keys[3 * site]);
      FloatVector x1 = query1.sub(keys[3 * site + 1]);
      FloatVector x2 = query2.sub(keys[3 * site + 2]);
      FloatVector d2 = x2.fma(x2, x1.fma(x1, x0.mul(x0)));
      FloatVector e = exp2(FloatVector.broadcast(SINGLE, logs[site]).sub(d2));
      s0 = s0.add(e);
      s1 = e.fma(FloatVector.broadcast(SINGLE, values[site]), s1);
    }
    s0.intoArray(singles.s0, lane);
    s1.intoArray(singles.s1, lane);
  }

  private static void singleN(Tile tile, int lane) {
    Singles singles = tile.singles;
    int dim = tile.keys.dim;
    float[] keys = singles.keys;
    float[] queries = singles.queries;
    float[] values = singles.values;
    float[] logs = singles.logWeights;
    FloatVector s0 = load(singles.s0, lane);
    FloatVector s1 = load(singles.s1, lane);
    for (int site = tile.from; site < tile.to; site++) {
      FloatVector d2 = FloatVector.zero(SINGLE);
      for (int f = 0; f < dim; f++) {
        FloatVector x = load(queries, f * LANES + lane).sub(keys[site * dim + f]);
        d2 = x.fma(x, d2);
      }
      FloatVector e = exp2(FloatVector.broadcast(SINGLE, logs[site]).sub(d2));
      s0 = s0.add(e);
      s1 = e.fma(FloatVector.broadcast(SINGLE, values[site]), s1);
    }
    s0.intoArray(singles.s0, lane);
    s1.intoArray(singles.s1, lane);
  }

  private static void first(Tile tile, int lane) {
    double[] features = tile.keys.features;
    int dim = tile.keys.dim;
    double scale = tile.scales[0];
    double[] distances = tile.distances;
    DoubleVector query = load(tile.queries.features, lane);
    int at = lane - tile.group();
    for (int site = tile.from; site < tile.to; site++, at += LANES) {
      DoubleVector x = query.sub(features[site * dim]).mul(scale);
      x.mul(x).intoArray(distances, at);
    }
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
    double[] squares = tile.squares[f];
    DoubleVector query = load(tile.queries.features, f * tile.stride + lane);
    int at = lane - tile.group();
    for (int site = tile.from; site < tile.to; site++, at += LANES) {
      DoubleVector x = query.sub(features[site * dim + f]).mul(scale);
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

  private static void other(Tile tile, PooledState state, int lane, int v) {
    double[] values = tile.keys.otherSiteValues[v];
    double[] attention = tile.attention;
    DoubleVector sum = load(state.others[v], lane);
    int at = lane - tile.group();
    for (int site = tile.from; site < tile.to; site++, at += LANES) {
      sum = load(attention, at).fma(DoubleVector.broadcast(LANE, values[site]), sum);
    }
    sum.intoArray(state.others[v], lane);
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

  private static void detail1(Tile tile, PooledState state, int lane) {
    double[] features = tile.keys.features;
    double[] values = tile.keys.siteValues;
    double[] logs = tile.keys.logWeights;
    double[] squares = tile.keys.squares();
    double[] attention = tile.attention;
    double scale0 = tile.scales[0];
    DoubleVector query0 = load(tile.queries.features, lane);
    DoubleVector m00 = load(state.m0[0], lane);
    DoubleVector m10 = load(state.m1[0], lane);
    DoubleVector s0 = load(state.s0, lane);
    DoubleVector s1 = load(state.s1, lane);
    DoubleVector s2 = load(state.s2, lane);
    DoubleVector near2 = load(state.near2, lane);
    int at = lane - tile.group();
    for (int site = tile.from; site < tile.to; site++, at += LANES) {
      DoubleVector x0 = query0.sub(features[site]).mul(scale0);
      DoubleVector d2 = x0.mul(x0);
      near2 = near2.blend(d2, d2.compare(VectorOperators.LT, near2));
      DoubleVector e = exp2(DoubleVector.broadcast(LANE, logs[site]).sub(d2));
      e.intoArray(attention, at);
      DoubleVector value = DoubleVector.broadcast(LANE, values[site]);
      s0 = s0.add(e);
      s1 = e.fma(value, s1);
      s2 = e.mul(e).fma(DoubleVector.broadcast(LANE, squares[site]), s2);
      DoubleVector a0 = e.mul(x0);
      m00 = m00.add(a0);
      m10 = a0.fma(value, m10);
    }
    s0.intoArray(state.s0, lane);
    s1.intoArray(state.s1, lane);
    s2.intoArray(state.s2, lane);
    near2.intoArray(state.near2, lane);
    m00.intoArray(state.m0[0], lane);
    m10.intoArray(state.m1[0], lane);
  }

  private static void detail2(Tile tile, PooledState state, int lane) {
    double[] features = tile.keys.features;
    double[] values = tile.keys.siteValues;
    double[] logs = tile.keys.logWeights;
    double[] squares = tile.keys.squares();
    double[] attention = tile.attention;
    double scale0 = tile.scales[0];
    DoubleVector query0 = load(tile.queries.features, lane);
    DoubleVector m00 = load(state.m0[0], lane);
    DoubleVector m10 = load(state.m1[0], lane);
    double scale1 = tile.scales[1];
    DoubleVector query1 = load(tile.queries.features, tile.stride + lane);
    DoubleVector m01 = load(state.m0[1], lane);
    DoubleVector m11 = load(state.m1[1], lane);
    DoubleVector s0 = load(state.s0, lane);
    DoubleVector s1 = load(state.s1, lane);
    DoubleVector s2 = load(state.s2, lane);
    DoubleVector near2 = load(state.near2, lane);
    int at = lane - tile.group();
    for (int site = tile.from; site < tile.to; site++, at += LANES) {
      DoubleVector x0 = query0.sub(features[2 * site]).mul(scale0);
      DoubleVector x1 = query1.sub(features[2 * site + 1]).mul(scale1);
      DoubleVector d2 = x1.fma(x1, x0.mul(x0));
      near2 = near2.blend(d2, d2.compare(VectorOperators.LT, near2));
      DoubleVector e = exp2(DoubleVector.broadcast(LANE, logs[site]).sub(d2));
      e.intoArray(attention, at);
      DoubleVector value = DoubleVector.broadcast(LANE, values[site]);
      s0 = s0.add(e);
      s1 = e.fma(value, s1);
      s2 = e.mul(e).fma(DoubleVector.broadcast(LANE, squares[site]), s2);
      DoubleVector a0 = e.mul(x0);
      m00 = m00.add(a0);
      m10 = a0.fma(value, m10);
      DoubleVector a1 = e.mul(x1);
      m01 = m01.add(a1);
      m11 = a1.fma(value, m11);
    }
    s0.intoArray(state.s0, lane);
    s1.intoArray(state.s1, lane);
    s2.intoArray(state.s2, lane);
    near2.intoArray(state.near2, lane);
    m00.intoArray(state.m0[0], lane);
    m10.intoArray(state.m1[0], lane);
    m01.intoArray(state.m0[1], lane);
    m11.intoArray(state.m1[1], lane);
  }

  private static void detail3(Tile tile, PooledState state, int lane) {
    double[] features = tile.keys.features;
    double[] values = tile.keys.siteValues;
    double[] logs = tile.keys.logWeights;
    double[] squares = tile.keys.squares();
    double[] attention = tile.attention;
    double scale0 = tile.scales[0];
    DoubleVector query0 = load(tile.queries.features, lane);
    DoubleVector m00 = load(state.m0[0], lane);
    DoubleVector m10 = load(state.m1[0], lane);
    double scale1 = tile.scales[1];
    DoubleVector query1 = load(tile.queries.features, tile.stride + lane);
    DoubleVector m01 = load(state.m0[1], lane);
    DoubleVector m11 = load(state.m1[1], lane);
    double scale2 = tile.scales[2];
    DoubleVector query2 = load(tile.queries.features, 2 * tile.stride + lane);
    DoubleVector m02 = load(state.m0[2], lane);
    DoubleVector m12 = load(state.m1[2], lane);
    DoubleVector s0 = load(state.s0, lane);
    DoubleVector s1 = load(state.s1, lane);
    DoubleVector s2 = load(state.s2, lane);
    DoubleVector near2 = load(state.near2, lane);
    int at = lane - tile.group();
    for (int site = tile.from; site < tile.to; site++, at += LANES) {
      DoubleVector x0 = query0.sub(features[3 * site]).mul(scale0);
      DoubleVector x1 = query1.sub(features[3 * site + 1]).mul(scale1);
      DoubleVector x2 = query2.sub(features[3 * site + 2]).mul(scale2);
      DoubleVector d2 = x2.fma(x2, x1.fma(x1, x0.mul(x0)));
      near2 = near2.blend(d2, d2.compare(VectorOperators.LT, near2));
      DoubleVector e = exp2(DoubleVector.broadcast(LANE, logs[site]).sub(d2));
      e.intoArray(attention, at);
      DoubleVector value = DoubleVector.broadcast(LANE, values[site]);
      s0 = s0.add(e);
      s1 = e.fma(value, s1);
      s2 = e.mul(e).fma(DoubleVector.broadcast(LANE, squares[site]), s2);
      DoubleVector a0 = e.mul(x0);
      m00 = m00.add(a0);
      m10 = a0.fma(value, m10);
      DoubleVector a1 = e.mul(x1);
      m01 = m01.add(a1);
      m11 = a1.fma(value, m11);
      DoubleVector a2 = e.mul(x2);
      m02 = m02.add(a2);
      m12 = a2.fma(value, m12);
    }
    s0.intoArray(state.s0, lane);
    s1.intoArray(state.s1, lane);
    s2.intoArray(state.s2, lane);
    near2.intoArray(state.near2, lane);
    m00.intoArray(state.m0[0], lane);
    m10.intoArray(state.m1[0], lane);
    m01.intoArray(state.m0[1], lane);
    m11.intoArray(state.m1[1], lane);
    m02.intoArray(state.m0[2], lane);
    m12.intoArray(state.m1[2], lane);
  }

  private static void nearest(Tile tile, PooledState state, int lane) {
    double[] distances = tile.distances;
    DoubleVector near2 = load(state.near2, lane);
    int at = lane - tile.group();
    for (int site = tile.from; site < tile.to; site++, at += LANES) {
      DoubleVector d2 = load(distances, at);
      near2 = near2.blend(d2, d2.compare(VectorOperators.LT, near2));
    }
    near2.intoArray(state.near2, lane);
  }

  private static void squares(Tile tile, PooledState state, int lane) {
    double[] squares = tile.keys.squares();
    double[] attention = tile.attention;
    DoubleVector s2 = load(state.s2, lane);
    int at = lane - tile.group();
    for (int site = tile.from; site < tile.to; site++, at += LANES) {
      DoubleVector e = load(attention, at);
      s2 = e.mul(e).fma(DoubleVector.broadcast(LANE, squares[site]), s2);
    }
    s2.intoArray(state.s2, lane);
  }

  private static void otherDetail(Tile tile, PooledState state, int lane, int v) {
    double[] values = tile.keys.otherSiteValues[v];
    double[] squares = tile.keys.otherSquares()[v];
    double[] attention = tile.attention;
    DoubleVector sum = load(state.others[v], lane);
    DoubleVector sum2 = load(state.otherSquares[v], lane);
    int at = lane - tile.group();
    for (int site = tile.from; site < tile.to; site++, at += LANES) {
      DoubleVector e = load(attention, at);
      sum = e.fma(DoubleVector.broadcast(LANE, values[site]), sum);
      sum2 = e.mul(e).fma(DoubleVector.broadcast(LANE, squares[site]), sum2);
    }
    sum.intoArray(state.others[v], lane);
    sum2.intoArray(state.otherSquares[v], lane);
  }

  private static void effect(Tile tile, PooledState state, int lane, int f) {
    double[] features = tile.keys.features;
    double[] values = tile.keys.siteValues;
    int dim = tile.keys.dim;
    double scale = tile.scales[f];
    double[] attention = tile.attention;
    DoubleVector query = load(tile.queries.features, f * tile.stride + lane);
    DoubleVector m0 = load(state.m0[f], lane);
    DoubleVector m1 = load(state.m1[f], lane);
    int at = lane - tile.group();
    for (int site = tile.from; site < tile.to; site++, at += LANES) {
      DoubleVector x = query.sub(features[site * dim + f]).mul(scale);
      DoubleVector a = load(attention, at).mul(x);
      m0 = m0.add(a);
      m1 = a.fma(DoubleVector.broadcast(LANE, values[site]), m1);
    }
    m0.intoArray(state.m0[f], lane);
    m1.intoArray(state.m1[f], lane);
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

  private static void slope(Tile tile, PooledState state, int lane, int f) {
    double[] features = tile.keys.features;
    double[] values = tile.keys.siteValues;
    int dim = tile.keys.dim;
    double scale = tile.scales[f];
    double[] attention = tile.attention;
    DoubleVector query = load(tile.queries.features, f * tile.stride + lane);
    DoubleVector t0 = load(state.t0[f], lane);
    DoubleVector t1 = load(state.t1[f], lane);
    int at = lane - tile.group();
    for (int site = tile.from; site < tile.to; site++, at += LANES) {
      DoubleVector x = query.sub(features[site * dim + f]).mul(scale);
      DoubleVector square = x.mul(x);
      square = square.blend(FARTHEST, square.compare(VectorOperators.GT, FARTHEST));
      DoubleVector a = load(attention, at).mul(square);
      t0 = t0.add(a);
      t1 = a.fma(DoubleVector.broadcast(LANE, values[site]), t1);
    }
    t0.intoArray(state.t0[f], lane);
    t1.intoArray(state.t1[f], lane);
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
