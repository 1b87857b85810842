package ml.regard.engine;

import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.stream.IntStream;
import ml.regard.kernel.KeyBlock;
import ml.regard.kernel.LeaveOut;
import ml.regard.kernel.LossSums;
import ml.regard.kernel.PooledState;
import ml.regard.kernel.PoolingPass;
import ml.regard.kernel.QueryBlock;
import ml.regard.kernel.Terms;
import ml.regard.kernel.TrainingQueries;
import ml.regard.optim.Batch;
import ml.regard.optim.LossRequest;
import org.apache.spark.api.java.JavaRDD;
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
 * task) states of {@link #ROUND_BYTES}. Cost beside the pairs: a reading of the keys within reach a
 * round, another one where queries turn out to be far from every key, and a reading of the rows'
 * own segments to fetch them. Rows of a batch that fit a round are kept for the next question, so a
 * search that stays with its rows reads the files once a step.
 */
final class PartitionedEngine implements Engine {
  static final long ROUND_BYTES = 4L << 20;

  private final JavaSparkContext spark;
  private final KeyFiles files;
  private final JavaRDD<KeyPart> parts;
  private final int aggregationDepth;
  private final long roundBytes;
  private final double tolerance;

  /** The rows that were asked about last, where they fitted one round; null before. */
  private Held held;

  private record Held(Batch batch, LeaveOut leaveOut, TrainingQueries rows) {}

  PartitionedEngine(
      JavaSparkContext spark,
      KeyFiles files,
      JavaRDD<KeyPart> parts,
      int aggregationDepth,
      long roundBytes,
      double tolerance) {
    this.spark = spark;
    this.files = files;
    this.parts = parts;
    this.aggregationDepth = aggregationDepth;
    this.roundBytes = roundBytes;
    this.tolerance = tolerance;
  }

  @Override
  public int dim() {
    return files.dim();
  }

  @Override
  public int numRows() {
    return files.numKeys();
  }

  /**
   * The sums at each candidate.
   *
   * @throws IllegalStateException if folds are left out
   */
  @Override
  public LossSums[] evaluate(LossRequest request) {
    int rowsPerRound = rowsPerRound(request);
    PositionSums sums = noSums(request);
    long from = 0;
    while (from < files.numKeys()) {
      long to = endOfRound(request.batch(), from, rowsPerRound);
      boolean whole = from == 0 && to == files.numKeys();
      TrainingQueries rows = whole ? all(request) : fetch(request, from, to);
      sums.add(rows, pool(rows.block(), request));
      from = to;
    }
    return sums.tree().root();
  }

  /**
   * The sums over some rows at each candidate.
   *
   * @param chunks the rows in ascending order of their positions, a few thousand in each chunk
   */
  LossSums[] evaluate(LossRequest request, List<TrainingQueries> chunks) {
    PositionSums sums = noSums(request);
    TrainingQueries round = new TrainingQueries(files.dim(), request.leaveOut());
    for (TrainingQueries chunk : chunks) {
      if (round.size() > 0 && round.size() + chunk.size() > rowsPerRound(request)) {
        sums.add(round, pool(round.block(), request));
        round = new TrainingQueries(files.dim(), request.leaveOut());
      }
      round.addAll(chunk);
    }
    if (round.size() > 0) {
      sums.add(round, pool(round.block(), request));
    }
    return sums.tree().root();
  }

  /**
   * All rows of the batch, which fit one round; those of the last question where they are these.
   */
  private TrainingQueries all(LossRequest request) {
    if (held == null || !held.batch.same(request.batch()) || held.leaveOut != request.leaveOut()) {
      TrainingQueries rows = fetch(request, 0, files.numKeys());
      held = new Held(request.batch(), request.leaveOut(), rows);
    }
    return held.rows;
  }

  private TrainingQueries fetch(LossRequest request, long from, long to) {
    return fetch(parts, files, request.batch(), request.leaveOut(), from, to);
  }

  private PositionSums noSums(LossRequest request) {
    return new PositionSums(0, files.numBlocks(), files.numBlocks(), request);
  }

  /** The rows of a batch with positions from to to - 1, in ascending order. */
  static TrainingQueries fetch(
      JavaRDD<KeyPart> parts, KeyFiles files, Batch batch, LeaveOut leaveOut, long from, long to) {
    TrainingQueries rows = new TrainingQueries(files.dim(), leaveOut);
    parts
        .map(part -> chosen(part, files, batch, leaveOut, from, to))
        .collect()
        .forEach(rows::addAll);
    return rows;
  }

  /** Forgets the rows of the last question. */
  @Override
  public void close() {
    held = null;
  }

  private int rowsPerRound(LossRequest request) {
    int widths = request.inverseWidths()[0].length;
    int sums =
        switch (request.terms()) {
          case VALUE, SPREAD -> 3;
          case DETAIL -> 4 + 2 * files.dim();
          case WIDTHS -> 3 + 2 * widths;
          case CURVATURE -> 3 + 2 * widths + widths * (widths + 1);
        };
    long bytesPerRow = 8L * (files.dim() + (long) request.inverseWidths().length * sums);
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

  /**
   * The merged state of the queries for each candidate. One more reading of the keys answers for
   * those that turn out to be far from every key, of all candidates together: no sum of a query
   * depends on the queries beside it.
   */
  private PooledState[] pool(QueryBlock queries, LossRequest request) {
    double[][] candidates = request.inverseWidths();
    PooledState[] states = pool(queries, candidates, request.terms(), false);
    int[][] far = Arrays.stream(states).map(PooledState::far).toArray(int[][]::new);
    int[] unsure = IntStream.range(0, far.length).filter(c -> far[c].length > 0).toArray();
    if (unsure.length > 0) {
      int[] asking = Arrays.stream(far).flatMapToInt(Arrays::stream).sorted().distinct().toArray();
      double[][] again =
          Arrays.stream(unsure).mapToObj(c -> candidates[c]).toArray(double[][]::new);
      PooledState[] safe = pool(queries.select(asking), again, request.terms(), true);
      for (int u = 0; u < unsure.length; u++) {
        int[] own = far[unsure[u]];
        int[] among = Arrays.stream(own).map(i -> Arrays.binarySearch(asking, i)).toArray();
        states[unsure[u]].replace(own, safe[u].select(among));
      }
    }
    return states;
  }

  private PooledState[] pool(QueryBlock queries, double[][] candidates, Terms terms, boolean safe) {
    KeyFiles shared = files;
    double moved = tolerance;
    Broadcast<QueryBlock> asking = spark.broadcast(queries);
    try {
      return parts
          .treeAggregate(
              new BlockTree<PooledState>(files.numSegments()),
              (tree, part) -> {
                PoolingPass pass =
                    new PoolingPass(shared, asking.value(), candidates, terms, moved, safe);
                return visit(tree, part, pass);
              },
              BlockTree<PooledState>::merge,
              aggregationDepth)
          .root();
    } finally {
      asking.destroy();
    }
  }

  /** Takes queries past a part of the keys; the states of each segment go into the tree. */
  private static BlockTree<PooledState> visit(
      BlockTree<PooledState> tree, KeyPart part, PoolingPass pass) {
    int segment = part.range().first();
    Iterator<KeyBlock> blocks = part.blocks(pass::needs);
    while (blocks.hasNext()) {
      KeyBlock block = blocks.next();
      for (; segment < KeyRange.segment(block); segment++) {
        close(tree, segment, pass);
      }
      pass.meet(block);
    }
    for (; segment < part.range().end(); segment++) {
      close(tree, segment, pass);
    }
    return tree;
  }

  private static void close(BlockTree<PooledState> tree, int segment, PoolingPass pass) {
    tree.add(segment, pass.states());
    pass.startAnew();
  }

  private static TrainingQueries chosen(
      KeyPart part, KeyFiles files, Batch batch, LeaveOut leaveOut, long from, long to) {
    TrainingQueries rows = new TrainingQueries(files, leaveOut);
    Iterator<KeyBlock> blocks =
        part.blocks(block -> block.firstPosition() < to && block.endPosition() > from);
    while (blocks.hasNext()) {
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
