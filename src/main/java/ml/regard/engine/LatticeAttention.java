package ml.regard.engine;

import java.util.stream.IntStream;
import ml.regard.kernel.Keys;
import ml.regard.kernel.QueryBlock;
import ml.regard.kernel.Terms;
import ml.regard.lattice.NodeAnswers;
import ml.regard.lattice.NodeState;
import ml.regard.lattice.NodeSums;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.util.LongAccumulator;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Predictions from a broadcast lattice; queries whose bound exceeds the tolerance are answered from
 * the blocks of keys within their reach.
 */
final class LatticeAttention implements KeyStore.Shared {
  private static final long serialVersionUID = 1;
  private static final Logger LOG = LoggerFactory.getLogger(LatticeAttention.class);

  private final KeyFiles files;
  private final Broadcast<NodeSums> lattice;
  private final LongAccumulator handedOver;

  private LatticeAttention(
      KeyFiles files, Broadcast<NodeSums> lattice, LongAccumulator handedOver) {
    this.files = files;
    this.lattice = lattice;
    this.handedOver = handedOver;
  }

  /** Spreads the keys for about as many queries as keys; exact sums where the lattice declines. */
  static KeyStore.Shared share(JavaSparkContext spark, KeyFiles files, KeyStore.Answering how) {
    LatticeCost.Choice choice = choice(files, how);
    LOG.info("{}", choice.sentence());
    if (choice.plan().isEmpty()) {
      return () -> files;
    }
    NodeState state = LatticeSpread.of(parts(spark, files), files, choice.plan().get());
    LOG.info("{}", state.sentence());
    return state.overflowed() ? () -> files : shared(spark, files, state.sums());
  }

  static JavaRDD<KeyPart> parts(JavaSparkContext spark, KeyFiles files) {
    return KeyPart.inFiles(spark, files, 3 * spark.defaultParallelism());
  }

  /** What is cheapest for about as many queries as keys. */
  static LatticeCost.Choice choice(KeyFiles files, KeyStore.Answering how) {
    return new LatticeCost(files)
        .choose(how.inverseWidths(), Terms.VALUE, how.tolerance(), files.numKeys(), true);
  }

  private static KeyStore.Shared shared(JavaSparkContext spark, KeyFiles files, NodeSums sums) {
    LongAccumulator handedOver = spark.sc().longAccumulator("regard: handed over to exact sums");
    return new LatticeAttention(files, spark.broadcast(sums), handedOver);
  }

  @Override
  public Keys keys() {
    return files;
  }

  @Override
  public KeyStore.Answers predict(QueryBlock queries, KeyStore.Answering how) {
    NodeAnswers answers = ask(lattice.value(), queries);
    KeyStore.Answers all = certain(answers, queries.size());
    int[] others =
        IntStream.range(0, queries.size()).filter(i -> !answers.certified(i, 0, 0)).toArray();
    if (others.length > 0) {
      handedOver.add(others.length);
      all.replace(others, KeyStore.Shared.super.predict(queries.select(others), how));
    }
    return all;
  }

  /** Asks nodes for a block of queries that leave nothing out. */
  static NodeAnswers ask(NodeSums nodes, QueryBlock queries) {
    int columns = queries.dim() + 3;
    double[] rows = new double[queries.size() * columns];
    for (int i = 0; i < queries.size(); i++) {
      System.arraycopy(queries.query(i), 0, rows, i * columns, queries.dim());
    }
    return nodes.answers(rows);
  }

  /** The answers with what is certain about them. */
  static KeyStore.Answers certain(NodeAnswers answers, int size) {
    double[] bounds = new double[size];
    for (int i = 0; i < size; i++) {
      bounds[i] = answers.errorBound(i);
    }
    return new KeyStore.Answers(answers.state(), bounds);
  }
}
