package ml.regard.engine;

import java.io.Serializable;
import ml.regard.kernel.FoldSums;
import ml.regard.kernel.Keys;
import ml.regard.kernel.QueryBlock;
import ml.regard.kernel.SortedScores;

/** The ends of the prediction intervals of queries, as a {@link Calibration} has them. */
interface Intervals extends Serializable {
  /**
   * Lower and upper end of each query, {@code [m x 2]}; NaN without an allowed key.
   *
   * @param keys without further values
   * @param answers to these queries, with residuals beside the keys
   */
  double[][] of(
      Keys keys,
      Residuals residuals,
      QueryBlock queries,
      KeyStore.Answering how,
      KeyStore.Answers answers);

  /** y^ +- s t. */
  final class Scaled implements Intervals {
    private static final long serialVersionUID = 1;

    private final double factor;

    Scaled(double factor) {
      this.factor = factor;
    }

    @Override
    public double[][] of(
        Keys keys,
        Residuals residuals,
        QueryBlock queries,
        KeyStore.Answering how,
        KeyStore.Answers answers) {
      double[][] ends = new double[queries.size()][];
      for (int i = 0; i < ends.length; i++) {
        double y = answers.pooled(i);
        double reach =
            Double.isInfinite(factor) ? factor : factor * answers.scale(i, residuals.meanSquare());
        ends[i] = new double[] {y - reach, y + reach};
      }
      return ends;
    }
  }

  /** The ends of cv+, of the keys without each fold: a pass of its own over the keys. */
  final class WithoutFolds implements Intervals {
    private static final long serialVersionUID = 1;

    private final long seed;
    private final SortedScores[] scores;
    private final long rank;

    /**
     * The ends at a rank.
     *
     * @param scores of the rows of each fold
     */
    WithoutFolds(long seed, SortedScores[] scores, long rank) {
      this.seed = seed;
      this.scores = scores;
      this.rank = rank;
    }

    @Override
    public double[][] of(
        Keys keys,
        Residuals residuals,
        QueryBlock queries,
        KeyStore.Answering how,
        KeyStore.Answers answers) {
      Keys folded = new KeysBeside(keys, new FoldsBeside(residuals, seed));
      FoldSums sums = FoldSums.of(folded, queries, how.inverseWidths(), residuals.meanSquare());
      double[][] ends = new double[queries.size()][];
      for (int i = 0; i < ends.length; i++) {
        ends[i] = sums.interval(i, scores, rank);
      }
      return ends;
    }
  }
}
