package ml.regard.kernel;

import java.io.Serializable;
import java.util.Arrays;

/**
 * The sums of a block of queries over the keys seen so far, a partial softmax that merges.
 *
 * <pre>
 *   m = max(zmax_1, zmax_2);   each state's sums scaled by exp(zmax - m), S2 by its square;   add
 * </pre>
 *
 * <p>The empty state has zmax = -infinity and zero sums, and is neutral. Merging is associative and
 * commutative up to rounding. Results are NaN (0 for {@link #effectiveKeys}) for a query that met
 * no allowed key. Shapes: every array is {@code [size]}, T sums {@code [numWidths x size]}, U sums
 * {@code [pairs x size]} with the pairs g &lt;= h of widths in rows of the upper triangle. Not safe
 * for many threads.
 */
public final class PooledState implements Mergeable<PooledState>, Serializable {
  private static final long serialVersionUID = 1;

  final int size;
  final int numWidths;
  final Terms terms;
  final double valueCentre;
  final double[] zmax;
  final double[] s0;
  final double[] s1;
  final double[] s2;
  final double[] q;
  final double[] t0;
  final double[] t1;
  final double[] u0;
  final double[] u1;

  /** The empty state of a block of queries. */
  public PooledState(int size, int numWidths, Terms terms, double valueCentre) {
    this.size = size;
    this.numWidths = Checks.positive("number of widths", numWidths);
    this.terms = terms;
    this.valueCentre = valueCentre;
    zmax = new double[size];
    Arrays.fill(zmax, Double.NEGATIVE_INFINITY);
    s0 = new double[size];
    s1 = new double[size];
    int spread = terms == Terms.SPREAD ? size : 0;
    s2 = new double[spread];
    q = new double[spread];
    int widths = terms.hasWidths() ? size * numWidths : 0;
    t0 = new double[widths];
    t1 = new double[widths];
    int pairs = terms == Terms.CURVATURE ? size * numWidths * (numWidths + 1) / 2 : 0;
    u0 = new double[pairs];
    u1 = new double[pairs];
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
    if (size != other.size
        || numWidths != other.numWidths
        || terms != other.terms
        || Double.compare(valueCentre, other.valueCentre) != 0) {
      throw new IllegalArgumentException("only states of the same queries can be merged");
    }
    for (int i = 0; i < size; i++) {
      if (other.zmax[i] == Double.NEGATIVE_INFINITY) {
        continue;
      }
      raise(i, other.zmax[i]);
      double scale = StrictMath.exp(other.zmax[i] - zmax[i]);
      s0[i] += scale * other.s0[i];
      s1[i] += scale * other.s1[i];
      if (terms == Terms.SPREAD) {
        s2[i] += scale * scale * other.s2[i];
        q[i] += scale * other.q[i];
      }
      for (int t = i; t < t0.length; t += size) {
        t0[t] += scale * other.t0[t];
        t1[t] += scale * other.t1[t];
      }
      for (int u = i; u < u0.length; u += size) {
        u0[u] += scale * other.u0[u];
        u1[u] += scale * other.u1[u];
      }
    }
    return this;
  }

  /** Makes the maximum of query i at least z, and scales its sums to the new maximum. */
  void raise(int i, double z) {
    if (z <= zmax[i]) {
      return;
    }
    double scale = StrictMath.exp(zmax[i] - z); // 0 for the empty state
    zmax[i] = z;
    s0[i] *= scale;
    s1[i] *= scale;
    if (terms == Terms.SPREAD) {
      s2[i] *= scale * scale;
      q[i] *= scale;
    }
    for (int t = i; t < t0.length; t += size) {
      t0[t] *= scale;
      t1[t] *= scale;
    }
    for (int u = i; u < u0.length; u += size) {
      u0[u] *= scale;
      u1[u] *= scale;
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

  /** The effective number of keys S0^2 / S2 of query i, from 1 to n; 0 without an allowed key. */
  public double effectiveKeys(int i) {
    require(Terms.SPREAD);
    return noKeys(i) ? 0 : s0[i] * s0[i] / s2[i];
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
   *   dy/dlog h_g = (T1_g - y T0_g) w_g^2 / S0          dy/dw_g = -(1 / w_g) dy/dlog h_g
   * </pre>
   */
  public double byLogWidth(int i, int g, double inverseWidth) {
    requireWidths();
    int t = g * size + i;
    return noKeys(i)
        ? Double.NaN
        : (t1[t] - centred(i) * t0[t]) * inverseWidth * inverseWidth / s0[i];
  }

  /**
   * The mean of D_g w_g^2 under the attention of query i: the derivative of log S0 by log h_g. NaN
   * without an allowed key.
   */
  double meanSquare(int i, int g, double inverseWidth) {
    requireWidths();
    return noKeys(i) ? Double.NaN : t0[g * size + i] * inverseWidth * inverseWidth / s0[i];
  }

  /**
   * The second derivatives of the pooled value of query i by the logarithms of the widths, the
   * upper triangle in rows. With u_g = D_g w_g^2 and E the mean under the attention:
   *
   * <pre>
   *   d2y_gh = E[(v - y) u_g u_h] - E[u_g] dy_h - E[u_h] dy_g - 2 (g = h) dy_g
   * </pre>
   *
   * @param inverseWidths {@code [numWidths]}
   */
  double[] secondByLogWidths(int i, double[] inverseWidths) {
    require(Terms.CURVATURE);
    double[] second = new double[numWidths * (numWidths + 1) / 2];
    double mean = centred(i);
    int pair = 0;
    for (int g = 0; g < numWidths; g++) {
      double wg = inverseWidths[g];
      double dyg = byLogWidth(i, g, wg);
      for (int h = g; h < numWidths; h++) {
        double wh = inverseWidths[h];
        int u = pair * size + i;
        double product = (u1[u] - mean * u0[u]) * wg * wg * wh * wh / s0[i];
        second[pair++] =
            product
                - meanSquare(i, g, wg) * byLogWidth(i, h, wh)
                - meanSquare(i, h, wh) * dyg
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
    double others = s0[i] * StrictMath.exp(zmax[i]) / weight;
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
