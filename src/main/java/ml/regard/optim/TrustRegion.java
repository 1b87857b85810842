package ml.regard.optim;

import java.util.Arrays;
import ml.regard.kernel.LossSums;
import ml.regard.kernel.Terms;

/**
 * Newton's steps in log widths within a trust region and the bounds of the widths.
 *
 * <pre>
 *   step = argmin of g d + 1/2 d B d over |d| &lt;= radius      taken when the criterion falls
 * </pre>
 *
 * <p>B is the Hessian where a pass forms it. Else it is the Gauss-Newton matrix with a secant term
 * for the part of the Hessian that residuals make (symmetric rank one, from the gradients of the
 * steps so far): at the optimum of a kernel regression that part is as large as the other. Widths
 * at a bound that the criterion pushes against, and those switched off, take no part.
 *
 * <p>State changes only after an evaluation. Source: J. Nocedal, S. J. Wright, Numerical
 * Optimization (2006), chapters 4, 6.2 and 10.3.
 */
final class TrustRegion {
  private static final double FIRST_RADIUS = 1;
  private static final double MAX_RADIUS = 4;
  private static final double ACCEPTED = 1e-4;

  /** Changes of the criterion below this share are rounding. */
  private static final double ROUNDING = 1e-12;

  private final Objective objective;
  private final Criterion criterion;
  private final Terms terms;
  private final FeatureScales scales;
  private final boolean[] off;
  private Batch batch;
  private double[] inverseWidths;
  private LossSums sums;
  private double[][] secant;
  private double radius = FIRST_RADIUS;
  private boolean stalled;

  TrustRegion(
      Objective objective,
      Criterion criterion,
      Terms terms,
      FeatureScales scales,
      Batch batch,
      double[] start) {
    this.objective = objective;
    this.criterion = criterion;
    this.terms = terms;
    this.scales = scales;
    this.batch = batch;
    this.inverseWidths = start.clone();
    this.off = new boolean[start.length];
    this.secant = new double[start.length][start.length];
  }

  /** Another one that is where this one is. */
  TrustRegion copy() {
    TrustRegion copy = new TrustRegion(objective, criterion, terms, scales, batch, inverseWidths);
    System.arraycopy(off, 0, copy.off, 0, off.length);
    copy.sums = sums;
    copy.secant = Arrays.stream(secant).map(double[]::clone).toArray(double[][]::new);
    copy.radius = radius;
    return copy;
  }

  double[] inverseWidths() {
    return inverseWidths.clone();
  }

  /** The sums at the widths, over the batch; null before the first evaluation of the batch. */
  LossSums sums() {
    return sums;
  }

  Batch batch() {
    return batch;
  }

  boolean isOff(int g) {
    return off[g];
  }

  double radius() {
    return radius;
  }

  /**
   * Whether the last step changed the criterion by rounding only, and did not shrink the gradient.
   */
  boolean stalled() {
    return stalled;
  }

  double value() {
    return criterion.value(sums, objective.numRows());
  }

  /** Goes on with other rows, from where it is. */
  void over(Batch rows) {
    batch = rows;
    sums = null;
    stalled = false;
  }

  /** Sets a width to its upper bound and leaves it there. */
  void switchOff(int g) {
    off[g] = true;
    inverseWidths[g] = 1 / scales.highest(g);
    sums = null;
    stalled = false;
    radius = FIRST_RADIUS;
  }

  /** The norm of the gradient by the widths that may move. */
  double gradientNorm() {
    return Dense.euclidean(freeGradient(moving()));
  }

  /**
   * The next step as the model has it, within the trust region and the bounds of the widths; zero
   * where there is none. A width that the step would push out of its bound stays where it is, and
   * the others step without it: what is left of a step that was cut need not lead downhill.
   */
  double[] proposal() {
    boolean[] moves = moving();
    while (true) {
      QuadraticModel model = model(moves);
      double[] step = model.step(radius);
      double[] within = step.clone();
      double[] moved = moved(step);
      for (int g = 0; g < step.length; g++) {
        within[g] = StrictMath.log(inverseWidths[g] / moved[g]);
      }
      boolean promising = model.decrease(within) > 0;
      boolean held = false;
      for (int g = 0; g < step.length; g++) {
        boolean cut = Math.abs(within[g]) < (1 - 1e-9) * Math.abs(step[g]) - 1e-12;
        if (moves[g] && cut && (!promising || Math.abs(within[g]) < 1e-12)) {
          moves[g] = false;
          held = true;
        }
      }
      if (!held) {
        return within;
      }
    }
  }

  /** By how much a step promises to lower the criterion, as a share of it. */
  double promise(double[] step) {
    return model().decrease(step) / criterion.scale(sums);
  }

