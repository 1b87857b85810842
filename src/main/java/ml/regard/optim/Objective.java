package ml.regard.optim;

import ml.regard.kernel.LossSums;

/**
 * The squared errors of training rows as a function of the inverse widths. Equal requests give
 * equal bits.
 */
public interface Objective {
  /** Number of training rows that may enter the loss. */
  int numRows();

  /** Whether answers to questions that are not {@link LossRequest#fine} are less exact. */
  default boolean isCoarse() {
    return false;
  }

  /** The sums at each candidate of the request, all in one pass over the keys. */
  LossSums[] evaluate(LossRequest request);
}
