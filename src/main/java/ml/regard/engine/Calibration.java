package ml.regard.engine;

import java.io.Serializable;
import java.util.Arrays;
import java.util.stream.IntStream;
import ml.regard.kernel.FoldSums;
import ml.regard.kernel.LeaveOut;
import ml.regard.kernel.LocalScale;
import ml.regard.kernel.Precision;
import ml.regard.kernel.RowChunk;
import ml.regard.kernel.SortedScores;
import ml.regard.kernel.Terms;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;

/**
 * What a model knows of its errors: the leave-one-out residuals of its keys, of which standard
 * errors are made, and the scores of rows |v - y^| / s, of which intervals are:
 *
 * <pre>
 *   y^(q) +- s(q) t      t the k-th smallest score, k = ceil((n + 1) confidence), of n rows
 * </pre>
 *
 * <p>with the local scale s of {@link LocalScale}; k &gt; n makes the ends infinite. Whose scores:
 *
 * <ul>
 *   <li>loo: of each key, y^ and s without what it leaves out. The jackknife: it covers as many as
 *       it says asymptotically, where the fit is stable; nothing is certain of finitely many rows.
 *   <li>cv+: of each key, y^ and s without its fold of ten, and a query too asks without each: the
 *       ends are the k-th smallest of all y^_{-k}(q) +- s_{-k}(q) score ({@link FoldSums}). It
 *       covers at least 1 - 2 alpha - O(sqrt(2/n)), alpha = 1 - confidence.
 *   <li>split: of rows that were held out and are no keys. It covers at least the confidence.
 * </ul>
 *
 * <p>All that on average over queries, and where training rows and queries are exchangeable: not
 * under drift. In loo and cv+ the widths and the residuals in s are learned of all rows, which the
 * theory does not cover; in split of other rows than the scores. Rows count as rows, whatever their
 * weights.
 *
 * <p>Source: R. F. Barber, E. J. Candes, A. Ramdas, R. J. Tibshirani, Predictive inference with the
 * jackknife+, Annals of Statistics 49 (2021) 486-507; for split V. Vovk, A. Gammerman, G. Shafer,
 * Algorithmic Learning in a Random World (2005).
 *
 * <p>Memory: 16 bytes a key on the driver. Immutable.
 */
public final class Calibration implements Serializable {
  private static final long serialVersionUID = 1;

  /** Scores of folds that stand for all of them, in all. */
  private static final int MOST_SCORES = 10_000;

  /** Whose scores intervals are made of. */
  public enum Kind {
    LOO("loo"),
    CV_PLUS("cv+"),
    SPLIT("split");

    private final String text;

    Kind(String text) {
      this.text = text;
    }

    /** The kind of that name. */
    public static Kind of(String text) {
      return Arrays.stream(values())
          .filter(kind -> kind.text.equals(text))
          .findFirst()
          .orElseThrow();
    }

    @Override
    public String toString() {
      return text;
    }
  }

  private final Kind kind;
  private final long seed;
  private final Residuals residuals;
  private final double[] scores;

  /**
   * One that was formed before.
   *
   * @param seed of the folds of cv+
   * @param scores by position, with split of the rows held out; null for none
   */
  Calibration(Kind kind, long seed, Residuals residuals, double[] scores) {
    this.kind = kind;
    this.seed = seed;
    this.residuals = residuals;
    this.scores = scores;
  }

  /**
   * Of keys that leave themselves out, or their ties or folds: two passes, the second one with the
   * terms of DETAIL.
   *
   * @param tolerance as of {@link KeyStore#objective}
   */
  public static Calibration loo(
      JavaSparkContext spark, KeyStore keys, Widths widths, LeaveOut leaveOut, double tolerance) {
    Residuals residuals = Residuals.form(spark, keys, widths, leaveOut, tolerance);
    double meanSquare = residuals.meanSquare();
    double[] scores =
        Residuals.joined(
            keys.pass(
                spark,
                residuals,
                leaveOut,
                (all, rows) ->
                    LocalScale.scores(all, rows, widths.of(all, rows), tolerance, meanSquare)));
    return new Calibration(Kind.LOO, 0, residuals, scores);
  }

  /**
   * Of keys that leave out their fold: two passes, the second one with {@link FoldSums#VALUES}
   * further values, and no tolerance.
   */
  public static Calibration cvPlus(
      JavaSparkContext spark,
      KeyStore keys,
      Widths widths,
      LeaveOut leaveOut,
      double tolerance,
      long seed) {
    Residuals residuals = Residuals.form(spark, keys, widths, leaveOut, tolerance);
    double meanSquare = residuals.meanSquare();
    double[] scores =
        Residuals.joined(
            keys.pass(
                spark,
                new FoldsBeside(residuals, seed),
                LeaveOut.NONE,
                (all, rows) -> FoldSums.scores(all, rows, widths.of(all, rows), meanSquare, seed)));
    return new Calibration(Kind.CV_PLUS, seed, residuals, scores);
  }

