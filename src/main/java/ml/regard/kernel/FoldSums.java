package ml.regard.kernel;

/**
 * What queries get of the keys outside of each of ten folds, from the sums of one pass. A key
 * belongs to a fold by a hash of the seed and its position, and carries three further values for
 * each fold k, all 0 but for its own:
 *
 * <pre>
 *   I_k     I_k (v - centre)     I_k r^2 / g
 * </pre>
 *
 * <p>so that S0, S1 and R2 by fold are sums of further values, and S2 by fold that of the squares
 * of the first. The sums without a fold are those of the nine others added; nothing is subtracted.
 *
 * <p>Such passes leave out no block of keys that is anything in double precision (tolerance 0): one
 * that is nothing beside all keys may be much without the fold of the nearest. Where all keys
 * outside of a fold are so far away that their sum cannot be believed beside that of the nearest,
 * some 23 widths, there is no pooled value without the fold.
 */
public final class FoldSums {
  /** The number of folds. */
  public static final int FOLDS = 10;

  /** Further values that a key carries. */
  public static final int VALUES = 3 * FOLDS;

  private static final double LEAST = 0x1p-400;

  private final PooledState state;
  private final double meanSquare;

  private FoldSums(PooledState state, double meanSquare) {
    this.state = state;
    this.meanSquare = meanSquare;
  }

  /** The fold of the key at a position, from 0 to 9. */
  public static int fold(long seed, long position) {
    return (int) Long.remainderUnsigned(Hash.mix(Hash.mix(seed) ^ position), FOLDS);
  }

  /**
   * The keys of a block with their values by fold.
   *
   * @param squares r^2 / g of each
   */
  public static KeyBlock beside(KeyBlock block, long seed, double[] squares) {
    double[][] values = new double[VALUES][block.size()];
    for (int j = 0; j < squares.length; j++) {
      int at = 3 * fold(seed, block.firstPosition + j);
      values[at][j] = 1;
      values[at + 1][j] = block.values[j] - block.valueCentre;
      values[at + 2][j] = squares[j];
    }
    return block.with(values);
  }

  /**
   * One pass over keys with values by fold.
   *
   * @param meanSquare g
   */
  public static FoldSums of(
      Keys keys, QueryBlock queries, double[] inverseWidths, double meanSquare) {
    PooledState state =
        AttentionPooling.predict(keys, queries, inverseWidths, Terms.DETAIL, 0, Precision.FLOAT64);
    return new FoldSums(state, meanSquare);
  }

  /**
   * The score of each row against the keys outside of its fold: |v - y| / s; infinite where there
   * is none near enough, NaN for a row that may attend to no key at all.
   *
   * @param rows that leave nothing out
   */
  public static double[] scores(
      Keys keys, TrainingQueries rows, double[] inverseWidths, double meanSquare, long seed) {
    PooledState state = AttentionPooling.pool(keys, rows.block(), inverseWidths, Terms.DETAIL);
    FoldSums sums = new FoldSums(state, meanSquare);
    double[] scores = new double[rows.size()];
    for (int i = 0; i < scores.length; i++) {
      int query = rows.query(i);
      int fold = fold(seed, rows.position(i));
      double[] without = sums.without(query, fold);
      double none = state.noKeys(query) ? Double.NaN : Double.POSITIVE_INFINITY;
      scores[i] =
          without == null
              ? none
              : LocalScale.score(rows.value(i) - state.valueCentre - without[0], without[1]);
    }
    return scores;
  }

  /** The pooled value, centred, and s of query i without a fold; null where there is none. */
  private double[] without(int i, int fold) {
    double s0 = 0;
    double s1 = 0;
    double s2 = 0;
    double r2 = 0;
    for (int k = 0; k < FOLDS; k++) {
      if (k != fold) {
        s0 += state.others[3 * k][i];
        s1 += state.others[3 * k + 1][i];
        r2 += state.others[3 * k + 2][i];
        s2 += state.otherSquares[3 * k][i];
      }
    }
    return s0 < LEAST
        ? null
        : new double[] {s1 / s0, LocalScale.of(r2 / s0, s2 / s0 / s0, meanSquare)};
  }

  /**
   * The ends of the cv+ interval of query i, lower and upper; NaN without an allowed key.
   *
   * @param scores of the rows of each fold
   * @param rank of the ends among all rows
   */
  public double[] interval(int i, SortedScores[] scores, long rank) {
    if (state.noKeys(i)) {
      return new double[] {Double.NaN, Double.NaN};
    }
    double[] centres = new double[FOLDS];
    double[] opposite = new double[FOLDS];
    double[] scales = new double[FOLDS];
    for (int k = 0; k < FOLDS; k++) {
      double[] without = without(i, k);
      centres[k] = without == null ? Double.NaN : state.valueCentre + without[0];
      opposite[k] = -centres[k];
      scales[k] = without == null ? Double.NaN : without[1];
    }
    return new double[] {-end(scores, opposite, scales, rank), end(scores, centres, scales, rank)};
  }

  /**
   * The number at a rank among all centre_k + scale_k score, over the scores of all folds k: the
   * smallest double that so many do not exceed, by bisection over doubles; infinite where there are
   * not so many. A fold whose centre is NaN exceeds every number.
   */
  private static double end(SortedScores[] scores, double[] centres, double[] scales, long rank) {
    long from = ordered(Double.NEGATIVE_INFINITY);
    long to = ordered(Double.POSITIVE_INFINITY);
    while (from < to) {
      long middle = (from & to) + ((from ^ to) >> 1);
      double x = number(middle);
      long count = 0;
      for (int k = 0; k < FOLDS; k++) {
        count += scores[k].upTo(x, centres[k], scales[k]);
      }
      if (count >= rank) {
        to = middle;
      } else {
        from = middle + 1;
      }
    }
    return number(to);
  }

  /** Whole numbers in the order of the doubles. */
  private static long ordered(double x) {
    long bits = Double.doubleToRawLongBits(x);
    return bits ^ ((bits >> 63) & Long.MAX_VALUE);
  }

  private static double number(long ordered) {
    return Double.longBitsToDouble(ordered ^ ((ordered >> 63) & Long.MAX_VALUE));
  }
}
