package ml.regard.engine;

import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;

/**
 * Splits queries into tasks by the pairs of query and key that they form, not by the bytes they
 * came in: three million queries in one small file would be one task.
 *
 * <p>Where there is work for it there are at least three tasks per core, and no task has more than
 * 5e9 pairs (about five seconds) or less than 1e7 (about ten milliseconds). A table of queries
 * stays as it is below 1e9 pairs. The count is given to the repartitioning explicitly, so adaptive
 * execution does not coalesce it.
 */
public final class PairTasks {
  private static final double PAIRS_WORTH_SPLITTING = 1e9;
  private static final double MAX_PAIRS = 5e9;
  private static final double MIN_PAIRS = 1e7;

  private PairTasks() {}

  /** The table split by its pairs with the keys; counts its rows, which reads it once. */
  public static Dataset<Row> splitByPairs(Dataset<Row> queries, long numKeys) {
    double pairs = (double) queries.count() * numKeys;
    int cores = queries.sparkSession().sparkContext().defaultParallelism();
    // However many partitions it has: they may be uneven.
    return pairs < PAIRS_WORTH_SPLITTING ? queries : queries.repartition(tasks(pairs, cores));
  }

  /** How many tasks so many pairs are worth. */
  static int tasks(double pairs, int cores) {
    double even = Math.max(3.0 * cores, Math.ceil(pairs / MAX_PAIRS));
    return (int) Math.max(1, Math.min(even, pairs / MIN_PAIRS));
  }
}
