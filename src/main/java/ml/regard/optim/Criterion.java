package ml.regard.optim;

import ml.regard.kernel.LeaveOut;
import ml.regard.kernel.LossSums;
import ml.regard.kernel.Terms;

/**
 * What learning makes small, with its derivatives by log widths: the mean squared error with keys
 * left out, or the corrected Akaike criterion of the fit with none left out.
 *
 * <pre>
 *   leave-one-out   L / sum c
 *   AICc            log(L / sum c) + (n + t) / (n - t - 2),   t = the trace of the smoother
 * </pre>
 *
 * <p>Over m of n rows the trace counts n / m times. AICc is infinite from t = n - 2 on. Source: C.
 * M. Hurvich, J. S. Simonoff, C.-L. Tsai, Smoothing parameter selection in nonparametric regression
 * using an improved Akaike information criterion, Journal of the Royal Statistical Society B 60
 * (1998) 271-293.
 *
 * @param leaveOut the keys that a row does not attend to
 * @param isAicc whether the criterion is AICc; nothing is left out then
 */
public record Criterion(LeaveOut leaveOut, boolean isAicc) {
  /** The mean squared error with these keys left out. */
  public static Criterion leaving(LeaveOut leaveOut) {
    return new Criterion(leaveOut, false);
  }

  /** The corrected Akaike criterion. */
  public static Criterion aicc() {
    return new Criterion(LeaveOut.NONE, true);
  }

  /** The criterion; NaN over no row. */
  public double value(LossSums sums, int numRows) {
    if (!isAicc) {
      return sums.meanLoss();
    }
    double trace = trace(sums, numRows);
    return trace < numRows - 2
        ? StrictMath.log(sums.meanLoss()) + (numRows + trace) / (numRows - trace - 2)
        : Double.POSITIVE_INFINITY;
  }

  /** The criterion as it is reported: a mean squared error by the reduction asked for, or AICc. */
  double reported(LossSums sums, int numRows, LossReduction reduction) {
    return isAicc ? value(sums, numRows) : reduction.loss(sums);
  }

  /** The norm of the gradient of what is reported. */
  double reportedNorm(LossSums sums, int numRows, LossReduction reduction) {
    double norm = Dense.euclidean(gradient(sums, numRows));
    return isAicc || reduction == LossReduction.MEAN ? norm : norm * sums.weight();
  }

  /** What changes of the value are compared with: itself, or 1 where it is a logarithm. */
  double scale(LossSums sums) {
    return isAicc ? 1 : sums.meanLoss();
  }

  /** The gradient of the value {@code [widths]}. */
  double[] gradient(LossSums sums, int numRows) {
    double[] gradient = sums.gradient();
    double divisor = divisor(sums);
    double slope = isAicc ? traceSlope(sums, numRows) : 0;
    double[] traceGradient = sums.traceGradient();
    for (int g = 0; g < gradient.length; g++) {
      gradient[g] = gradient[g] / divisor + (isAicc ? slope * traceGradient[g] : 0);
    }
    return gradient;
  }

  /**
   * The curvature of the value {@code [widths x widths]}: exact where the sums have a Hessian and
   * the criterion is a mean squared error, else by Gauss and Newton.
   */
  double[][] curvature(LossSums sums, int numRows) {
    double[][] matrix = isExact(sums) ? sums.hessian() : sums.gaussNewton();
    double divisor = divisor(sums);
    double[] gradient = sums.gradient();
    double[] traceGradient = sums.traceGradient();
    double bend = isAicc ? traceBend(sums, numRows) : 0;
    for (int g = 0; g < matrix.length; g++) {
      for (int h = 0; h < matrix.length; h++) {
        matrix[g][h] /= divisor;
        if (isAicc) {
          matrix[g][h] +=
              bend * traceGradient[g] * traceGradient[h]
                  - gradient[g] / divisor * (gradient[h] / divisor);
        }
      }
    }
    return matrix;
  }

  /** Whether {@link #curvature} is the Hessian itself. */
  boolean isExact(LossSums sums) {
    return sums.terms() == Terms.CURVATURE && !isAicc;
  }

  /**
   * The covariance of the gradient as an estimate of that of all rows {@code [widths x widths]}; 0
   * when the sums are over all of them.
   */
  double[][] gradientCovariance(LossSums sums, int numRows) {
    double[][] covariance = sums.gradientSpread();
    double[] gradient = sums.gradient();
    double divisor = divisor(sums);
    double rows = sums.rows();
    double share = Math.max(0, 1 - (rows + sums.noKeys()) / numRows);
    for (int g = 0; g < gradient.length; g++) {
      for (int h = 0; h < gradient.length; h++) {
        double spread = covariance[g][h] - gradient[g] * gradient[h] / rows;
        covariance[g][h] = share * spread / divisor / divisor;
      }
    }
    return covariance;
  }

  private double divisor(LossSums sums) {
    return isAicc ? sums.loss() : sums.weight();
  }

  private static double trace(LossSums sums, int numRows) {
    return sums.trace() * numRows / sums.rows();
  }

  private static double traceSlope(LossSums sums, int numRows) {
    double rest = numRows - trace(sums, numRows) - 2;
    return (2.0 * numRows - 2) / (rest * rest) * numRows / sums.rows();
  }

  private static double traceBend(LossSums sums, int numRows) {
    double rest = numRows - trace(sums, numRows) - 2;
    double share = (double) numRows / sums.rows();
    return 2 * (2.0 * numRows - 2) / (rest * rest * rest) * share * share;
  }
}
