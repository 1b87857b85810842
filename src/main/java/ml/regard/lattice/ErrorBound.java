package ml.regard.lattice;

import java.io.Serializable;
import java.util.Arrays;

/**
 * How far the pooled value of a query, and its derivatives, are from those of the exact sums at
 * most. docs/math.md derives it; in short, with primes for what the lattice makes of the sums, E =
 * exp(-|x|^2 / 4) and V = sum c E (v - y')^2,
 *
 * <pre>
 *   |sum_j (k' - k) c_j (v_j - y')|  &lt;=  A sqrt(S0b V)  =: e      |sum_j (k' - k) c_j|  &lt;=  A S0b  =: s
 *   |y - y'|  &lt;=  e_S / (S0' - s_S)
 *   |F - F'|  &lt;=  (e_T + |y - y'| (T0' + s_T) + |F'| s_S) / (S0' - s_S)        F = (T1 - y T0) / S0
 *   |D - D'|  &lt;=  (A V + D' s_S) / (S0' - s_S) + |y - y'|^2                    D = Q / S0 - y^2
 *   (S0' - s_S)^2 / (S2' + s_2)  &lt;=  effective keys  &lt;=  (S0' + s_S)^2 / (S2' - s_2)
 * </pre>
 *
 * <p>Rounding adds to every e and s its share of the same sums with the magnitudes of all weights,
 * before anything was subtracted. S0b and V come from a lattice too, and so are raised by what that
 * may lose. Immutable; safe for many threads.
 */
final class ErrorBound implements Serializable {
  private static final long serialVersionUID = 1;

  /**
   * Roundings on the way of one term, in units of 2^-52: at most 360 half units in weights,
   * convolutions and interpolation.
   */
  private static final double ROUNDINGS = 200;

  /**
   * Sums over n sites are off by less than 8 sqrt(n) half units, if roundings are not all alike.
   */
  private static final double PER_ROOT = 4;

  private final int numWidths;
  private final int targets;
  private final int maxPower;
  private final boolean spread;

  /** A, and the same of the magnitudes of the weights, by target. */
  private final double[] errors;

  private final double[] gross;
  private final double grossBroad;

  /** The same of the square of the kernel. */
  private final double squaredError;

  private final double squaredGross;
  private final double rounding;

  /** 1 / (1 - broadError)^d. */
  private final double inflate;

  /** What keys far away may have added to or withheld from a broad sum, as a share of all. */
  private final double tail;

  private final double weight;
  private final double squares;

  /** Sum c^2 key by key. */
  private final double squaredWeights;

  private final double leftOutWeight;
  private final double leftOutSquares;

  /** The standard deviation of all values. */
  final double deviation;

  ErrorBound(LatticePlan plan, double[] totals, long sites, ExactSums exact) {
    Moments moments = plan.moments();
    Envelope envelope = plan.spacing().envelope();
    int dim = plan.dim();
    numWidths = moments.numWidths;
    targets = moments.numTargets;
    maxPower = moments.maxPower;
    spread = moments.spread;
    errors = new double[targets];
    gross = new double[targets];
    for (Moments.Moment moment : moments.moments) {
      double near = 1;
      double peak = 1;
      double magnitude = 1;
      for (int k : moment.powers) {
        near *= envelope.peak[k] + envelope.error[k];
        peak *= envelope.peak[k];
        magnitude *= envelope.gross[k];
      }
      errors[moment.target] += moment.factor * (near - peak);
      gross[moment.target] += moment.factor * magnitude;
    }
    squaredError = StrictMath.pow(1 + envelope.squaredError, dim) - 1;
    squaredGross = StrictMath.pow(envelope.squaredGross, dim);
    grossBroad = StrictMath.pow(envelope.broadGross, dim);
    rounding = (ROUNDINGS + PER_ROOT * Math.sqrt(sites)) * Math.ulp(1.0);
    inflate = 1 / StrictMath.pow(1 - envelope.broadError, dim);
    tail = envelope.tail * (1 + inflate * StrictMath.pow(1 + envelope.broadError, dim - 1));
    weight = totals[0];
    squares = totals[2];
    squaredWeights = spread ? totals[3] : 0;
    leftOutWeight = ExactSums.LEFT_OUT * exact.weight;
    leftOutSquares = ExactSums.LEFT_OUT * exact.squares;
    deviation = Math.sqrt((totals[2] + exact.squares) / (totals[0] + exact.weight));
  }

  /**
   * How many numbers {@link #of} writes: one for the value, each width, and each pair; with spread
   * one for the value, the variance and the effective keys.
   */
  int length() {
    return spread ? 3 : targets;
  }

