package ml.regard.engine;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.stream.IntStream;
import ml.regard.kernel.LossSums;
import ml.regard.kernel.TrainingQueries;
import ml.regard.lattice.LatticePlan;
import ml.regard.lattice.NodePlan;
import ml.regard.lattice.NodeState;
import ml.regard.lattice.NodeSums;
import ml.regard.optim.LossRequest;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The leave-one-out objective by sums on a lattice: pairs are formed for a few rows only.
 *
 * <p>An evaluation at one candidate spreads the keys of each range to the nodes, adds these partial
 * lattices along the {@link BlockTree}, convolves the whole on the driver, broadcasts the sums at
 * the nodes, and has every range interpolate its own rows. Rows whose bound exceeds the tolerance
 * are <em>handed over</em> to exact sums over the blocks within reach. Candidates whose lattice
 * declines, or costs more than the pairs, are exact altogether.
 *
 * <p>The search of a fit runs at {@link #SEARCH_TOLERANCE}, its last questions at the tolerance
 * given. Keys are neither collected nor broadcast: each range of them is cached where it was read.
 * Memory: 8 d + 36 bytes a key over all executors, which Spark moves to disk where they do not fit,
 * and {@link LatticePlan#bytes()} on the driver, where what lies on a grid of values stays for the
 * next widths. Neither the number of tasks nor what is cached changes a bit.
 */
final class LatticeEngine implements Engine {
  static final double SEARCH_TOLERANCE = 1e-6;
  private static final Logger LOG = LoggerFactory.getLogger(LatticeEngine.class);

  private final JavaSparkContext spark;
  private final KeyFiles files;
  private final LatticeCost cost;
  private final PartitionedEngine exact;
  private final double tolerance;
  private final JavaRDD<KeyPart> parts;

  /** What stays on its nodes whatever the widths; null before there is such a state. */
  private NodeState spread;

  private long rows;
  private long handedOver;

  LatticeEngine(
      JavaSparkContext spark,
      KeyFiles files,
      int numParts,
      int aggregationDepth,
      double tolerance) {
    this.spark = spark;
    this.files = files;
    this.tolerance = tolerance;
    parts = KeyPart.kept(spark, files, numParts);
    exact =
        new PartitionedEngine(
            spark, files, parts, aggregationDepth, PartitionedEngine.ROUND_BYTES, tolerance);
    cost = new LatticeCost(files);
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
  public boolean isCoarse() {
    return tolerance < SEARCH_TOLERANCE;
  }

  @Override
  public OptionalDouble handedOver() {
    return rows > 0 ? OptionalDouble.of((double) handedOver / rows) : OptionalDouble.empty();
  }

  @Override
  public void close() {
    exact.close();
    parts.unpersist(false);
  }

  /**
   * The sums at each candidate.
   *
   * @throws IllegalStateException if folds are left out
   */
  @Override
  public LossSums[] evaluate(LossRequest request) {
    long started = System.nanoTime();
    rows = 0;
    handedOver = 0;
    double[][] candidates = request.inverseWidths();
    List<Optional<NodePlan>> plans = Arrays.stream(candidates).map(w -> plan(w, request)).toList();
    int[] dear = IntStream.range(0, plans.size()).filter(c -> plans.get(c).isEmpty()).toArray();
    LossSums[] sums = new LossSums[candidates.length];
    if (dear.length > 0) {
      double[][] left = Arrays.stream(dear).mapToObj(c -> candidates[c]).toArray(double[][]::new);
      LossSums[] found = exact.evaluate(request.at(left));
      for (int i = 0; i < dear.length; i++) {
        sums[dear[i]] = found[i];
      }
    }
    for (int c = 0; c < sums.length; c++) {
      if (sums[c] == null) {
        LossRequest one = request.at(new double[][] {candidates[c]});
        sums[c] = evaluate(plans.get(c).orElseThrow(), one);
      }
    }
    LOG.debug("{}: {} s", request, (System.nanoTime() - started) / 1e9);
    return sums;
  }

  private Optional<NodePlan> plan(double[] inverseWidths, LossRequest request) {
    double within = request.fine() ? tolerance : Math.max(tolerance, SEARCH_TOLERANCE);
    double asking = request.batch().fraction() * files.numKeys();
    LatticeCost.Choice choice = cost.choose(inverseWidths, request.terms(), within, asking, false);
    LOG.debug("{}", choice.sentence());
    return choice.plan();
  }

  private LossSums evaluate(NodePlan plan, LossRequest request) {
    NodeState state =
        Optional.ofNullable(spread)
            .flatMap(plan::again)
            .orElseGet(() -> LatticeSpread.of(parts, files, plan));
    spread = state.fixed() ? state : spread;
    if (state.overflowed()) {
      LOG.debug("{}", state.sentence());
      return exact.evaluate(request)[0];
    }
    Broadcast<NodeSums> nodes = spark.broadcast(state.sums());
    List<LatticeRows> answered;
    try {
      KeyFiles all = files;
      answered =
          parts.map(part -> LatticeRows.answered(part, all, nodes.value(), request)).collect();
    } finally {
      nodes.destroy();
    }
    BlockTree<LossSums> tree = new BlockTree<>(files.numBlocks());
    List<TrainingQueries> handed = new ArrayList<>();
    for (LatticeRows part : answered) {
      tree.merge(part.certified());
      handed.addAll(part.handedOver());
      rows += part.rows();
    }
    long others = handed.stream().mapToLong(TrainingQueries::size).sum();
    LOG.debug("{} rows are handed over", others);
    handedOver += others;
    return tree.root()[0].merge(exact.evaluate(request, handed)[0]);
  }
}
