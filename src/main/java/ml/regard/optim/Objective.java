package ml.regard.optim;

import ml.regard.kernel.LossSums;

/**
 * The squared errors of training rows as a function of the inverse widths. Equal requests give
 * equal bits.
 */
public interface Objective {
  /** Number of training rows that may enter the loss. */
  int numRows();

  /** The sums at each candidate of the request, all in one pass over the keys. */
  LossSums[] evaluate(LossRequest request);
}
