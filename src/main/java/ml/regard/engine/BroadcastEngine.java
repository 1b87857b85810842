package ml.regard.engine;

import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import ml.regard.kernel.AttentionPooling;
import ml.regard.kernel.LossSums;
import ml.regard.kernel.PackedKeys;
import ml.regard.kernel.PooledState;
import ml.regard.kernel.TrainingQueries;
import ml.regard.optim.LossRequest;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;

/**
 * The leave-one-out objective with the keys broadcast.
 *
 * <p>Keys and values are broadcast once, when the engine is made, and released by {@link #close}. A
 * training row is a query that is named by its position, so a task needs nothing but its number: it
 * takes the rows of the batch from a range of blocks, pools up to a block's worth of them at a time
 * over all keys, and the sums go up the {@link BlockTree}. Every evaluation is one Spark job, with
 * tasks by its pairs ({@link PairTasks}) but never more than blocks, and with one stage unless the
 * sums are large. Memory per executor: the packed keys twice (the pieces of the broadcast and the
 * value).
 */
final class BroadcastEngine implements Engine {
  private static final int SIZE = PackedKeys.BLOCK_SIZE;
  private static final long DRIVER_BYTES = 1L << 20;

  private final JavaSparkContext spark;
  private final int dim;
  private final double numPairs;
  private final int numRows;
  private final int numBlocks;
  private final int numPartitions;
  private final int aggregationDepth;
  private final double tolerance;
  private final Broadcast<PackedKeys> keys;
  private final Broadcast<PackedKeys> rows;

  /**
   * Broadcasts the keys, and the rows where they are others.
   *
   * @param rows those whose errors are added: the keys themselves, or rows that are none of them
   * @param numPartitions tasks per evaluation; 0 for as many as the pairs are worth
   * @param aggregationDepth depth of treeReduce, where the sums of all tasks have more than 1 MB
   * @param tolerance by how much keys that are passed over may move a pooled value
   */
  BroadcastEngine(
      JavaSparkContext spark,
      PackedKeys keys,
      PackedKeys rows,
      int numPartitions,
      int aggregationDepth,
      double tolerance) {
    this.spark = spark;
    this.dim = keys.dim();
    this.numPairs =
        rows == keys ? keys.mask().numPairs() : (double) rows.numKeys() * keys.numKeys();
    this.numRows = rows.numKeys();
    this.numBlocks = rows.numBlocks();
    this.numPartitions = numPartitions;
    this.aggregationDepth = aggregationDepth;
    this.tolerance = tolerance;
    this.keys = spark.broadcast(keys);
    this.rows = rows == keys ? this.keys : spark.broadcast(rows);
  }

  @Override
  public int dim() {
    return dim;
  }

  @Override
  public int numRows() {
    return numRows;
  }

  @Override
  public LossSums[] evaluate(LossRequest request) {
    Broadcast<PackedKeys> shared = keys;
    Broadcast<PackedKeys> asking = rows;
    double moved = tolerance;
    int tasks = tasks(request.passes() * numPairs);
    List<Integer> numbers = IntStream.range(0, tasks).boxed().toList();
    JavaRDD<BlockTree<LossSums>> sums =
        spark
            .parallelize(numbers, tasks)
            .map(task -> sums(shared.value(), asking.value(), task, tasks, request, moved));
    BlockTree<LossSums> tree =
        areSmall(tasks, request)
            ? sums.collect().stream().reduce(BlockTree::merge).orElseThrow()
            : sums.treeReduce(BlockTree::merge, aggregationDepth);
    return tree.root();
  }

  /** Releases the broadcast on driver and executors. */
  @Override
  public void close() {
    keys.destroy();
    if (rows != keys) {
      rows.destroy();
    }
  }

  /**
   * Whether the sums of all tasks meet on the driver. Another stage would cost more than it spares.
   * So would treeReduce in one: Spark reads the bytecode around each of its functions in every
   * step, and in fits of a hundred rows that was most of the driver's time.
   */
  private boolean areSmall(int tasks, LossRequest request) {
    double[][] candidates = request.inverseWidths();
    long numbers =
        (long) candidates.length * LossSums.length(candidates[0].length, request.terms());
    int nodes = 2 * (32 - Integer.numberOfLeadingZeros(numBlocks / tasks));
    return tasks * nodes * numbers * Double.BYTES <= DRIVER_BYTES;
  }

  private int tasks(double pairs) {
    int worth =
        numPartitions > 0 ? numPartitions : PairTasks.tasks(pairs, spark.defaultParallelism());
    return Math.min(worth, numBlocks);
  }

  /** The sums of one task, over its part of the blocks. */
  static BlockTree<LossSums> sums(
      PackedKeys keys,
      PackedKeys rows,
      int task,
      int tasks,
      LossRequest request,
      double tolerance) {
    int first = bound(rows, task, tasks);
    int end = bound(rows, task + 1, tasks);
    int[] chosen =
        IntStream.range(first * SIZE, Math.min(end * SIZE, rows.numKeys()))
            .filter(request.batch()::contains)
            .toArray();
    PositionSums sums = new PositionSums(first, end, rows.numBlocks(), request);
    for (int from = 0; from < chosen.length; from += SIZE) {
      int[] positions = Arrays.copyOfRange(chosen, from, Math.min(from + SIZE, chosen.length));
      TrainingQueries queries =
          TrainingQueries.of(rows, positions, request.leaveOut(), keys.mask());
      PooledState[] states =
          AttentionPooling.pool(
              keys, queries.block(), request.inverseWidths(), request.terms(), tolerance);
      sums.add(queries, states);
    }
    return sums.tree();
  }

  private static int bound(PackedKeys rows, int task, int tasks) {
    return (int) ((long) rows.numBlocks() * task / tasks);
  }
}
