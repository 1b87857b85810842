package ml.regard.engine;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import ml.regard.DataException;
import ml.regard.kernel.KeyBlock;
import ml.regard.kernel.Keys;
import ml.regard.kernel.LeaveOut;
import ml.regard.kernel.PackedKeys;
import ml.regard.kernel.Terms;
import ml.regard.kernel.TrainingQueries;
import ml.regard.lattice.NodePlan;
import ml.regard.lattice.NodeState;
import ml.regard.optim.Batch;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileUtil;
import org.apache.hadoop.fs.Path;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.util.SerializableConfiguration;

/**
 * Keys that stay in the Parquet files of a {@link KeyTable}, in a folder that driver and executors
 * reach. They are never collected nor broadcast: a fit takes its queries past the ranges of keys
 * ({@link PartitionedEngine}), a transformation reads the keys past the queries of each task.
 * Memory: a row group and a block of keys for each reader.
 */
public final class FileStore implements KeyStore {
  private static final long serialVersionUID = 1;
  private static final int SAMPLE_ROWS = 16 * PackedKeys.BLOCK_SIZE;
  private static final long SAMPLE_SEED = 0;
  private static final long SAMPLE_STEP = -3;

  private final String path;
  private final KeyFiles files;
  private final String engine;

  private FileStore(String path, KeyFiles files, String engine) {
    this.path = path;
    this.files = files;
    this.engine = engine;
  }

  /**
   * Opens a key table that {@link KeyStore#save} wrote, and reads all keys once, on the executors.
   *
   * @param valueCentre the weighted mean of its values
   * @param engine partitioned or lattice
   * @throws ml.regard.DataException if the folder holds no such table, or a part of one
   */
  public static FileStore open(
      SparkSession session, String path, int dim, double valueCentre, String engine) {
    return new FileStore(path, files(session, path, dim, valueCentre), engine);
  }

  private static KeyFiles files(SparkSession session, String path, int dim, double valueCentre) {
    Configuration hadoop = session.sparkContext().hadoopConfiguration();
    return KeyFiles.open(hadoop, path, dim, valueCentre).surveyed(context(session));
  }

  /**
   * Sorts rows over the cluster, writes them as a key table, and opens it.
   *
   * @param rows columns features (array of d), value, weight and id; usable, with positive weights
   * @param engine partitioned or lattice
   */
  public static FileStore write(Dataset<Row> rows, String path, int dim, String engine) {
    SparkSession session = rows.sparkSession();
    KeySort.write(rows, dim, path);
    return new FileStore(path, files(session, path, dim, Double.NaN).centred(), engine);
  }

  @Override
  public String engine() {
    return engine;
  }

  @Override
  public Keys keys() {
    return files;
  }

  /** Whether nodes would answer as many queries as there are keys at less cost than pairs. */
  public boolean latticePays(Answering how) {
    return LatticeAttention.choice(files, how).plan().isPresent();
  }

  /**
   * The nodes of these keys, which answer without them at the given widths.
   *
   * @throws DataException with the numbers, where nodes cannot be had
   */
  public NodeStore compact(JavaSparkContext spark, Answering how) {
    NodePlan plan =
        new LatticeCost(files)
            .nodes(how.inverseWidths(), Terms.VALUE, how.tolerance(), files.numKeys(), true);
    if (plan.declined()) {
      throw notCompact(plan.sentence());
    }
    NodeState state = LatticeSpread.of(LatticeAttention.parts(spark, files), files, plan);
    if (state.overflowed()) {
      throw notCompact(state.sentence());
    }
    return NodeStore.of(state, files);
  }

  private static DataException notCompact(String reason) {
    return new DataException(
        "there is no compact model at the learned widths: %s (without compact the model keeps its keys)"
            .formatted(reason));
  }

  /**
   * With engine lattice it spreads the keys, in one reading of all, where that is worth it and only
   * predictions are wanted.
   */
  @Override
  public Shared share(JavaSparkContext spark, Answering how) {
    KeyFiles shared = files;
    return engine.equals(EngineChoice.LATTICE) && how.terms() == Terms.VALUE
        ? LatticeAttention.share(spark, files, how)
        : () -> shared;
  }

