package ml.regard.engine;

import java.io.Serializable;
import java.util.Arrays;
import java.util.List;
import ml.regard.kernel.AttentionPooling;
import ml.regard.kernel.Keys;
import ml.regard.kernel.LeaveOut;
import ml.regard.kernel.LocalScale;
import ml.regard.kernel.PackedKeys;
import ml.regard.kernel.PooledState;
import ml.regard.kernel.Precision;
import ml.regard.kernel.QueryBlock;
import ml.regard.kernel.Terms;
import ml.regard.kernel.TrainingQueries;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;

/**
 * Where the keys of a fit or a model live, and so which engine forms the pairs: {@link MemoryStore}
 * for the broadcast engine, {@link FileStore} for the others; or that there are none, but the nodes
 * that stand in for them ({@link NodeStore}).
 */
public interface KeyStore extends Serializable {
  /** "broadcast", "partitioned" or "lattice". */
  String engine();

  /** The keys, as this process reads them. */
  Keys keys();

  /** Whether the keys themselves are there, and not only their number and their sums. */
  default boolean hasKeys() {
    return true;
  }

  /** The pooled value of one query, of all keys whatever the tolerance of others. */
  default double pooled(double[] query, double[] inverseWidths) {
    QueryBlock queries = QueryBlock.of(keys().dim(), new double[][] {query});
    return AttentionPooling.pool(keys(), queries, inverseWidths, Terms.VALUE).pooled(0);
  }

  /** The keys as a task gets them. Made on the driver, asked on executors. */
  interface Shared extends Serializable {
    Keys keys();

    /** The mean square of the residuals that are beside the keys; NaN where none are. */
    default double meanSquaredResidual() {
      return Double.NaN;
    }

    /**
     * Lower and upper end of the prediction interval of each query, {@code [m x 2]}.
     *
     * @param answers to these queries
     * @throws IllegalStateException where no scores are shared
     */
    default double[][] intervals(QueryBlock queries, Answering how, Answers answers) {
      throw new IllegalStateException("keys without scores have no intervals");
    }

    /** The pooled values of a block of queries, in the order of the queries. */
    default Answers predict(QueryBlock queries, Answering how) {
      PooledState state =
          AttentionPooling.predict(
              keys(), queries, how.inverseWidths(), how.terms(), how.tolerance(), how.precision());
      double[] bounds = new double[queries.size()];
      Arrays.fill(bounds, how.tolerance() * keys().valueDeviation());
      return new Answers(state, bounds);
    }
  }

  /** Pooled values, and by how much each may be off from that of all keys. */
  final class Answers {
    private final PooledState state;
    private final double[] errorBounds;

    Answers(PooledState state, double[] errorBounds) {
      this.state = state;
      this.errorBounds = errorBounds;
    }

    /** The pooled value of query i; NaN where there is none, or nothing is certain. */
    public double pooled(int i) {
      return errorBounds[i] == Double.POSITIVE_INFINITY ? Double.NaN : state.pooled(i);
    }

    /** In the unit of the values, but for rounding; infinite where nothing is certain. */
    public double errorBound(int i) {
      return errorBounds[i];
    }

    /** The effective number of keys of query i; 0 without an allowed key. */
    public double effectiveKeys(int i) {
      return state.effectiveKeys(i);
    }

    /**
     * The standard error sqrt(sum_j a_j^2 r_j^2) of the pooled value of query i, where residuals
     * are beside the keys.
     *
     * @param meanSquare of the residuals
     */
    public double standardError(int i, double meanSquare) {
      return Math.sqrt(state.squaredAttention(i, 0)) * Math.sqrt(meanSquare);
    }

    /**
     * The local scale of errors around query i, where residuals are beside the keys.
     *
     * @param meanSquare of the residuals
     */
    double scale(int i, double meanSquare) {
      return LocalScale.of(state, i, meanSquare);
    }

    /** How near query i is to a key: from 0, nothing like it, to 1, a key at its place. */
    public double support(int i) {
      return state.support(i);
    }

    /** The derivatives of the pooled value of query i by its features, {@code [d]}. */
    public double[] marginalEffect(int i, double[] inverseWidths) {
      return state.marginalEffect(i, inverseWidths);
    }

    /** Takes the answers to the given queries from others. */
    void replace(int[] queries, Answers other) {
      state.replace(queries, other.state);
      for (int i = 0; i < queries.length; i++) {
        errorBounds[queries[i]] = other.errorBounds[i];
      }
    }
  }

  /**
   * How predictions are to be.
   *
   * @param inverseWidths of length 1 or d
   * @param tolerance by how much one may be off, as a share of the standard deviation of the values
   * @param precision of the pairs
   * @param terms VALUE, or DETAIL where more than the prediction is told
   */
  record Answering(double[] inverseWidths, double tolerance, Precision precision, Terms terms)
      implements Serializable {}

  /**
   * Shares the keys with the tasks of one transformation. What is broadcast for it is released by
   * Spark's cleaner when nobody refers to it any more.
   */
  Shared share(JavaSparkContext spark, Answering how);

  /** What a pass makes of the rows of one block. */
  interface RowPass<T> extends Serializable {
    T of(Keys keys, TrainingQueries rows);
  }

  /**
   * One pass in which all keys ask as training rows, n^2 pairs as far as they are in reach: what it
   * makes of each block of positions, in their order.
   *
   * @param further values that the keys have beside the first
   */
  <T> List<T> pass(JavaSparkContext spark, Beside further, LeaveOut leaveOut, RowPass<T> pass);

  /**
   * The objective over these keys; the caller closes it.
   *
   * @param numPartitions tasks per evaluation; 0 for as many as the pairs are worth, at least three
   *     per core
   * @param aggregationDepth depth of treeAggregate
   * @param tolerance by how much keys that are passed over may move a pooled value, as a share of
   *     the standard deviation of the values
   */
  Engine objective(
      JavaSparkContext spark, int numPartitions, int aggregationDepth, double tolerance);

  /** The keys in the order of a model, which knows no folds. */
  KeyStore withoutFolds();

  /** All keys, or an even sample of them where they do not fit in memory: for scales, pictures. */
  PackedKeys sample(JavaSparkContext spark);

  /** The keys in canonical order: position, features (array), value, weight and id. */
  Dataset<Row> table(SparkSession session);

  /** Writes that table as Parquet files, in each of which positions are consecutive. */
  void save(SparkSession session, String path);
}
