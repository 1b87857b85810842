package ml.regard.kernel;

import java.io.Serializable;
import java.util.Arrays;
import java.util.function.IntToDoubleFunction;
import java.util.stream.Stream;

/**
 * The sums of a block of queries over the keys seen so far, a partial softmax that merges.
 *
 * <p>Exponents are of base 2, and every sum of a query is scaled by 2^-reference, a whole number:
 * scaling is exact. In a <em>near</em> state all references are 0, and no maximum is ever formed;
 * it is good for queries that have a key within some twenty widths, and {@link #far} tells the
 * others. In a <em>safe</em> state the reference is that of the nearest key, rounded up, so that
 * 1/2 &lt;= S0 &lt;= n whatever the distances:
 *
 * <pre>
 *   r = max(r_1, r_2);   each state's sums scaled by 2^(r_i - r), S2 by its square;   add
 * </pre>
 *
 * <p>The nearest key is a minimum of distances, which no reference scales.
 *
 * <p>The empty state is neutral. Merging is associative and commutative up to rounding. Results are
 * NaN (0 for {@link #effectiveKeys}) for a query that met no allowed key. Distances in the sums are
 * x_f^2 = ((q_f - k_f) w_f)^2 / {@link Exp2#SQUARE}. Shapes: every array is {@code [stride]}, with
 * one T sum per width, one U sum per pair g &lt;= h of widths, in rows of the upper triangle, and
 * one M sum per feature. Not safe for many threads.
 */
public final class PooledState implements Mergeable<PooledState>, Serializable {
  private static final long serialVersionUID = 1;

  /** A near state is believed while S0 is between this and its inverse. */
  private static final double NEAR = 0x1p-400;

  private static final double NONE = Double.NEGATIVE_INFINITY;

  final int size;
  final int numWidths;
  final Terms terms;
  final double valueCentre;
  final boolean safe;
  final double[] reference;
  final double[] s0;
  final double[] s1;
  final double[][] others;
  final double[] s2;
  final double[] q;
  final double[][] t0;
  final double[][] t1;
  final double[][] u0;
  final double[][] u1;
  final double[][] m0;
  final double[][] m1;

  /** S2 of each further value: sum e^2 u, key by key. */
  final double[][] otherSquares;

  /** The squared distance to the nearest key met, whatever its weight. */
  final double[] near2;

  /** All sums there are, S0 first, and last those of e^2. */
  private final double[][] sums;

  /** How many are sums of e^2. */
  private final int squares;

  /**
   * The empty state of a block of queries.
   *
   * @param numWidths of the candidate; with DETAIL the number of features
   */
  PooledState(
      int size, int numWidths, int numOthers, Terms terms, double valueCentre, boolean safe) {
    this.size = size;
    this.numWidths = Checks.positive("number of widths", numWidths);
    this.terms = terms;
    this.valueCentre = valueCentre;
    this.safe = safe;
    int stride = QueryBlock.stride(size);
    reference = new double[stride];
    Arrays.fill(reference, safe ? NONE : 0);
    s0 = new double[stride];
    s1 = new double[stride];
    others = new double[numOthers][stride];
    boolean detail = terms == Terms.DETAIL;
    s2 = new double[terms == Terms.SPREAD || detail ? stride : 0];
    q = new double[terms == Terms.SPREAD ? stride : 0];
    int widths = terms.hasWidths() ? numWidths : 0;
    t0 = new double[widths][stride];
    t1 = new double[widths][stride];
    int pairs = terms == Terms.CURVATURE ? numWidths * (numWidths + 1) / 2 : 0;
    u0 = new double[pairs][stride];
    u1 = new double[pairs][stride];
    m0 = new double[detail ? numWidths : 0][stride];
    m1 = new double[detail ? numWidths : 0][stride];
    otherSquares = new double[detail ? numOthers : 0][stride];
    near2 = new double[detail ? stride : 0];
    Arrays.fill(near2, Double.POSITIVE_INFINITY);
    squares = (s2.length > 0 ? 1 : 0) + otherSquares.length;
    sums =
        Stream.of(
                new double[][] {s0, s1, q},
                others,
                t0,
                t1,
                u0,
                u1,
                m0,
                m1,
                new double[][] {s2},
                otherSquares)
            .flatMap(Arrays::stream)
            .filter(sum -> sum.length > 0)
            .toArray(double[][]::new);
  }

