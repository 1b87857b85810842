package ml.regard.optim;

import java.util.List;

/** Learns inverse widths that make a criterion small. */
public interface WidthOptimizer {
  /**
   * Runs from some starts to the end.
   *
   * @param starts inverse widths, length 1 or one per feature, the best first; at least one
   * @param progress told of every step before it is taken
   */
  Learned learn(Objective objective, List<double[]> starts, Progress progress);

  /** Hears of learning as it goes on. */
  interface Progress {
    /**
     * A step begins.
     *
     * @param step counted from 1
     * @param maxIter the last step there can be
     * @param lastLoss the loss of the step before; NaN before the first
     */
    void step(int step, int maxIter, double lastLoss);
  }
}
