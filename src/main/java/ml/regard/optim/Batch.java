package ml.regard.optim;

import java.io.Serializable;
import ml.regard.kernel.Hash;

/**
 * Which training rows a step looks at: all, or those whose hash of (seed, step, position) falls
 * below the fraction. The choice does not depend on how rows are partitioned, and repeats when a
 * lost partition is computed again.
 */
public final class Batch implements Serializable {
  private static final long serialVersionUID = 1;
  private static final int MEASURED_ROWS = 1024;
  private static final long NESTED_STEP = -1;
  private static final long MEASURED_STEP = -2;
  private static final Batch ALL = new Batch(1, 0, 0);

  private final double fraction;
  private final long seed;
  private final long step;

  private Batch(double fraction, long seed, long step) {
    this.fraction = fraction;
    this.seed = seed;
    this.step = step;
  }

  /** Every row. */
  public static Batch all() {
    return ALL;
  }

  /**
   * A share of the rows, another one for each step.
   *
   * @throws IllegalArgumentException unless 0 &lt; fraction &lt;= 1
   */
  public static Batch of(double fraction, long seed, long step) {
    if (!(fraction > 0 && fraction <= 1)) {
      throw new IllegalArgumentException("fraction must be in (0, 1], but was " + fraction);
    }
    return new Batch(fraction, seed, step);
  }

  /**
   * The fixed sample on which a fit that steps through mini-batches is measured: the share of a
   * batch, but at least 1,024 rows, or all.
   */
  public static Batch measured(double fraction, long seed, int numRows) {
    return fraction == 1 ? ALL : of(share(fraction, numRows), seed, MEASURED_STEP);
  }

  /**
   * The fixed sample that grows: all rows of a smaller share are among those of a larger one.
   *
   * @param rows about how many of the rows, at least 1
   */
  public static Batch nested(double rows, long seed, int numRows) {
    return rows >= numRows ? ALL : of(rows / numRows, seed, NESTED_STEP);
  }

  private static double share(double fraction, int numRows) {
    return Math.min(1, Math.max(fraction, (double) MEASURED_ROWS / numRows));
  }

  /** Whether this is every row. */
  public boolean isAll() {
    return fraction == 1;
  }

  /** The share of the rows, in (0, 1]. */
  public double fraction() {
    return fraction;
  }

  /** The seed of the choice. */
  public long seed() {
    return seed;
  }

  /** The step that the rows are chosen for. */
  public long step() {
    return step;
  }

  /** Whether the other batch is this one. */
  public boolean same(Batch other) {
    return fraction == other.fraction && seed == other.seed && step == other.step;
  }

  /** Whether the row at a position is in the batch. */
  public boolean contains(long position) {
    return isAll() || uniform(Hash.mix(Hash.mix(Hash.mix(seed) ^ step) ^ position)) < fraction;
  }

  @Override
  public String toString() {
    return isAll()
        ? "all rows"
        : "%s of the rows, step %d, seed %d".formatted(fraction, step, seed);
  }

  private static double uniform(long hash) {
    return (hash >>> 11) * 0x1p-53;
  }
}