  /**
   * A near state to {@link #put} sums into that were formed elsewhere, and with SPREAD to {@link
   * #putSpread}.
   */
  public static PooledState near(int size, int numWidths, Terms terms, double valueCentre) {
    return new PooledState(size, numWidths, 0, terms, valueCentre, false);
  }

  /**
   * Gives query i its sums, over squares u_f = ((q_f - k_f) w_f)^2 that are not scaled.
   *
   * @param plain S0; T0 by width; U0 by pair; as far as the terms go
   * @param valued S1; T1 by width; U1 by pair, of centred values
   */
  public void put(int i, double[] plain, double[] valued) {
    reference[i] = 0;
    s0[i] = plain[0];
    s1[i] = valued[0];
    for (int g = 0; g < t0.length; g++) {
      t0[g][i] = plain[1 + g] / Exp2.SQUARE;
      t1[g][i] = valued[1 + g] / Exp2.SQUARE;
    }
    for (int pair = 0; pair < u0.length; pair++) {
      u0[pair][i] = plain[1 + numWidths + pair] / (Exp2.SQUARE * Exp2.SQUARE);
      u1[pair][i] = valued[1 + numWidths + pair] / (Exp2.SQUARE * Exp2.SQUARE);
    }
  }

  /** Gives query i its sums S2 of (c e)^2, key by key, and Q of c e (v - centre)^2. */
  public void putSpread(int i, double squares, double valueSquares) {
    require(Terms.SPREAD);
    s2[i] = squares;
    q[i] = valueSquares;
  }

  public int size() {
    return size;
  }

  /**
   * Adds the sums of the same queries over other keys.
   *
   * @throws IllegalArgumentException unless both states have the same shape, terms and centre
   */
  @Override
  public PooledState merge(PooledState other) {
    if (size != other.size || safe != other.safe || !alike(other)) {
      throw new IllegalArgumentException("only states of the same queries can be merged");
    }
    for (int i = 0; i < near2.length; i++) {
      near2[i] = Math.min(near2[i], other.near2[i]);
    }
    for (int i = 0; i < size; i++) {
      if (other.reference[i] == NONE) {
        continue;
      }
      raise(i, other.reference[i]);
      double scale = scale(other.reference[i], reference[i]);
      for (int s = 0; s < sums.length; s++) {
        sums[s][i] += (isSquare(s) ? scale * scale : scale) * other.sums[s][i];
      }
    }
    return this;
  }

  private boolean alike(PooledState other) {
    return numWidths == other.numWidths
        && terms == other.terms
        && others.length == other.others.length
        && Double.compare(valueCentre, other.valueCentre) == 0;
  }

  /** Makes the reference of query i at least r, and scales its sums to the new one. */
  void raise(int i, double r) {
    if (r <= reference[i]) {
      return;
    }
    double scale = scale(reference[i], r);
    reference[i] = r;
    for (int s = 0; s < sums.length; s++) {
      sums[s][i] *= isSquare(s) ? scale * scale : scale;
    }
  }

  private boolean isSquare(int s) {
    return s >= sums.length - squares;
  }

  /** 2^(from - to) for from &lt;= to; 0 from the empty state. */
  private static double scale(double from, double to) {
    return from == to ? 1 : Math.scalb(1.0, (int) Math.max(from - to, -2000));
  }

  /** How many sums each query has. */
  int numSums() {
    return sums.length;
  }

  /**
   * Keeps the sums of the lanes from first to end - 1 of one group aside; not their nearest keys,
   * to which no key that is met does harm.
   */
  void keep(int first, int end, double[][] kept) {
    for (int s = 0; s < sums.length; s++) {
      System.arraycopy(sums[s], first, kept[s], 0, end - first);
    }
  }

