package ml.regard.lattice;

import java.io.Serializable;
import ml.regard.kernel.PooledState;

/**
 * The sums of a block of queries as a lattice has them, each with a bound of how far its pooled
 * value, and the derivatives of that, are from those of the exact sums.
 *
 * <p>A query outside of the box, or of the tiles of a sparse lattice, has sums that are NaN and an
 * infinite bound, one far from every key an infinite bound: exact sums answer for those that are
 * not {@link #certified}. Immutable; safe for many threads.
 */
public final class LatticeAnswers implements NodeAnswers, Serializable {
  private static final long serialVersionUID = 1;

  /**
   * Derivatives by log widths may be off by so many times what a pooled value may be: their kernels
   * are rougher by about that.
   */
  public static final double DERIVATIVES = 16;

  /** Variances likewise, with the square of the unit. */
  public static final double VARIANCE = 16;

  /** Effective keys may be off by this share: they tell how well a value is known. */
  public static final double EFFECTIVE_KEYS = 0.01;

  private final LatticePlan plan;
  private final double valueCentre;
  private final ErrorBound bound;
  private final int size;
  private final int stride;
  private final double[] sums;

  LatticeAnswers(
      LatticePlan plan, double valueCentre, ErrorBound bound, int size, int stride, double[] sums) {
    this.plan = plan;
    this.valueCentre = valueCentre;
    this.bound = bound;
    this.size = size;
    this.stride = stride;
    this.sums = sums;
  }

  public int size() {
    return size;
  }

  /**
   * The sums as a near state. Those of queries that are not certified are of no use, and may have
   * any sign.
   */
  @Override
  public PooledState state() {
    Moments moments = plan.moments();
    PooledState state = PooledState.near(size, moments.numWidths, plan.terms(), valueCentre);
    double[] plain = new double[moments.numTargets];
    double[] valued = new double[moments.numTargets];
    for (int i = 0; i < size; i++) {
      System.arraycopy(sums, i * stride, plain, 0, plain.length);
      System.arraycopy(sums, i * stride + plain.length, valued, 0, valued.length);
      state.put(i, plain, valued);
      if (moments.spread) {
        int spread = i * stride + 2 * plain.length + LatticeSums.SPREAD;
        state.putSpread(i, sums[spread + 1], sums[spread]);
      }
    }
    return state;
  }

  /**
   * The bounds of query i, infinite where there is none: of the pooled value, of its derivative by
   * each log width, and of its second derivatives by each pair, as far as the terms go; with SPREAD
   * of the pooled value, the variance and the effective keys, without any keys on top.
   *
   * @param ownWeight sum c over keys at the place of the query that are added to its sums ({@link
   *     ml.regard.kernel.TrainingQueries#met}), 0 without
   * @param ownValue sum c (v - centre) over them
   */
  public double[] bounds(int i, double ownWeight, double ownValue) {
    double[] bounds = new double[bound.length()];
    bound.of(sums, i * stride, ownWeight, ownValue, bounds);
    return bounds;
  }

  /** The same for the query alone. */
  public double[] bounds(int i) {
    return bounds(i, 0, 0);
  }

  /**
   * Whether the pooled value of query i is certain to be within the plan's tolerance, and its
   * derivatives by log widths, where the terms have them, within {@link #DERIVATIVES} times that;
   * with SPREAD the variance within {@link #VARIANCE} and the effective keys within {@link
   * #EFFECTIVE_KEYS}. Second derivatives may be anything: they steer steps, and are not answers.
   */
  @Override
  public boolean certified(int i, double ownWeight, double ownValue) {
    double[] bounds = bounds(i, ownWeight, ownValue);
    double allowed = plan.tolerance() * bound.deviation;
    boolean certified = bounds[0] <= allowed;
    if (plan.moments().spread) {
      double keys = effectiveKeys(i);
      return certified
          && bounds[1] <= VARIANCE * allowed * bound.deviation
          && bounds[2] <= EFFECTIVE_KEYS * keys;
    }
    for (int g = 0; plan.terms().hasWidths() && g < plan.moments().numWidths; g++) {
      certified &= bounds[1 + g] <= DERIVATIVES * allowed;
    }
    return certified;
  }

  @Override
  public double errorBound(int i) {
    return bounds(i)[0];
  }

  private double effectiveKeys(int i) {
    double s0 = sums[i * stride];
    return s0 * s0 / sums[i * stride + 2 * plan.moments().numTargets + LatticeSums.SPREAD + 1];
  }

  /** The same for the query alone. */
  public boolean certified(int i) {
    return certified(i, 0, 0);
  }
}
