package ml.regard.optim;

import java.io.Serializable;
import java.util.Arrays;
import ml.regard.kernel.LeaveOut;
import ml.regard.kernel.LossSums;
import ml.regard.kernel.Terms;

/**
 * A question to an {@link Objective}.
 *
 * @param inverseWidths the candidates {@code [candidates x widths]}; one width for all features or
 *     one per feature
 * @param batch the rows whose squared errors are added
 * @param leaveOut the keys that a row does not attend to
 * @param terms {@link Terms#VALUE} for losses alone, {@link Terms#WIDTHS} or {@link
 *     Terms#CURVATURE} for derivatives by log widths
 * @param fine whether the answer is to be as good as asked for, and not only as good as a search
 *     needs ({@link Objective#isCoarse})
 */
public record LossRequest(
    double[][] inverseWidths, Batch batch, LeaveOut leaveOut, Terms terms, boolean fine)
    implements Serializable {

  /** A question of a search. */
  public LossRequest(double[][] inverseWidths, Batch batch, LeaveOut leaveOut, Terms terms) {
    this(inverseWidths, batch, leaveOut, terms, false);
  }

  /** The same question about other candidates. */
  public LossRequest at(double[][] candidates) {
    return new LossRequest(candidates, batch, leaveOut, terms, fine);
  }

  /** What it takes: a pass for each candidate over the share of the batch. */
  public double passes() {
    return inverseWidths.length * batch.fraction();
  }

  /** Sums over no row, one for each candidate. */
  public LossSums[] noSums() {
    return Arrays.stream(inverseWidths)
        .map(w -> new LossSums(w.length, terms))
        .toArray(LossSums[]::new);
  }

  /** The same with candidates that nobody else writes to. */
  LossRequest copy() {
    double[][] candidates =
        Arrays.stream(inverseWidths).map(double[]::clone).toArray(double[][]::new);
    return at(candidates);
  }

  /** Whether the other question is this one, bit for bit. */
  boolean same(LossRequest other) {
    return Arrays.deepEquals(inverseWidths, other.inverseWidths)
        && batch.same(other.batch)
        && leaveOut == other.leaveOut
        && terms == other.terms
        && fine == other.fine;
  }

  @Override
  public String toString() {
    return "inverse widths %s over %s (leaving out %s, %s%s)"
        .formatted(
            Arrays.deepToString(inverseWidths), batch, leaveOut, terms, fine ? ", fine" : "");
  }
}