  /**
   * By how much the noise of the batch may keep the criterion above its minimum over all rows, as a
   * share of it: 1/2 tr(B^-1 Cov g), B the curvature with its eigenvalues kept positive.
   */
  double noise() {
    int n = inverseWidths.length;
    double[][] covariance = criterion.gradientCovariance(sums, objective.numRows());
    double[][] matrix = criterion.curvature(sums, objective.numRows());
    boolean[] moves = moving();
    SymmetricEigen eigen = SymmetricEigen.of(restricted(matrix, moves));
    double largest = Dense.largest(eigen.values());
    double noise = 0;
    for (int k = 0; k < n; k++) {
      double variance = 0;
      for (int g = 0; g < n; g++) {
        for (int h = 0; h < n; h++) {
          double part = eigen.vectors()[g][k] * eigen.vectors()[h][k];
          variance += moves[g] && moves[h] ? part * covariance[g][h] : 0;
        }
      }
      if (variance > 0) {
        noise += 0.5 * variance / Math.max(eigen.values()[k], 1e-3 * largest);
      }
    }
    return noise / criterion.scale(sums);
  }

  /**
   * One evaluation: of the start, or of a step, which is taken when it lowers the criterion.
   *
   * @param step what {@link #proposal} said; null to evaluate the batch where it is
   * @return the sums evaluated, whether or not the step was taken
   */
  LossSums evaluate(double[] step) {
    double[] at = step == null ? inverseWidths : moved(step);
    LossRequest request = new LossRequest(new double[][] {at}, batch, criterion.leaveOut(), terms);
    LossSums found = objective.evaluate(request)[0];
    if (step == null) {
      sums = found;
      return found;
    }
    LossSums before = sums;
    double promised = model().decrease(step);
    double decrease = value() - criterion.value(found, objective.numRows());
    double norm = gradientNorm();
    double length = Dense.euclidean(step);
    if (!criterion.isExact(found) && Double.isFinite(decrease)) {
      learnSecant(before, found, step);
    }
    boolean lower = decrease >= ACCEPTED * promised;
    boolean equal = Math.abs(decrease) <= ROUNDING * criterion.scale(before);
    double[] from = inverseWidths;
    inverseWidths = at;
    sums = found;
    boolean taken = equal ? gradientNorm() < norm : lower;
    stalled = equal && !taken;
    if (!taken) {
      inverseWidths = from;
      sums = before;
      radius = length / 4;
    } else if (decrease > 0.75 * promised && length > 0.8 * radius) {
      radius = Math.min(MAX_RADIUS, 2 * radius);
    } else if (decrease < 0.25 * promised && !equal) {
      radius = length / 2;
    }
    return found;
  }

  private QuadraticModel model() {
    return model(moving());
  }

  private QuadraticModel model(boolean[] moves) {
    int n = inverseWidths.length;
    double[][] matrix = criterion.curvature(sums, objective.numRows());
    if (!criterion.isExact(sums)) {
      for (int g = 0; g < n; g++) {
        for (int h = 0; h < n; h++) {
          matrix[g][h] += secant[g][h];
        }
      }
    }
    return new QuadraticModel(freeGradient(moves), restricted(matrix, moves));
  }

  private static double[][] restricted(double[][] matrix, boolean[] moves) {
    for (int g = 0; g < matrix.length; g++) {
      for (int h = 0; h < matrix.length; h++) {
        if (!moves[g] || !moves[h]) {
          matrix[g][h] = 0;
        }
      }
    }
    return matrix;
  }

  private double[] freeGradient(boolean[] moves) {
    double[] gradient = criterion.gradient(sums, objective.numRows());
    for (int g = 0; g < gradient.length; g++) {
      gradient[g] = moves[g] ? gradient[g] : 0;
    }
    return gradient;
  }

  /** Which widths may move: not off, and not at a bound that the criterion pushes against. */
  private boolean[] moving() {
    double[] gradient = criterion.gradient(sums, objective.numRows());
    boolean[] moves = new boolean[gradient.length];
    for (int g = 0; g < moves.length; g++) {
      double h = 1 / inverseWidths[g];
      boolean inside =
          gradient[g] < 0
              ? h < scales.highest(g) * (1 - 1e-12)
              : h > scales.lowest(g) * (1 + 1e-12);
      moves[g] = inside && !off[g];
    }
    return moves;
  }

  private double[] moved(double[] step) {
    double[] moved = new double[step.length];
    for (int g = 0; g < step.length; g++) {
      moved[g] =
          step[g] == 0
              ? inverseWidths[g]
              : 1 / scales.clamp(g, StrictMath.exp(step[g]) / inverseWidths[g]);
    }
    return moved;
  }

  /** The symmetric rank-one update of the secant term by the change of the gradient. */
  private void learnSecant(LossSums before, LossSums after, double[] step) {
    int n = step.length;
    double[] change = criterion.gradient(after, objective.numRows());
    double[] slope = criterion.gradient(before, objective.numRows());
    double[][] matrix = criterion.curvature(before, objective.numRows());
    double product = 0;
    for (int g = 0; g < n; g++) {
      change[g] -= slope[g];
      for (int h = 0; h < n; h++) {
        change[g] -= (matrix[g][h] + secant[g][h]) * step[h];
      }
      product += change[g] * step[g];
    }
    if (Math.abs(product) > 1e-8 * Dense.euclidean(change) * Dense.euclidean(step)) {
      for (int g = 0; g < n; g++) {
        for (int h = 0; h < n; h++) {
          secant[g][h] += change[g] * change[h] / product;
        }
      }
    }
  }
}