  /**
   * Of rows that are no keys: a pass over the keys, and one of these rows.
   *
   * @param heldOut blocks of at most a few thousand rows each
   */
  public static Calibration split(
      JavaSparkContext spark,
      KeyStore keys,
      JavaRDD<RowChunk> heldOut,
      Widths widths,
      LeaveOut leaveOut,
      double tolerance) {
    Residuals residuals = Residuals.form(spark, keys, widths, leaveOut, tolerance);
    double meanSquare = residuals.meanSquare();
    KeyStore.Answering how =
        new KeyStore.Answering(widths.of(0), tolerance, Precision.FLOAT64, Terms.DETAIL);
    KeyStore.Shared shared = keys.share(spark, how);
    Broadcast<Residuals> further = spark.broadcast(residuals);
    double[] scores;
    try {
      scores =
          Residuals.joined(
              heldOut
                  .map(
                      rows ->
                          LocalScale.scores(
                              new KeysBeside(shared.keys(), further.value()),
                              rows,
                              widths.of(shared.keys().mask().indexOf(rows.group(0))),
                              tolerance,
                              meanSquare))
                  .collect());
    } finally {
      further.destroy();
    }
    Arrays.sort(scores);
    return new Calibration(Kind.SPLIT, 0, residuals, scores);
  }

  public Kind kind() {
    return kind;
  }

  /** The mean square g of the residuals; NaN where none is defined. */
  public double meanSquare() {
    return residuals.meanSquare();
  }

  /** Whether any residual is defined. */
  public boolean isDefined() {
    return !Double.isNaN(meanSquare());
  }

  /** Whether there are scores, and not residuals alone. */
  public boolean hasScores() {
    return scores != null;
  }

  /** How many there are, one that is not defined among them. */
  public int numScores() {
    return scores.length;
  }

  /** The leave-one-out residual of the key at a position; NaN where it is not defined. */
  public double residual(int position) {
    return residuals.value(position);
  }

  /** The score of the key at a position; NaN with split, whose scores are of other rows. */
  public double score(int position) {
    return hasScores() && kind != Kind.SPLIT ? scores[position] : Double.NaN;
  }

  /** For each confidence the score at its rank k, see above; infinite where k is above n. */
  public double[] quantiles(double... confidences) {
    return Arrays.stream(confidences).map(SortedScores.of(scores)::quantile).toArray();
  }

  /** Of the folds of cv+. */
  public long seed() {
    return seed;
  }

  Residuals residuals() {
    return residuals;
  }

  double[] scores() {
    return scores;
  }

  /**
   * The same of keys in another order; not with cv+, whose folds are by position.
   *
   * @param positions by new position, the old one; negative for a key that was not learned from
   */
  public Calibration inOrder(int[] positions) {
    double[] moved = kind == Kind.LOO ? Residuals.moved(scores, positions) : scores;
    return new Calibration(kind, seed, residuals.inOrder(positions), moved);
  }

  /**
   * Shares keys with tasks, and with them what standard errors and intervals are made of; released
   * by Spark's cleaner, as the keys are. Of scores no more travels than the factor t; with cv+ all
   * of them where they are at most 10,000, else so many that stand for them, rounded up.
   *
   * @param confidence of intervals, in (0, 1)
   */
  public KeyStore.Shared share(JavaSparkContext spark, KeyStore.Shared keys, double confidence) {
    return new CalibratedKeys(
        keys, spark.broadcast(residuals), hasScores() ? intervals(confidence) : null);
  }

  private Intervals intervals(double confidence) {
    if (kind != Kind.CV_PLUS) {
      return new Intervals.Scaled(SortedScores.of(scores).quantile(confidence));
    }
    SortedScores[] folds = new SortedScores[FoldSums.FOLDS];
    for (int k = 0; k < folds.length; k++) {
      int fold = k;
      double[] own =
          IntStream.range(0, scores.length)
              .filter(position -> FoldSums.fold(seed, position) == fold)
              .mapToDouble(position -> scores[position])
              .toArray();
      folds[k] = SortedScores.of(own).thinned(MOST_SCORES / folds.length);
    }
    long count = Arrays.stream(folds).mapToLong(SortedScores::count).sum();
    long rank = SortedScores.rank(count, confidence);
    return new Intervals.WithoutFolds(seed, folds, rank);
  }
}
