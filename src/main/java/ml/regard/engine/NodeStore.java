package ml.regard.engine;

import java.io.Serializable;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import ml.regard.DataException;
import ml.regard.kernel.KeyBlock;
import ml.regard.kernel.Keys;
import ml.regard.kernel.LeaveOut;
import ml.regard.kernel.PackedKeys;
import ml.regard.kernel.QueryBlock;
import ml.regard.lattice.NodeRow;
import ml.regard.lattice.NodeState;
import ml.regard.lattice.NodeSums;
import ml.regard.lattice.NodeTable;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;

/**
 * The nodes that stand in for keys that are not there: they answer at the widths they were made for
 * and no others, each answer with its bound. A query that no node is certain about has no answer.
 *
 * <p>What is held are the sums at nodes before the convolution ({@link NodeState}), a few numbers
 * each; the rest is formed when the first query comes, on the driver, and broadcast. The file is a
 * table of {@link NodeRow}s: kind, number, numbers (array).
 */
public final class NodeStore implements KeyStore {
  private static final long serialVersionUID = 1;
  private static final int ROWS_PER_FILE = 512;
  private static final StructType SCHEMA =
      new StructType()
          .add("kind", DataTypes.StringType, false)
          .add("number", DataTypes.LongType, false)
          .add("numbers", DataTypes.createArrayType(DataTypes.DoubleType, false), false);

  private final NodeState state;
  private final double[] inverseWidths;
  private final double tolerance;
  private final KeyCount keys;
  private transient NodeSums sums;

  private NodeStore(NodeState state, List<NodeRow> rows, KeyCount keys) {
    this.state = state;
    this.inverseWidths = NodeTable.inverseWidths(rows);
    this.tolerance = NodeTable.tolerance(rows);
    this.keys = keys;
  }

  /** The nodes of keys. */
  static NodeStore of(NodeState state, Keys keys) {
    List<NodeRow> rows = state.rows();
    return new NodeStore(
        state, rows, new KeyCount(keys.dim(), keys.numKeys(), keys.valueCentre(), hash(rows)));
  }

  /**
   * Opens a table that {@link #save} wrote.
   *
   * @param numKeys of the keys that the nodes stand in for
   * @param valueCentre the weighted mean of their values
   * @throws DataException if the folder holds no such table, or a part of one
   */
  public static NodeStore open(
      SparkSession session, String path, int dim, int numKeys, double valueCentre) {
    try {
      List<NodeRow> rows =
          session.read().schema(SCHEMA).parquet(path).toJavaRDD().map(NodeStore::row).collect();
      NodeState state = NodeTable.state(rows);
      return new NodeStore(state, rows, new KeyCount(dim, numKeys, valueCentre, hash(rows)));
    } catch (Exception e) { // also the checked ones that Scala does not declare
      throw new DataException("the nodes of the model at %s cannot be read".formatted(path), e);
    }
  }

  private static NodeRow row(Row row) {
    double[] numbers = row.<Double>getList(2).stream().mapToDouble(Double::doubleValue).toArray();
    return new NodeRow(row.getString(0), row.getLong(1), numbers);
  }

  private static long hash(List<NodeRow> rows) {
    return rows.stream().mapToLong(NodeRow::contentHash).sum();
  }

  @Override
  public String engine() {
    return EngineChoice.LATTICE;
  }

  /** How many there were, and no more. */
  @Override
  public Keys keys() {
    return keys;
  }

  @Override
  public boolean hasKeys() {
    return false;
  }

  private synchronized NodeSums sums() {
    if (sums == null) {
      sums = state.sums();
    }
    return sums;
  }

  @Override
  public double pooled(double[] query, double[] inverseWidths) {
    requireWidths(inverseWidths);
    QueryBlock queries = QueryBlock.of(keys.dim(), new double[][] {query});
    return LatticeAttention.certain(LatticeAttention.ask(sums(), queries), 1).pooled(0);
  }

  /**
   * Broadcasts the sums at the nodes.
   *
   * @throws DataException if other widths are asked for, or a finer tolerance
   */
  @Override
  public Shared share(JavaSparkContext spark, Answering how) {
    requireWidths(how.inverseWidths());
    if (how.tolerance() < tolerance) {
      throw new DataException(
          "the compact model was made for answerTolerance %s, and not for %s: only a model with its keys can do better"
              .formatted(tolerance, how.tolerance()));
    }
    return new OnNodes(keys, spark.broadcast(sums()));
  }

  private void requireWidths(double[] asked) {
    if (!Arrays.equals(asked, inverseWidths)) {
      throw new DataException(
          "the compact model was made for the inverse widths %s, and not for %s: only a model with its keys has others"
              .formatted(Arrays.toString(inverseWidths), Arrays.toString(asked)));
    }
  }

  /** The nodes as a task gets them. */
  private static final class OnNodes implements Shared {
    private static final long serialVersionUID = 1;

    private final KeyCount keys;
    private final Broadcast<NodeSums> nodes;

    OnNodes(KeyCount keys, Broadcast<NodeSums> nodes) {
      this.keys = keys;
      this.nodes = nodes;
    }

    @Override
    public Keys keys() {
      return keys;
    }

    @Override
    public Answers predict(QueryBlock queries, Answering how) {
      return LatticeAttention.certain(LatticeAttention.ask(nodes.value(), queries), queries.size());
    }
  }

  @Override
  public Engine objective(
      JavaSparkContext spark, int numPartitions, int aggregationDepth, double tolerance) {
    throw keyless("leave-one-out sums");
  }

  @Override
  public <T> List<T> pass(
      JavaSparkContext spark, Beside further, LeaveOut leaveOut, RowPass<T> pass) {
    throw keyless("rows that ask");
  }

  @Override
  public KeyStore withoutFolds() {
    return this;
  }

  @Override
  public PackedKeys sample(JavaSparkContext spark) {
    throw keyless("a sample of them");
  }

  @Override
  public Dataset<Row> table(SparkSession session) {
    throw keyless("a table of them");
  }

  private static DataException keyless(String what) {
    return new DataException("a compact model has no keys, and so not " + what);
  }

  @Override
  public void save(SparkSession session, String path) {
    JavaSparkContext spark = JavaSparkContext.fromSparkContext(session.sparkContext());
    List<NodeRow> rows = state.rows();
    JavaRDD<Row> cells =
        spark
            .parallelize(rows, 1 + rows.size() / ROWS_PER_FILE)
            .map(row -> RowFactory.create(row.kind(), row.number(), row.numbers()));
    session.createDataFrame(cells, SCHEMA).write().parquet(path);
  }

  /** What is known of keys that are not there. */
  private static final class KeyCount implements Keys, Serializable {
    private static final long serialVersionUID = 1;

    private final int dim;
    private final int numKeys;
    private final double valueCentre;
    private final long contentHash;

    KeyCount(int dim, int numKeys, double valueCentre, long contentHash) {
      this.dim = dim;
      this.numKeys = numKeys;
      this.valueCentre = valueCentre;
      this.contentHash = contentHash;
    }

    @Override
    public int dim() {
      return dim;
    }

    @Override
    public int numKeys() {
      return numKeys;
    }

    @Override
    public double valueCentre() {
      return valueCentre;
    }

    @Override
    public long contentHash() {
      return contentHash;
    }

    @Override
    public Iterator<KeyBlock> blocks() {
      throw keyless("their blocks");
    }
  }
}
