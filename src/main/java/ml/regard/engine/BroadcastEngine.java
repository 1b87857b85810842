package ml.regard.engine;

import java.util.List;
import java.util.stream.IntStream;
import ml.regard.kernel.LeaveOneOut;
import ml.regard.kernel.LossSums;
import ml.regard.kernel.PackedKeys;
import ml.regard.optim.Batch;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;

/**
 * The leave-one-out objective with the keys broadcast.
 *
 * <p>Keys and values are broadcast once, when the engine is made, and released by {@link #close}. A
 * training row is a query that is named by its position, so a task needs nothing but block numbers:
 * it takes the rows of its blocks, pools them over all keys, and the sums go up the {@link
 * BlockTree}. Every evaluation is one Spark job. Memory per executor: the packed keys twice (the
 * pieces of the broadcast and the value).
 */
final class BroadcastEngine implements Engine {
  private final int dim;
  private final int numRows;
  private final int numBlocks;
  private final int aggregationDepth;
  private final Broadcast<PackedKeys> keys;
  private final JavaRDD<Integer> blocks;

  /**
   * Broadcasts the keys.
   *
   * @param numPartitions tasks per evaluation; 0 for three per core, and never more than blocks
   * @param aggregationDepth depth of treeAggregate
   */
  BroadcastEngine(
      JavaSparkContext spark, PackedKeys keys, int numPartitions, int aggregationDepth) {
    this.dim = keys.dim();
    this.numRows = keys.numKeys();
    this.numBlocks = keys.numBlocks();
    this.aggregationDepth = aggregationDepth;
    this.keys = spark.broadcast(keys);
    List<Integer> numbers = IntStream.range(0, numBlocks).boxed().toList();
    int tasks = numPartitions > 0 ? numPartitions : 3 * spark.defaultParallelism();
    this.blocks = spark.parallelize(numbers, Math.min(numBlocks, tasks));
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
    Broadcast<PackedKeys> shared = keys;
    double[] w = inverseWidths.clone();
    return aggregate(
        block -> {
          int[] rows = rows(shared.value(), block, batch);
          return new LossSums[] {LeaveOneOut.lossAndGradient(shared.value(), rows, w)};
        })[0];
  }

  @Override
  public LossSums[] losses(double[][] candidates, Batch batch) {
    Broadcast<PackedKeys> shared = keys;
    return aggregate(
        block -> {
          int[] rows = rows(shared.value(), block, batch);
          LossSums[] losses = new LossSums[candidates.length];
          for (int c = 0; c < losses.length; c++) {
            losses[c] = LeaveOneOut.loss(shared.value(), rows, candidates[c]);
          }
          return losses;
        });
  }

  /** Releases the broadcast on driver and executors. */
  @Override
  public void close() {
    keys.destroy();
  }

  private LossSums[] aggregate(BlockSums sums) {
    return blocks
        .treeAggregate(
            new BlockTree<LossSums>(numBlocks),
            (tree, block) -> tree.add(block, sums.of(block)),
            BlockTree<LossSums>::merge,
            aggregationDepth)
        .root();
  }

  /** The positions of a block that are in the batch. */
  private static int[] rows(PackedKeys keys, int block, Batch batch) {
    int first = block * PackedKeys.BLOCK_SIZE;
    int last = Math.min(first + PackedKeys.BLOCK_SIZE, keys.numKeys());
    return IntStream.range(first, last).filter(batch::contains).toArray();
  }

  private interface BlockSums extends java.io.Serializable {
    LossSums[] of(int block);
  }
}
