package ml.regard.optim;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The loop that the solvers share: step after step until one is the last, maxIter is reached, or an
 * evaluation is cancelled. A step changes its state only after its evaluations, so a cancelled one
 * leaves what the step before it left.
 */
abstract class Steps {
  /** What the steps so far did; {@link #take} adds one. */
  final List<Learned.Iteration> iterations = new ArrayList<>();

  /** Takes one step; a phrase that says why it was the last, or nothing to go on. */
  abstract Optional<String> take(int step);

  /** What the steps so far have learned. */
  abstract Learned learned(String stopReason);

  /**
   * Runs the loop.
   *
   * @throws LearningCancelled before the end of the first step, when there is nothing to keep
   */
  final Learned run(int maxIter, WidthOptimizer.Progress progress) {
    double lastLoss = Double.NaN;
    for (int step = 1; step <= maxIter; step++) {
      progress.step(step, maxIter, lastLoss);
      try {
        Optional<String> stop = take(step);
        if (stop.isPresent()) {
          return learned(stop.get());
        }
      } catch (LearningCancelled e) {
        if (iterations.isEmpty()) {
          throw e;
        }
        return learned("cancelled after step %d".formatted(iterations.size())).asCancelled();
      }
      lastLoss = iterations.get(iterations.size() - 1).loss();
    }
    return learned("maxIter %d reached".formatted(maxIter));
  }
}
