package ml.regard.optim;

import java.util.List;
import java.util.Optional;
import ml.regard.kernel.LossSums;

/**
 * What learning did.
 *
 * @param inverseWidths the learned inverse widths, all positive or 0
 * @param iterations one entry per step that led to them, in order
 * @param passes the passes over all pairs that were taken, the scan and the starts given up
 *     included
 * @param stopReason one phrase that says why learning ended
 * @param last the sums at the learned widths and the batch they are over, where a step has formed
 *     them
 * @param scan the comparison of starting widths, where there was one
 * @param relevance one entry per width, where features were told apart
 * @param notes what was found and done besides, a sentence each
 * @param cancelled whether it was ended from outside, so that nothing more may be evaluated
 */
public record Learned(
    double[] inverseWidths,
    List<Iteration> iterations,
    double passes,
    String stopReason,
    Optional<LossSums> last,
    Optional<StartScan> scan,
    List<Relevance> relevance,
    List<String> notes,
    boolean cancelled) {

  /** What a solver without a search knows. */
  static Learned of(
      double[] inverseWidths, List<Iteration> iterations, double passes, String stopReason) {
    return new Learned(
        inverseWidths,
        iterations,
        passes,
        stopReason,
        Optional.empty(),
        Optional.empty(),
        List.of(),
        List.of(),
        false);
  }

  /** Widths that were kept, since there is nothing to learn. */
  public static Learned kept(double[] inverseWidths, String reason) {
    return of(inverseWidths, List.of(), 0, reason);
  }

  /** Widths that were given and not learned. */
  public static Learned given(double[] inverseWidths) {
    return of(inverseWidths, List.of(), 0, "the widths were given");
  }

  /** The same, ended from outside. */
  Learned asCancelled() {
    return new Learned(
        inverseWidths, iterations, passes, stopReason, last, scan, relevance, notes, true);
  }

  /** The same with the scan that found the start. */
  public Learned after(StartScan start) {
    return new Learned(
        inverseWidths,
        iterations,
        passes + start.passes(),
        stopReason,
        last,
        Optional.of(start),
        relevance,
        notes,
        cancelled);
  }

  /**
   * One step.
   *
   * @param step counted from 1
   * @param passes taken so far, this one included
   * @param rows the share of the rows that it looked at
   * @param loss the criterion or the loss of the batch at the widths that the step evaluated, by
   *     the loss reduction asked for
   * @param gradientNorm the Euclidean norm of its gradient by the parameters that the step moves
   * @param inverseWidths |w| after the step
   */
  public record Iteration(
      int step,
      double passes,
      double rows,
      double loss,
      double gradientNorm,
      double[] inverseWidths) {}

  /**
   * What a feature is worth.
   *
   * @param lossWithout by how much the criterion rises without it, as a share of it; NaN for a
   *     feature that is constant
   * @param off whether it was switched off, since it rises by nothing
   */
  public record Relevance(double lossWithout, boolean off) {}
}
