package ml.regard.engine;

import java.util.List;
import java.util.stream.IntStream;
import ml.regard.kernel.KeyBlock;
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
  public <T> List<T> pass(
      JavaSparkContext spark, Beside further, LeaveOut leaveOut, RowPass<T> pass) {
    Broadcast<PackedKeys> shared = spark.broadcast(keys);
    Broadcast<Beside> beside = spark.broadcast(further);
    double pairs = (double) keys.numKeys() * keys.numKeys();
    int tasks = Math.min(PairTasks.tasks(pairs, spark.defaultParallelism()), keys.numBlocks());
    try {
      return spark
          .parallelize(IntStream.range(0, keys.numBlocks()).boxed().toList(), tasks)
          .map(
              b ->
                  pass.of(
                      new KeysBeside(shared.value(), beside.value()),
                      rows(shared.value(), b, leaveOut, beside.value())))
          .collect();
    } finally {
      shared.destroy();
      beside.destroy();
    }
  }

  /** The rows of a block; where each leaves out itself alone, its twins have further values too. */
  private static TrainingQueries rows(
      PackedKeys keys, int block, LeaveOut leaveOut, Beside further) {
    if (leaveOut == LeaveOut.ROW) {
      TrainingQueries rows = new TrainingQueries(keys, leaveOut);
      KeyBlock asking = further.beside(keys.block(block));
      for (int j = 0; j < asking.size(); j++) {
        rows.add(asking, j);
      }
      return rows;
    }
    int first = block * PackedKeys.BLOCK_SIZE;
    int[] positions = IntStream.range(first, first + keys.block(block).size()).toArray();
    return TrainingQueries.of(keys, positions, leaveOut);
  }

  @Override
  public KeyStore withoutFolds() {
    return keys.numFolds() <= 1 ? this : new MemoryStore(keys.withoutFolds());
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
