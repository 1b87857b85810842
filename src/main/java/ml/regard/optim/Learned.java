package ml.regard.optim;

import java.util.List;
import java.util.Optional;
import ml.regard.kernel.LossSums;

/**
 * What learning did.
 *
 * @param inverseWidths the learned inverse widths, all positive or 0
 * @param iterations one entry per step, in order
 * @param passes the passes over all pairs that the steps took
 * @param stopReason one phrase that says why learning ended
 * @param last the sums at the learned widths, where a step has formed them or they were evaluated;
 *     over no row when learning was cancelled before they were known
 */
public record Learned(
    double[] inverseWidths,
    List<Iteration> iterations,
    double passes,
    String stopReason,
    Optional<LossSums> last) {

  /** Widths that were given and not learned. */
  public static Learned given(double[] inverseWidths) {
    return new Learned(inverseWidths, List.of(), 0, "the widths were given", Optional.empty());
  }

  /** The same with the passes that finding the start took. */
  public Learned after(double startPasses) {
    return new Learned(inverseWidths, iterations, passes + startPasses, stopReason, last);
  }

  /**
   * The same with the sums at the learned widths: those that a step formed, or else those of a
   * batch, in one more look at its rows. When that look is cancelled, they are sums over no row.
   */
  public Learned evaluated(Objective objective, Batch batch) {
    if (last.isPresent()) {
      return this;
    }
    try {
      LossSums sums = objective.losses(new double[][] {inverseWidths}, batch)[0];
      return new Learned(
          inverseWidths, iterations, passes + batch.fraction(), stopReason, Optional.of(sums));
    } catch (LearningCancelled e) {
      String stop = stopReason + "; cancelled before the loss at the learned widths was known";
      return new Learned(inverseWidths, iterations, passes, stop, last).unevaluated();
    }
  }

  /** The same, with sums over no row where no step has formed them. */
  Learned unevaluated() {
    Optional<LossSums> sums = last.or(() -> Optional.of(new LossSums(0)));
    return new Learned(inverseWidths, iterations, passes, stopReason, sums);
  }

  /**
   * One step.
   *
   * @param step counted from 1
   * @param loss the loss of the batch before the step, by the loss reduction asked for
   * @param gradientNorm the Euclidean norm of its gradient by the parameters that the step moves
   * @param inverseWidths |w| after the step
   */
  public record Iteration(int step, double loss, double gradientNorm, double[] inverseWidths) {}
}