  /** Gives query i the sums back that were kept of the lanes from first on. */
  void restore(int i, double[][] kept, int first) {
    for (int s = 0; s < sums.length; s++) {
      sums[s][i] = kept[s][i - first];
    }
  }

  /** The sums of some of these queries, in the order given. */
  public PooledState select(int[] queries) {
    PooledState selected =
        new PooledState(queries.length, numWidths, others.length, terms, valueCentre, safe);
    for (int i = 0; i < queries.length; i++) {
      selected.copy(i, this, queries[i]);
    }
    return selected;
  }

  /**
   * Puts the sums of the queries of another state, a safe one as a rule, in the place of the given
   * ones.
   *
   * @throws IllegalArgumentException unless the other state has as many queries, and both the same
   *     widths, terms and centre
   */
  public void replace(int[] queries, PooledState other) {
    if (queries.length != other.size || !alike(other)) {
      throw new IllegalArgumentException("only states of the same queries can be replaced");
    }
    for (int i = 0; i < queries.length; i++) {
      copy(queries[i], other, i);
    }
  }

  /** Takes query i from query j of a state of the same shape. */
  private void copy(int i, PooledState other, int j) {
    reference[i] = other.reference[j];
    for (int s = 0; s < sums.length; s++) {
      sums[s][i] = other.sums[s][j];
    }
    if (terms == Terms.DETAIL) {
      near2[i] = other.near2[j];
    }
  }

  /**
   * The queries of a near state whose sums left the range in which they can be believed, or that
   * met no key: a safe state answers for them.
   */
  public int[] far() {
    return far(i -> NEAR);
  }

  /** The same where the S0 of query i must also be at least this. */
  int[] far(IntToDoubleFunction least) {
    int[] far = new int[size];
    int count = 0;
    for (int i = 0; i < size; i++) {
      boolean near = s0[i] >= Math.max(NEAR, least.applyAsDouble(i)) && s0[i] <= 1 / NEAR;
      for (double[] sum : sums) {
        near &= Math.abs(sum[i]) <= Double.MAX_VALUE;
      }
      if (!near) {
        far[count++] = i;
      }
    }
    return Arrays.copyOf(far, count);
  }

  /** Adds keys at the place of query i itself: the twins of a key. Not with SPREAD. */
  void addOwn(int i, Twins.Sums twins) {
    if (safe || reference[i] != 0) {
      raise(i, Math.ceil(Exp2.log2(twins.weight)));
    }
    double scale = Math.scalb(1.0, (int) Math.max(-reference[i], -2000));
    s0[i] += twins.weight * scale;
    s1[i] += twins.value * scale;
    for (int v = 0; v < others.length; v++) {
      others[v][i] += twins.others[v] * scale;
    }
    if (terms == Terms.DETAIL) {
      s2[i] += twins.squares * scale * scale;
      for (int v = 0; v < otherSquares.length; v++) {
        otherSquares[v][i] += twins.otherSquares[v] * scale * scale;
      }
      near2[i] = 0;
    }
  }

  /** Whether query i met no allowed key. */
  public boolean noKeys(int i) {
    return s0[i] == 0;
  }

  /** The pooled value S1 / S0 of query i; NaN without an allowed key. */
  public double pooled(int i) {
    return valueCentre + centred(i);
  }

  /** The pooled value minus the centre of the values, before it is rounded to their magnitude. */
  double centred(int i) {
    return noKeys(i) ? Double.NaN : s1[i] / s0[i];
  }

  /** The pooled value of query i of the further value v; NaN without an allowed key. */
  public double pooled(int i, int v) {
    return noKeys(i) ? Double.NaN : others[v][i] / s0[i];
  }

  /** The effective number of keys S0^2 / S2 of query i, from 1 to n; 0 without an allowed key. */
  public double effectiveKeys(int i) {
    if (terms != Terms.DETAIL) {
      require(Terms.SPREAD);
    }
    return noKeys(i) ? 0 : s0[i] * s0[i] / s2[i];
  }

