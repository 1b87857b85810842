package ml.regard.optim;

import ml.regard.kernel.LossSums;

/** How the squared errors of a batch become one loss. */
public enum LossReduction {
  /** sum c r^2, as the textbook trains. */
  SUM,
  /** sum c r^2 / sum c. */
  MEAN;

  double loss(LossSums sums) {
    return sums.loss() / divisor(sums);
  }

  double divisor(LossSums sums) {
    return this == SUM ? 1 : sums.weight();
  }
}
