package ml.regard.engine;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.stream.IntStream;
import ml.regard.kernel.AttentionMask;
import ml.regard.kernel.Keys;
import ml.regard.kernel.LeaveOut;
import ml.regard.kernel.PackedKeys;
import ml.regard.kernel.TrainingQueries;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;

/**
 * Keys packed in the memory of the driver, and broadcast whole to whoever needs them. Memory: 8 d +
 * 36 bytes a key on the driver, twice that on every executor.
 */
public final class MemoryStore implements KeyStore {
  private static final long serialVersionUID = 1;

  private final PackedKeys keys;

  public MemoryStore(PackedKeys keys) {
    this.keys = keys;
  }

  @Override
  public String engine() {
    return EngineChoice.BROADCAST;
  }

  @Override
  public Keys keys() {
    return keys;
  }

  @Override
  public Shared share(JavaSparkContext spark, Answering how) {
    Broadcast<PackedKeys> shared = spark.broadcast(keys);
    return shared::value;
  }

  @Override
  public Engine objective(
      JavaSparkContext spark, int numPartitions, int aggregationDepth, double tolerance) {
    return new BroadcastEngine(spark, keys, keys, numPartitions, aggregationDepth, tolerance);
  }

  /**
   * The errors of rows that are no keys, none of which is left out; the caller closes it.
   *
   * @param numPartitions tasks per evaluation; 0 for as many as the pairs are worth
   * @param aggregationDepth depth of treeReduce
   * @param tolerance as of {@link #objective}
   */
  public Engine validation(
      JavaSparkContext spark,
      PackedKeys rows,
      int numPartitions,
      int aggregationDepth,
      double tolerance) {
    return new BroadcastEngine(spark, keys, rows, numPartitions, aggregationDepth, tolerance);
  }

  @Override
  public Residuals residuals(
      JavaSparkContext spark, Widths widths, LeaveOut leaveOut, double tolerance) {
    Broadcast<PackedKeys> shared = spark.broadcast(keys);
    int tasks =
        Math.min(
            PairTasks.tasks(keys.mask().numPairs(), spark.defaultParallelism()), keys.numBlocks());
    try {
      return Residuals.of(
          spark
              .parallelize(IntStream.range(0, keys.numBlocks()).boxed().toList(), tasks)
              .flatMap(b -> parts(shared.value(), b, widths, leaveOut, tolerance))
              .collect());
    } finally {
      shared.destroy();
    }
  }

  /** Those of a block; with widths of groups, of the rows of each group in it. */
  private static Iterator<Residuals.Part> parts(
      PackedKeys keys, int block, Widths widths, LeaveOut leaveOut, double tolerance) {
    AttentionMask mask = keys.mask();
    List<Residuals.Part> parts = new ArrayList<>();
    int from = block * PackedKeys.BLOCK_SIZE;
    int end = from + keys.block(block).size();
    while (from < end) {
      int group = mask.groupOf(from);
      int to = widths.areOfGroups() ? Math.min(end, mask.groupEnd(group)) : end;
      int[] positions = IntStream.range(from, to).toArray();
      TrainingQueries rows = TrainingQueries.of(keys, positions, leaveOut);
      parts.add(Residuals.Part.of(keys, rows, widths.of(group), tolerance));
      from = to;
    }
    return parts.iterator();
  }

  @Override
  public KeyStore withoutFolds() {
    return keys.isFolded() ? new MemoryStore(keys.withoutFolds()) : this;
  }

  @Override
  public PackedKeys sample(JavaSparkContext spark) {
    return keys;
  }

  @Override
  public Dataset<Row> table(SparkSession session) {
    return KeyTable.of(session, broadcast(session));
  }

  @Override
  public void save(SparkSession session, String path) {
    Broadcast<PackedKeys> shared = broadcast(session);
    try {
      KeyTable.write(KeyTable.of(session, shared), path);
    } finally {
      shared.destroy();
    }
  }

  private Broadcast<PackedKeys> broadcast(SparkSession session) {
    return JavaSparkContext.fromSparkContext(session.sparkContext()).broadcast(keys);
  }
}
