package ml.regard.optim;

import ml.regard.kernel.LossSums;

/**
 * The leave-one-out loss as a function of the inverse widths, over the training rows of a batch.
 * Equal arguments give equal bits.
 */
public interface Objective {
  /** Number of training rows that may enter the loss. */
  int numRows();

  /**
   * Loss, gradient and Gauss-Newton matrix by log widths. A pass over the batch.
   *
   * @param inverseWidths length 1 (one width for all features) or one per feature
   */
  LossSums lossAndGradient(double[] inverseWidths, Batch batch);

  /** The losses alone at each candidate: a pass for each, all in one job. */
  LossSums[] losses(double[][] candidates, Batch batch);
}
