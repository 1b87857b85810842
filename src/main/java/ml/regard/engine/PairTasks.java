package ml.regard.engine;

import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;

/**
 * Splits queries into tasks by the pairs of query and key that they form, not by the bytes they
 * came in: three million queries in one small file would be one task.
 *
 * <p>Below 1e8 pairs (about a second of a core) a table stays as it is. Above, there are at least
 * three tasks per core, and no task has more than 1e9 pairs (about ten seconds). The count is given
 * to the repartitioning explicitly, so adaptive execution does not coalesce it.
 */
public final class PairTasks {
  private static final double PAIRS_WORTH_SPLITTING = 1e8;
  private static final double PAIRS_PER_TASK = 1e9;

  private PairTasks() {}

  /** The table split by its pairs with the keys; counts its rows, which reads it once. */
  public static Dataset<Row> splitByPairs(Dataset<Row> queries, long numKeys) {
    double pairs = (double) queries.count() * numKeys;
    int cores = queries.sparkSession().sparkContext().defaultParallelism();
    int tasks = tasks(pairs, cores);
    return tasks <= queries.javaRDD().getNumPartitions() ? queries : queries.repartition(tasks);
  }

  static int tasks(double pairs, int cores) {
    return pairs < PAIRS_WORTH_SPLITTING ? 1 : split(pairs, cores);
  }

  /** At least three tasks per core, and so many that none has more than 1e9 pairs. */
  static int split(double pairs, int cores) {
    return (int) Math.max(3.0 * cores, Math.ceil(pairs / PAIRS_PER_TASK));
  }
}
