package ml.regard.engine;

import java.io.Serializable;
import java.util.function.Supplier;
import ml.regard.kernel.Keys;
import ml.regard.kernel.PackedKeys;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;

/**
 * Where the keys of a fit or a model live, and so which engine forms the pairs: {@link MemoryStore}
 * for the broadcast engine, {@link FileStore} for the partitioned one. Both give the same answers.
 */
public interface KeyStore extends Serializable {
  /** "broadcast" or "partitioned". */
  String engine();

  /** The keys, as this process reads them. */
  Keys keys();

  /** The keys as a task gets them. Serialisable; made on the driver, asked on executors. */
  interface Shared extends Supplier<Keys>, Serializable {}

  /**
   * Shares the keys with the tasks of one transformation. What is broadcast for it is released by
   * Spark's cleaner when nobody refers to it any more.
   */
  Shared share(JavaSparkContext spark);

  /**
   * The objective over these keys; the caller closes it.
   *
   * @param numPartitions tasks per evaluation; 0 for as many as the pairs are worth, at least three
   *     per core
   * @param aggregationDepth depth of treeAggregate
   * @param tolerance by how much keys that are passed over may move a pooled value, as a share of
   *     the standard deviation of the values; keys in files are all read and none is passed over
   */
  Engine objective(
      JavaSparkContext spark, int numPartitions, int aggregationDepth, double tolerance);

  /** The keys in the order of a model, which knows no folds. */
  KeyStore withoutFolds();

  /** All keys, or an even sample of them where they do not fit in memory: for scales, pictures. */
  PackedKeys sample(JavaSparkContext spark);

  /** A hash of all keys with their positions, to the last bit. */
  long contentHash(JavaSparkContext spark);

  /** The keys in canonical order: position, features (array), value and weight. */
  Dataset<Row> table(SparkSession session);

  /** Writes that table as Parquet files, in each of which positions are consecutive. */
  void save(SparkSession session, String path);
}
