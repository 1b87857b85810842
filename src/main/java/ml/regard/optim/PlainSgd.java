package ml.regard.optim;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import ml.regard.DataException;
import ml.regard.kernel.Checks;
import ml.regard.kernel.LeaveOut;
import ml.regard.kernel.LossSums;
import ml.regard.kernel.Terms;

/**
 * Plain stochastic gradient descent on the inverse widths at a fixed rate, as the textbook trains
 * its parametric attention:
 *
 * <pre>
 *   w &lt;- w - stepSize dL/dw        dL/dw = -(1 / w) dL/dlog h,   0 at w = 0
 * </pre>
 *
 * <p>w may pass through zero and turn negative: |w| is the inverse width then. It overshoots easily
 * ({@link WidthSearch} does not); here it is for comparison with the textbook, which it reproduces
 * with the loss reduction SUM and all rows in each step.
 *
 * @param stepSize the rate, &gt; 0, in units of w^2 per unit of loss
 * @param maxIter number of steps
 * @param reduction the loss that is differentiated
 * @param leaveOut the keys that a row does not attend to
 * @param batchFraction share of the rows in each step, in (0, 1]
 * @param seed of the choice of rows
 */
public record PlainSgd(
    double stepSize,
    int maxIter,
    LossReduction reduction,
    LeaveOut leaveOut,
    double batchFraction,
    long seed)
    implements WidthOptimizer {

  @Override
  public Learned learn(Objective objective, List<double[]> starts, Progress progress) {
    double[] w = starts.get(0).clone();
    Steps steps =
        new Steps() {
          @Override
          Optional<String> take(int step) {
            LossSums sums = sums(objective, w, Batch.of(batchFraction, seed, step));
            double[] gradient = gradientByInverseWidth(sums, w);
            move(w, gradient, step);
            double norm = Dense.euclidean(gradient);
            iterations.add(
                new Learned.Iteration(
                    step,
                    step * batchFraction,
                    batchFraction,
                    reduction.loss(sums),
                    norm,
                    magnitudes(w)));
            return Optional.empty();
          }

          @Override
          Learned learned(String stopReason) {
            double passes = iterations.size() * batchFraction;
            return Learned.of(magnitudes(w), iterations, passes, stopReason);
          }
        };
    return steps.run(maxIter, progress);
  }

  private LossSums sums(Objective objective, double[] w, Batch batch) {
    return objective
        .evaluate(new LossRequest(new double[][] {w}, batch, leaveOut, Terms.WIDTHS))[0];
  }

  private void move(double[] w, double[] gradient, int step) {
    for (int g = 0; g < w.length; g++) {
      w[g] -= stepSize * gradient[g];
      if (!Checks.usable(w[g])) {
        throw new DataException(
            "learning diverged at step %d of step size %s: the inverse width became %s"
                .formatted(step, stepSize, w[g]));
      }
    }
  }

  private double[] gradientByInverseWidth(LossSums sums, double[] w) {
    double[] gradient = sums.gradient();
    for (int g = 0; g < w.length; g++) {
      boolean still =
          w[g] == 0 || sums.rows() == 0; // the loss is even in w; an empty batch is flat
      gradient[g] = still ? 0 : -gradient[g] / w[g] / reduction.divisor(sums);
    }
    return gradient;
  }

  private static double[] magnitudes(double[] w) {
    return Arrays.stream(w).map(Math::abs).toArray();
  }
}
