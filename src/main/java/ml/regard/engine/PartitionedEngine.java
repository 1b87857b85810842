package ml.regard.engine;

import java.util.Iterator;
import java.util.List;
import ml.regard.kernel.AttentionPooling;
import ml.regard.kernel.KeyBlock;
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
 * The leave-one-out objective with the keys left in their files.
 *
 * <p>An evaluation goes in rounds. In each, some rows of the batch are fetched and broadcast as
 * queries; every task takes them past its own range of keys, block by block; the partial softmax
 * states of each segment of keys are merged along the {@link BlockTree}, and losses are formed of
 * the merged states, row after row. Keys never meet in one place, and neither the number of tasks
 * nor that of rounds changes a bit.
 *
 * <p>Memory per task: a row group and a block of keys, the queries, and about 2 log2(segments per
 * task) states of {@link #ROUND_BYTES}. Cost beside the pairs: two readings of the keys a round,
 * one to fetch the queries (only of the files that hold them), one to pool them.
 */
final class PartitionedEngine implements Engine {
  static final long ROUND_BYTES = 4L << 20;

  private final JavaSparkContext spark;
  private final KeyFiles files;
  private final int tasks;
  private final int aggregationDepth;
  private final long roundBytes;

  PartitionedEngine(
      JavaSparkContext spark,
      KeyFiles files,
      int numPartitions,
      int aggregationDepth,
      long roundBytes) {
    this.spark = spark;
    this.files = files;
    this.tasks = numPartitions > 0 ? numPartitions : 3 * spark.defaultParallelism();
    this.aggregationDepth = aggregationDepth;
    this.roundBytes = roundBytes;
  }

  @Override
  public int dim() {
    return files.dim();
  }

  @Override
  public int numRows() {
    return files.numKeys();
  }

  @Override
  public LossSums lossAndGradient(double[] inverseWidths, Batch batch) {
    return evaluate(new double[][] {inverseWidths}, batch, Terms.WIDTHS)[0];
  }

  @Override
  public LossSums[] losses(double[][] candidates, Batch batch) {
    return evaluate(candidates, batch, Terms.VALUE);
  }

  /** The rows of a batch with positions from to to - 1, in ascending order. */
  static TrainingQueries fetch(
      JavaSparkContext spark, KeyFiles files, Batch batch, long from, long to, int tasks) {
    List<KeyRange> ranges = KeyRange.split(from, to, tasks);
    TrainingQueries rows = new TrainingQueries(files.dim());
    spark
        .parallelize(ranges, ranges.size())
        .map(range -> chosen(files, range, batch, from, to))
        .collect()
        .forEach(rows::addAll);
    return rows;
  }

  /** Nothing is held between evaluations. */
  @Override
  public void close() {}

  private LossSums[] evaluate(double[][] candidates, Batch batch, Terms terms) {
    int rowsPerRound = rowsPerRound(candidates, terms);
    int numBlocks = (files.numKeys() + PackedKeys.BLOCK_SIZE - 1) / PackedKeys.BLOCK_SIZE;
    PositionSums sums = new PositionSums(0, numBlocks, numBlocks, candidates, terms);
    long from = 0;
    while (from < files.numKeys()) {
      long to = endOfRound(batch, from, rowsPerRound);
      TrainingQueries rows = fetch(spark, files, batch, from, to, tasks);
      sums.add(rows, pool(rows, candidates, terms));
      from = to;
    }
    return sums.tree().root();
  }

  private int rowsPerRound(double[][] candidates, Terms terms) {
    int widths = terms == Terms.WIDTHS ? 2 * candidates[0].length : 0;
    long bytesPerRow = 8L * (files.dim() + (long) candidates.length * (3 + widths));
    return (int) Math.max(1, Math.min(roundBytes / bytesPerRow, files.numKeys()));
  }

  /** The position behind the last row of a round that begins at a position. */
  private long endOfRound(Batch batch, long from, int rowsPerRound) {
    long to = from;
    for (int rows = 0; to < files.numKeys(); to++) {
      if (batch.contains(to) && ++rows > rowsPerRound) {
        break;
      }
    }
    return to;
  }

  /** The merged state of the queries for each candidate. */
  private PooledState[] pool(TrainingQueries rows, double[][] candidates, Terms terms) {
    KeyFiles shared = files;
    Broadcast<QueryBlock> queries = spark.broadcast(rows.block());
    List<KeyRange> ranges = KeyRange.split(0, files.numKeys(), tasks);
    try {
      return spark
          .parallelize(ranges, ranges.size())
          .treeAggregate(
              new BlockTree<PooledState>(files.numSegments()),
              (tree, range) -> visit(tree, shared, range, queries.value(), candidates, terms),
              BlockTree<PooledState>::merge,
              aggregationDepth)
          .root();
    } finally {
      queries.destroy();
    }
  }

  /** Takes queries past a range of keys; the states of each segment go into the tree. */
  private static BlockTree<PooledState> visit(
      BlockTree<PooledState> tree,
      KeyFiles files,
      KeyRange range,
      QueryBlock queries,
      double[][] candidates,
      Terms terms) {
    PooledState[] states = null;
    for (Iterator<KeyBlock> blocks = range.blocks(files); blocks.hasNext(); ) {
      KeyBlock block = blocks.next();
      if (states == null) {
        states = new PooledState[candidates.length];
        for (int c = 0; c < states.length; c++) {
          states[c] = AttentionPooling.empty(files, queries, candidates[c], terms);
        }
      }
      for (int c = 0; c < states.length; c++) {
        AttentionPooling.add(block, queries, candidates[c], states[c]);
      }
      if (KeyRange.endsSegment(block, files)) {
        tree.add(KeyRange.segment(block), states);
        states = null;
      }
    }
    return tree;
  }

  private static TrainingQueries chosen(
      KeyFiles files, KeyRange range, Batch batch, long from, long to) {
    TrainingQueries rows = new TrainingQueries(files.dim());
    for (Iterator<KeyBlock> blocks = range.blocks(files); blocks.hasNext(); ) {
      KeyBlock block = blocks.next();
      for (int j = 0; j < block.size(); j++) {
        long position = (long) block.firstPosition() + j;
        if (position >= from && position < to && batch.contains(position)) {
          rows.add(block, j);
        }
      }
    }
    return rows;
  }
}
