package ml.regard.optim;

/** Learns inverse widths that make the leave-one-out loss small. */
public interface WidthOptimizer {
  /**
   * Runs from a start to the end.
   *
   * @param start inverse widths, length 1 or one per feature
   * @param progress told of every step before it is taken
   */
  Learned learn(Objective objective, double[] start, Progress progress);

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
