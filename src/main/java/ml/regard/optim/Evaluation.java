package ml.regard.optim;

import java.util.Arrays;
import ml.regard.kernel.LossSums;

/**
 * A question to an {@link Objective} with its answer.
 *
 * @param derivatives whether gradient and Gauss-Newton matrix were asked for, or losses alone
 * @param inverseWidths the candidates {@code [candidates x widths]}; one with derivatives
 * @param batch the rows that were asked about
 * @param sums the answer, one for each candidate
 */
public record Evaluation(
    boolean derivatives, double[][] inverseWidths, Batch batch, LossSums[] sums) {

  /** Whether the question was this one, bit for bit. */
  boolean answers(boolean derivatives, double[][] inverseWidths, Batch batch) {
    return this.derivatives == derivatives
        && Arrays.deepEquals(this.inverseWidths, inverseWidths)
        && this.batch.fraction() == batch.fraction()
        && this.batch.seed() == batch.seed()
        && this.batch.step() == batch.step();
  }
}
