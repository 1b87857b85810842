package ml.regard.optim;

import java.util.List;
import java.util.Optional;
import ml.regard.kernel.LossSums;
import ml.regard.kernel.Terms;

/**
 * Stochastic gradient descent on the log widths over mini-batches of one size, each step
 * preconditioned by the Gauss-Newton matrix that comes free with the gradient, so that there is no
 * learning rate to tune and the units of features and label do not matter:
 *
 * <pre>
 *   delta = -stepSize (G + mu I)^-1 g      mu = 1e-3 trace(G) / d      |delta_f| &lt;= 0.5
 * </pre>
 *
 * <p>g and G are exponential means (0.9, bias-corrected) over the steps, and the result is the mean
 * of the last quarter of the iterates (Polyak and Juditsky 1992). Widths stay within the bounds of
 * the {@link FeatureScales}. {@link WidthSearch} chooses the size of its batches itself and takes
 * fewer passes; this is for those who must bound what a step costs.
 *
 * @param criterion whose gradient is followed
 * @param stepSize the share of the full step that is taken, 1 by default
 * @param maxIter the number of steps
 * @param reduction the loss that is reported; the steps do not depend on it
 * @param batchFraction share of the rows in each step, in (0, 1)
 * @param seed of the choice of rows
 * @param scales the bounds of the widths
 */
public record MiniBatchSgd(
    Criterion criterion,
    double stepSize,
    int maxIter,
    LossReduction reduction,
    double batchFraction,
    long seed,
    FeatureScales scales)
    implements WidthOptimizer {
  private static final double MAX_STEP = 0.5;
  private static final double DAMPING = 1e-3;
  private static final double DECAY = 0.9;

  @Override
  public Learned learn(Objective objective, List<double[]> starts, Progress progress) {
    return new MiniBatches(objective, starts.get(0)).run(maxIter, progress);
  }

  private final class MiniBatches extends Steps {
    private final Objective objective;
    private final Moments mean;
    private double[] w;

    MiniBatches(Objective objective, double[] start) {
      this.objective = objective;
      this.mean = new Moments(start.length);
      this.w = start.clone();
    }

    @Override
    Optional<String> take(int step) {
      Batch batch = Batch.of(batchFraction, seed, step);
      LossRequest request =
          new LossRequest(new double[][] {w}, batch, criterion.leaveOut(), Terms.WIDTHS);
      LossSums sums = objective.evaluate(request)[0];
      if (sums.rows() > 0) {
        mean.decay(DECAY, Moments.of(criterion, sums, objective.numRows()));
        w = moved(w, mean.step(stepSize, MAX_STEP));
      }
      iterations.add(iteration(step, sums, objective.numRows()));
      return Optional.empty();
    }

    @Override
    Learned learned(String stopReason) {
      double[] learned = iterations.isEmpty() ? w : meanOfLastQuarter(iterations);
      double passes = iterations.size() * batchFraction;
      return Learned.of(learned, iterations, passes, stopReason);
    }

    private Learned.Iteration iteration(int step, LossSums sums, int numRows) {
      double loss = criterion.reported(sums, numRows, reduction);
      double norm = criterion.reportedNorm(sums, numRows, reduction);
      return new Learned.Iteration(
          step, step * batchFraction, batchFraction, loss, norm, w.clone());
    }
  }

  /** Moves inverse widths by a step in log widths, within the bounds. */
  private double[] moved(double[] inverseWidths, double[] delta) {
    double[] moved = new double[delta.length];
    for (int g = 0; g < delta.length; g++) {
      moved[g] = 1 / scales.clamp(g, StrictMath.exp(delta[g]) / inverseWidths[g]);
    }
    return moved;
  }

  /** The geometric mean of the widths after the last quarter of the steps. */
  private static double[] meanOfLastQuarter(List<Learned.Iteration> iterations) {
    int count = (iterations.size() + 3) / 4;
    List<Learned.Iteration> last = iterations.subList(iterations.size() - count, iterations.size());
    double[] mean = new double[last.get(0).inverseWidths().length];
    for (int g = 0; g < mean.length; g++) {
      for (Learned.Iteration iteration : last) {
        mean[g] += StrictMath.log(iteration.inverseWidths()[g]) / count;
      }
      mean[g] = StrictMath.exp(mean[g]);
    }
    return mean;
  }

  /** Gradient and curvature of the criterion, or exponential means of them. */
  private static final class Moments {
    private double[] gradient;
    private double[][] matrix;

    Moments(int numWidths) {
      gradient = new double[numWidths];
      matrix = new double[numWidths][numWidths];
    }

    static Moments of(Criterion criterion, LossSums sums, int numRows) {
      Moments moments = new Moments(0);
      moments.gradient = criterion.gradient(sums, numRows);
      moments.matrix = criterion.curvature(sums, numRows);
      return moments;
    }

    void decay(double rate, Moments next) {
      for (int g = 0; g < gradient.length; g++) {
        gradient[g] = rate * gradient[g] + (1 - rate) * next.gradient[g];
        for (int h = 0; h < gradient.length; h++) {
          matrix[g][h] = rate * matrix[g][h] + (1 - rate) * next.matrix[g][h];
        }
      }
    }

    /** The step; zero where the loss does not depend on the widths. */
    double[] step(double stepSize, double radius) {
      int n = gradient.length;
      double trace = 0;
      for (int g = 0; g < n; g++) {
        trace += matrix[g][g];
      }
      if (!(trace > 0)) {
        return new double[n];
      }
      double[][] damped = new double[n][n];
      for (int g = 0; g < n; g++) {
        damped[g] = matrix[g].clone();
        damped[g][g] += DAMPING * trace / n;
      }
      // The bias correction of exponential means is the same for both, and cancels.
      double[] delta = Dense.solve(damped, gradient);
      for (int g = 0; g < n; g++) {
        delta[g] = Math.max(-radius, Math.min(radius, -stepSize * delta[g]));
      }
      return delta;
    }
  }
}