  /**
   * The bounds of the pooled value, of its derivatives by log widths, and of its second ones; or of
   * the pooled value, the variance and the effective keys.
   *
   * @param sums those of a query ({@link LatticeSums}), from an index on
   * @param ownWeight sum c over keys at the place of the query that come on top
   * @param ownValue sum c (v - centre) over them
   * @param into infinite where there is none
   */
  void of(double[] sums, int at, double ownWeight, double ownValue, double[] into) {
    int broad = at + 2 * targets;
    double s0 = sums[at] + ownWeight;
    double y = (sums[at + targets] + ownValue) / s0;

    double grossWeight = inflate * sums[broad + 3] + tail * weight + sums[broad + 5];
    double grossSquares = inflate * sums[broad + 4] + tail * squares + sums[broad + 6];
    double grossSpread = square(Math.sqrt(grossSquares) + Math.abs(y) * Math.sqrt(grossWeight));
    double slack = rounding * grossBroad;
    double near = sums[broad] + slack * grossWeight;
    double mass = inflate * Math.max(0, near) + tail * weight;
    double about = sums[broad + 2] - 2 * y * sums[broad + 1] + y * y * sums[broad];
    double variation =
        inflate * Math.max(0, about + slack * grossSpread)
            + tail * square(Math.sqrt(squares) + Math.abs(y) * Math.sqrt(weight));

    double[] sumError = new double[targets];
    double[] pooledError = new double[targets];
    double left = Math.sqrt(leftOutSquares * leftOutWeight) + Math.abs(y) * leftOutWeight;
    for (int t = 0; t < targets; t++) {
      double share = rounding * gross[t];
      sumError[t] = errors[t] * mass + share * grossWeight + leftOutWeight;
      pooledError[t] =
          errors[t] * Math.sqrt(mass * variation)
              + share * Math.sqrt(grossWeight * grossSpread)
              + left;
    }
    double least = s0 - sumError[0];
    if (!(least > 0)) {
      Arrays.fill(into, 0, length(), Double.POSITIVE_INFINITY);
      return;
    }
    into[0] = finite(pooledError[0] / least);
    for (int t = 1; t < targets; t++) {
      double plain = sums[at + t];
      double found = (sums[at + targets + t] - y * plain) / s0;
      double error =
          pooledError[t]
              + into[0] * (Math.abs(plain) + sumError[t])
              + Math.abs(found) * sumError[0];
      into[t] = finite(error / least);
    }
    if (spread) {
      double squareError =
          errors[0] * variation + rounding * gross[0] * grossSpread + square(leftOutSpread(y));
      into[1] =
          finite(
              variance(sums[broad + LatticeSums.SPREAD], s0, y, squareError, sumError[0], into[0]));
      into[2] = finite(effectiveKeys(sums, broad + LatticeSums.SPREAD, s0, sumError[0]));
    }
    if (maxPower > 1) {
      second(sums, at, s0, y, least, sumError, into);
    }
  }

  /** Turns the bounds of E[(v - y) u_g u_h] into those of the second derivatives. */
  private void second(
      double[] sums, int at, double s0, double y, double least, double[] sumError, double[] into) {
    double[] mean = new double[numWidths];
    double[] meanError = new double[numWidths];
    double[] first = new double[numWidths];
    for (int g = 0; g < numWidths; g++) {
      double plain = sums[at + 1 + g];
      mean[g] = Math.abs(plain / s0);
      meanError[g] = (sumError[1 + g] + mean[g] * sumError[0]) / least;
      first[g] = Math.abs((sums[at + targets + 1 + g] - y * plain) / s0);
    }
    int t = 1 + numWidths;
    for (int g = 0; g < numWidths; g++) {
      for (int h = g; h < numWidths; h++, t++) {
        double products =
            meanError[g] * (first[h] + into[1 + h])
                + mean[g] * into[1 + h]
                + meanError[h] * (first[g] + into[1 + g])
                + mean[h] * into[1 + g];
        into[t] = finite(into[t] + products + (g == h ? 2 * into[1 + g] : 0));
      }
    }
  }

  /** The root of sum c e (v - y)^2 over the sites that were left out, at most. */
  private double leftOutSpread(double y) {
    return Math.sqrt(leftOutSquares) + Math.abs(y) * Math.sqrt(leftOutWeight);
  }

  private static double variance(
      double q, double s0, double y, double squareError, double sumError, double valueError) {
    double variance = Math.abs(q / s0 - y * y);
    return (squareError + variance * sumError) / (s0 - sumError) + square(valueError);
  }

  private double effectiveKeys(double[] sums, int at, double s0, double sumError) {
    double found = sums[at + 1];
    double all = inflate * Math.max(0, sums[at + 2]) + tail * squaredWeights;
    double slack = rounding * grossBroad * all;
    double error =
        squaredError * (all + inflate * slack)
            + rounding * (squaredGross * all + found)
            + square(leftOutWeight);
    if (!(found > error)) {
      return Double.POSITIVE_INFINITY;
    }
    double keys = s0 * s0 / found;
    double most = square(s0 + sumError) / (found - error);
    double fewest = square(s0 - sumError) / (found + error);
    return Math.max(most - keys, keys - fewest);
  }

  private static double square(double x) {
    return x * x;
  }

  /** Itself, or infinite where it is not a number. */
  private static double finite(double bound) {
    return bound >= 0 ? bound : Double.POSITIVE_INFINITY;
  }
}
