package ml.regard.optim;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import ml.regard.kernel.LossSums;

/**
 * Stochastic gradient descent on the log widths, each step preconditioned by the Gauss-Newton
 * matrix that comes free with the gradient, so that there is no learning rate to tune and the units
 * of features and label do not matter:
 *
 * <pre>
 *   delta = -stepSize (G + mu I)^-1 g      mu = 1e-3 trace(G) / d      |delta_f| &lt;= radius &lt;= 0.5
 * </pre>
 *
 * <p>With all rows in each step, g and G are exact: a step that raises the loss is taken back and
 * the radius becomes a quarter of it, and learning stops when the step promises to lower the loss
 * by less than tol times the loss. With mini-batches g and G are exponential means (0.9,
 * bias-corrected) over the steps, and the result is the mean of the last quarter of the iterates
 * (Polyak and Juditsky 1992). Widths stay within the bounds of the {@link FeatureScales}.
 *
 * @param stepSize the share of the full step that is taken, 1 by default
 * @param maxIter the largest number of steps
 * @param tol relative decrease of the loss that is not worth a step
 * @param reduction the loss that is reported; the steps do not depend on it
 * @param batchFraction share of the rows in each step, in (0, 1]
 * @param seed of the choice of rows
 * @param scales the bounds of the widths
 */
public record PreconditionedSgd(
    double stepSize,
    int maxIter,
    double tol,
    LossReduction reduction,
    double batchFraction,
    long seed,
    FeatureScales scales)
    implements WidthOptimizer {
  private static final double MAX_RADIUS = 0.5;
  private static final double MIN_RADIUS = 1e-8;
  private static final double DAMPING = 1e-3;
  private static final double DECAY = 0.9;

  @Override
  public Learned learn(Objective objective, double[] start, Progress progress) {
    Steps steps =
        batchFraction == 1 ? new AllRows(objective, start) : new MiniBatches(objective, start);
    return steps.run(maxIter, progress);
  }

  private final class AllRows extends Steps {
    private final Objective objective;
    private double[] best;
    private double[] w;
    private double[] delta;
    private LossSums bestSums;
    private double radius = MAX_RADIUS;

    AllRows(Objective objective, double[] start) {
      this.objective = objective;
      this.best = start.clone();
      this.w = start.clone();
      this.delta = new double[start.length];
    }

    @Override
    Optional<String> take(int step) {
      LossSums sums = objective.lossAndGradient(w, Batch.all());
      if (bestSums == null || sums.loss() <= bestSums.loss()) {
        best = w.clone();
        bestSums = sums;
      } else {
        radius = Math.min(radius, Dense.largest(delta)) / 4;
      }
      Moments moments = Moments.of(bestSums);
      delta = moments.step(stepSize, radius);
      w = moved(best, delta);
      iterations.add(iteration(step, sums, w));
      if (!(moments.predictedDecrease(delta) > tol * bestSums.meanLoss())) {
        return Optional.of("the next step promised less than tol %s of the loss".formatted(tol));
      }
      boolean still = radius < MIN_RADIUS || Arrays.equals(w, best);
      return still ? Optional.of("no step lowers the loss any further") : Optional.empty();
    }

    @Override
    Learned learned(String stopReason) {
      Optional<LossSums> last = Optional.ofNullable(bestSums);
      return new Learned(best, iterations, iterations.size(), stopReason, last);
    }
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
      LossSums sums = objective.lossAndGradient(w, Batch.of(batchFraction, seed, step));
      if (sums.rows() > 0) {
        mean.decay(DECAY, Moments.of(sums));
        w = moved(w, mean.step(stepSize, MAX_RADIUS));
      }
      iterations.add(iteration(step, sums, w));
      return Optional.empty();
    }

    @Override
    Learned learned(String stopReason) {
      double[] learned = iterations.isEmpty() ? w : meanOfLastQuarter(iterations);
      double passes = iterations.size() * batchFraction;
      return new Learned(learned, iterations, passes, stopReason, Optional.empty());
    }
  }

  private Learned.Iteration iteration(int step, LossSums sums, double[] moved) {
    double norm = Dense.euclidean(sums.gradient()) / reduction.divisor(sums);
    return new Learned.Iteration(step, reduction.loss(sums), norm, moved.clone());
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

  /** Gradient and Gauss-Newton matrix of the mean loss, or exponential means of them. */
  private static final class Moments {
    private double[] gradient;
    private double[][] matrix;

    Moments(int numWidths) {
      gradient = new double[numWidths];
      matrix = new double[numWidths][numWidths];
    }

    static Moments of(LossSums sums) {
      Moments moments = new Moments(0);
      moments.gradient = sums.gradient();
      moments.matrix = sums.gaussNewton();
      for (int g = 0; g < moments.gradient.length; g++) {
        moments.gradient[g] /= sums.weight();
        for (int h = 0; h < moments.gradient.length; h++) {
          moments.matrix[g][h] /= sums.weight();
        }
      }
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

    /** -(g delta + 1/2 delta G delta): by how much the mean loss should fall. */
    double predictedDecrease(double[] delta) {
      double decrease = 0;
      for (int g = 0; g < delta.length; g++) {
        decrease -= gradient[g] * delta[g];
        for (int h = 0; h < delta.length; h++) {
          decrease -= 0.5 * delta[g] * matrix[g][h] * delta[h];
        }
      }
      return decrease;
    }
  }
}