  @Override
  public Engine objective(
      JavaSparkContext spark, int numPartitions, int aggregationDepth, double tolerance) {
    int parts = numPartitions > 0 ? numPartitions : 3 * spark.defaultParallelism();
    return engine.equals(EngineChoice.LATTICE)
        ? new LatticeEngine(spark, files, parts, aggregationDepth, tolerance)
        : new PartitionedEngine(
            spark,
            files,
            KeyPart.inFiles(spark, files, parts),
            aggregationDepth,
            PartitionedEngine.ROUND_BYTES,
            tolerance);
  }

  /**
   * Each task reads the keys in reach past every block of its own.
   *
   * @throws IllegalStateException if folds are left out
   */
  @Override
  public <T> List<T> pass(
      JavaSparkContext spark, Beside further, LeaveOut leaveOut, RowPass<T> pass) {
    KeyFiles shared = files;
    Broadcast<Beside> beside = spark.broadcast(further);
    try {
      return KeyPart.inFiles(spark, files, 3 * spark.defaultParallelism())
          .flatMap(part -> pass(part, new KeysBeside(shared, beside.value()), leaveOut, pass))
          .collect();
    } finally {
      beside.destroy();
    }
  }

  private static <T> Iterator<T> pass(
      KeyPart part, KeysBeside keys, LeaveOut leaveOut, RowPass<T> pass) {
    List<T> blocks = new ArrayList<>();
    Iterator<KeyBlock> asking = keys.beside(part.blocks());
    while (asking.hasNext()) {
      KeyBlock block = asking.next();
      TrainingQueries rows = new TrainingQueries(keys, leaveOut);
      for (int j = 0; j < block.size(); j++) {
        rows.add(block, j);
      }
      blocks.add(pass.of(keys, rows));
    }
    return blocks.iterator();
  }

  /** These: folds need the broadcast engine. */
  @Override
  public KeyStore withoutFolds() {
    return this;
  }

  /** All keys, or about 16,384 of them, chosen by a hash of their positions. */
  @Override
  public PackedKeys sample(JavaSparkContext spark) {
    double share = (double) SAMPLE_ROWS / files.numKeys();
    Batch batch = share < 1 ? Batch.of(share, SAMPLE_SEED, SAMPLE_STEP) : Batch.all();
    JavaRDD<KeyPart> parts = KeyPart.inFiles(spark, files, 3 * spark.defaultParallelism());
    return PartitionedEngine.fetch(parts, files, batch, LeaveOut.ROW, 0, files.numKeys()).pack();
  }

  @Override
  public Dataset<Row> table(SparkSession session) {
    return session.read().schema(KeyTable.SCHEMA).parquet(path);
  }

  /** Copies the files, on the executors. */
  @Override
  public void save(SparkSession session, String target) {
    Configuration hadoop = session.sparkContext().hadoopConfiguration();
    SerializableConfiguration shared = new SerializableConfiguration(hadoop);
    try {
      Path folder = new Path(path);
      Path to = new Path(target);
      List<String> names = new ArrayList<>();
      for (FileStatus file : folder.getFileSystem(hadoop).listStatus(folder)) {
        if (file.getPath().getName().endsWith(".parquet")) {
          names.add(file.getPath().toString());
        }
      }
      to.getFileSystem(hadoop).mkdirs(to);
      context(session)
          .parallelize(names, Math.max(1, names.size()))
          .foreach(name -> copy(shared.value(), name, target));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static JavaSparkContext context(SparkSession session) {
    return JavaSparkContext.fromSparkContext(session.sparkContext());
  }

  private static void copy(Configuration hadoop, String from, String folder) throws IOException {
    Path source = new Path(from);
    Path target = new Path(folder, source.getName());
    FileUtil.copy(
        source.getFileSystem(hadoop),
        source,
        target.getFileSystem(hadoop),
        target,
        false,
        true,
        hadoop);
  }
}
