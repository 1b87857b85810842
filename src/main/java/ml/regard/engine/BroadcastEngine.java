package ml.regard.engine;

import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import ml.regard.kernel.AttentionPooling;
import ml.regard.kernel.LossSums;
import ml.regard.kernel.PackedKeys;
import ml.regard.kernel.PooledState;
import ml.regard.kernel.QueryBlock;
import ml.regard.kernel.Terms;
import ml.regard.kernel.TrainingQueries;
import ml.regard.optim.Batch;
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
  private final int numRows;
  private final int numBlocks;
  private final int numPartitions;
  private final int aggregationDepth;
  private final Broadcast<PackedKeys> keys;

  /**
   * Broadcasts the keys.
   *
   * @param numPartitions tasks per evaluation; 0 for as many as the pairs are worth
   * @param aggregationDepth depth of treeReduce, where the sums of all tasks have more than 1 MB
   */
  BroadcastEngine(
      JavaSparkContext spark, PackedKeys keys, int numPartitions, int aggregationDepth) {
    this.spark = spark;
    this.dim = keys.dim();
    this.numRows = keys.numKeys();
    this.numBlocks = keys.numBlocks();
    this.numPartitions = numPartitions;
    this.aggregationDepth = aggregationDepth;
    this.keys = spark.broadcast(keys);
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
  public LossSums lossAndGradient(double[] inverseWidths, Batch batch) {
    return evaluate(new double[][] {inverseWidths.clone()}, batch, Terms.WIDTHS)[0];
  }

  @Override
  public LossSums[] losses(double[][] candidates, Batch batch) {
    return evaluate(candidates, batch, Terms.VALUE);
  }

  /** Releases the broadcast on driver and executors. */
  @Override
  public void close() {
    keys.destroy();
  }

  private LossSums[] evaluate(double[][] candidates, Batch batch, Terms terms) {
    Broadcast<PackedKeys> shared = keys;
    int tasks = tasks(candidates.length * batch.fraction() * numRows * numRows);
    List<Integer> numbers = IntStream.range(0, tasks).boxed().toList();
    return spark
        .parallelize(numbers, tasks)
        .map(task -> sums(shared.value(), task, tasks, candidates, batch, terms))
        .treeReduce(BlockTree::merge, depth(tasks, candidates, terms))
        .root();
  }

  /** Small sums of all tasks meet on the driver; another stage would cost more than it spares. */
  private int depth(int tasks, double[][] candidates, Terms terms) {
    int widths = terms == Terms.VALUE ? 0 : candidates[0].length;
    long numbers = (long) candidates.length * LossSums.length(widths);
    int nodes = 2 * (32 - Integer.numberOfLeadingZeros(numBlocks / tasks));
    return tasks * nodes * numbers * Double.BYTES <= DRIVER_BYTES ? 1 : aggregationDepth;
  }

  private int tasks(double pairs) {
    int worth =
        numPartitions > 0 ? numPartitions : PairTasks.tasks(pairs, spark.defaultParallelism());
    return Math.min(worth, numBlocks);
  }

  /** The sums of one task, over its part of the blocks. */
  private static BlockTree<LossSums> sums(
      PackedKeys keys, int task, int tasks, double[][] candidates, Batch batch, Terms terms) {
    int first = bound(keys, task, tasks);
    int end = bound(keys, task + 1, tasks);
    int[] rows =
        IntStream.range(first * SIZE, Math.min(end * SIZE, keys.numKeys()))
            .filter(batch::contains)
            .toArray();
    PositionSums sums = new PositionSums(first, end, keys.numBlocks(), candidates, terms);
    for (int from = 0; from < rows.length; from += SIZE) {
      int to = Math.min(from + SIZE, rows.length);
      TrainingQueries queries = TrainingQueries.of(keys, Arrays.copyOfRange(rows, from, to));
      sums.add(queries, pool(keys, queries.block(), candidates, terms));
    }
    return sums.tree();
  }

  private static int bound(PackedKeys keys, int task, int tasks) {
    return (int) ((long) keys.numBlocks() * task / tasks);
  }

  private static PooledState[] pool(
      PackedKeys keys, QueryBlock queries, double[][] candidates, Terms terms) {
    PooledState[] states = new PooledState[candidates.length];
    for (int c = 0; c < states.length; c++) {
      states[c] = AttentionPooling.pool(keys, queries, candidates[c], terms);
    }
    return states;
  }
}