  /**
   * The support exp(-1/2 min_j sum_f ((q_f - k_jf) w_f)^2) of query i: 1 with a key at its very
   * place, 0 far from all keys and without an allowed key.
   */
  public double support(int i) {
    require(Terms.DETAIL);
    return StrictMath.pow(2, -near2[i]);
  }

  /**
   * The derivatives of the pooled value of query i by its features, {@code [d]}:
   *
   * <pre>
   *   dy/dq_f = sum_j e_j (k_jf - q_f) (v_j - y) w_f^2 / S0
   * </pre>
   *
   * <p>NaN without an allowed key.
   *
   * @param inverseWidths those of the sums
   */
  public double[] marginalEffect(int i, double[] inverseWidths) {
    require(Terms.DETAIL);
    double[] effect = new double[m0.length];
    Arrays.fill(effect, Double.NaN);
    for (int f = 0; f < effect.length && !noKeys(i); f++) {
      double w = Math.abs(inverseWidths[inverseWidths.length == 1 ? 0 : f]);
      effect[f] = (centred(i) * m0[f][i] - m1[f][i]) / s0[i] * (w / Exp2.SCALE);
    }
    return effect;
  }

  /** sum_j a_j^2 u_j of the further value v of query i; NaN without an allowed key. */
  public double squaredAttention(int i, int v) {
    require(Terms.DETAIL);
    return noKeys(i) ? Double.NaN : otherSquares[v][i] / s0[i] / s0[i];
  }

  /** The variance Q/S0 - y^2 of the values under the attention of query i, never below 0. */
  public double variance(int i) {
    require(Terms.SPREAD);
    double mean = centred(i);
    return noKeys(i) ? Double.NaN : Math.max(0, q[i] / s0[i] - mean * mean);
  }

  /**
   * The derivative of the pooled value of query i by the logarithm of width g:
   *
   * <pre>
   *   dy/dlog h_g = E[(v - y) u_g]       u_g = ((q - k) w)^2 of the features of width g
   * </pre>
   */
  public double byLogWidth(int i, int g) {
    requireWidths();
    return noKeys(i) ? Double.NaN : (t1[g][i] - centred(i) * t0[g][i]) * Exp2.SQUARE / s0[i];
  }

  /**
   * The mean of u_g under the attention of query i: the derivative of log S0 by log h_g. NaN
   * without an allowed key.
   */
  double meanSquare(int i, int g) {
    requireWidths();
    return noKeys(i) ? Double.NaN : t0[g][i] * Exp2.SQUARE / s0[i];
  }

  /**
   * The second derivatives of the pooled value of query i by the logarithms of the widths, the
   * upper triangle in rows. With E the mean under the attention:
   *
   * <pre>
   *   d2y_gh = E[(v - y) u_g u_h] - E[u_g] dy_h - E[u_h] dy_g - 2 (g = h) dy_g
   * </pre>
   */
  double[] secondByLogWidths(int i) {
    require(Terms.CURVATURE);
    double[] second = new double[u0.length];
    double mean = centred(i);
    int pair = 0;
    for (int g = 0; g < numWidths; g++) {
      double dyg = byLogWidth(i, g);
      for (int h = g; h < numWidths; h++, pair++) {
        double product = (u1[pair][i] - mean * u0[pair][i]) * (Exp2.SQUARE * Exp2.SQUARE) / s0[i];
        second[pair] =
            product
                - meanSquare(i, g) * byLogWidth(i, h)
                - meanSquare(i, h) * dyg
                - (g == h ? 2 * dyg : 0);
      }
    }
    return second;
  }

  /**
   * The attention that query i pays to a key of its own features with this weight.
   *
   * @param met whether that key is among those the query has met; otherwise it comes on top
   */
  double leverage(int i, double weight, boolean met) {
    double others = s0[i] * StrictMath.pow(2, reference[i]) / weight;
    return met ? 1 / others : 1 / (1 + others);
  }

  private void requireWidths() {
    if (!terms.hasWidths()) {
      require(Terms.WIDTHS);
    }
  }

  private void require(Terms needed) {
    if (terms != needed) {
      throw new IllegalStateException("the sums %s were not formed".formatted(needed));
    }
  }
}
