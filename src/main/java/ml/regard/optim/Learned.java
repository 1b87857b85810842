package ml.regard.optim;

import java.util.List;

/**
 * What learning did.
 *
 * @param inverseWidths the learned inverse widths, all positive or 0
 * @param iterations one entry per step, in order
 * @param passes the passes over all pairs that the steps took
 * @param stopReason one phrase that says why learning ended
 */
public record Learned(
    double[] inverseWidths, List<Iteration> iterations, double passes, String stopReason) {

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
