package ml.regard.ml;

import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import ml.regard.engine.EngineChoice;
import ml.regard.engine.FileStore;
import ml.regard.engine.KeyStore;
import ml.regard.engine.MemoryStore;
import ml.regard.engine.Widths;
import ml.regard.kernel.AttentionPooling;
import ml.regard.kernel.KeyPacker;
import ml.regard.kernel.PackedKeys;
import org.apache.spark.ml.linalg.SQLDataTypes;
import org.apache.spark.ml.linalg.Vector;
import org.apache.spark.ml.linalg.Vectors;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.StructType;

/**
 * How fast {@code transform} answers: random queries against random keys, uniform on the unit cube,
 * with values sin(6 sum of the features). All queries are scored once to warm up and once by the
 * clock; the queries wait in memory, and predictions are thrown away. 100 of the answers are
 * checked against {@link AttentionPooling#reference}.
 *
 * @param seconds of the timed run
 * @param pairsPerSecond n m / seconds, the pairs of n keys and m queries over all cores: those that
 *     are passed over count too
 * @param maxError largest difference from the exact sums
 */
public record Throughput(double seconds, double pairsPerSecond, double maxError) {
  private static final int CHECKED = 100;

  /**
   * What is measured.
   *
   * @param engine broadcast, or partitioned for keys in files (which then lie in the checkpoint
   *     directory of the SparkContext, or in local mode among the temporary files)
   * @param width of each feature; keys and queries are uniform on the unit cube
   * @param answerTolerance by how much keys that are passed over may move an answer
   * @param precision float64 or float32
   */
  public record Load(
      String engine,
      int numKeys,
      int numQueries,
      int dim,
      double width,
      double answerTolerance,
      String precision,
      long seed) {}

  /** Measures on the session's cores. */
  public static Throughput measure(SparkSession spark, Load load) {
    int dim = load.dim;
    SplittableRandom random = new SplittableRandom(load.seed);
    KeyPacker packer = new KeyPacker(dim);
    for (int j = 0; j < load.numKeys; j++) {
      double[] key = random.doubles(dim).toArray();
      packer.add(key, StrictMath.sin(6 * java.util.Arrays.stream(key).sum()), 1);
    }
    PackedKeys keys = packer.pack();
    double[] inverseWidths = new double[dim];
    java.util.Arrays.fill(inverseWidths, 1 / load.width);
    List<Row> rows =
        IntStream.range(0, load.numQueries)
            .mapToObj(i -> RowFactory.create(Vectors.dense(random.doubles(dim).toArray())))
            .toList();
    Dataset<Row> queries =
        spark
            .createDataFrame(rows, new StructType().add("features", SQLDataTypes.VectorType()))
            .repartition(3 * spark.sparkContext().defaultParallelism())
            .cache();
    StagingFolder files =
        load.engine.equals(EngineChoice.BROADCAST)
            ? null
            : StagingFolder.of(spark.sparkContext(), "");
    try {
      KeyStore store = store(spark, keys, load.engine, files);
      KernelRegressionModel model =
          new KernelRegressionModel("throughput", store, Widths.shared(inverseWidths))
              .setAnswerTolerance(load.answerTolerance)
              .setPrecision(load.precision);
      run(model, queries);
      long started = System.nanoTime();
      run(model, queries);
      double seconds = (System.nanoTime() - started) / 1e9;
      double pairs = (double) load.numKeys * load.numQueries;
      return new Throughput(seconds, pairs / seconds, maxError(model, keys, queries));
    } finally {
      queries.unpersist();
      if (files != null) {
        files.delete();
      }
    }
  }

  private static KeyStore store(
      SparkSession spark, PackedKeys keys, String engine, StagingFolder files) {
    MemoryStore memory = new MemoryStore(keys);
    if (files == null) {
      return memory;
    }
    memory.save(spark, files.path("keys"));
    return FileStore.open(spark, files.path("keys"), keys.dim(), keys.valueCentre(), engine);
  }

  private static void run(KernelRegressionModel model, Dataset<Row> queries) {
    model.transform(queries).write().format("noop").mode("overwrite").save();
  }

  private static double maxError(
      KernelRegressionModel model, PackedKeys keys, Dataset<Row> queries) {
    double max = 0;
    for (Row row : model.transform(queries.limit(CHECKED)).collectAsList()) {
      Vector query = row.getAs(0);
      double exact = AttentionPooling.reference(keys, query.toArray(), model.learnedWidths().of(0));
      max = Math.max(max, Math.abs(row.getDouble(1) - exact));
    }
    return max;
  }
}
