package ml.regard.ml;

import java.util.Iterator;
import java.util.List;
import java.util.stream.IntStream;
import ml.regard.kernel.PackedKeys;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;

/** Packed keys as a table, made on the executors from a broadcast, about 64 MB a partition. */
final class KeyTable {
  static final StructType SCHEMA =
      new StructType()
          .add("position", DataTypes.LongType, false)
          .add("features", DataTypes.createArrayType(DataTypes.DoubleType, false), false)
          .add("value", DataTypes.DoubleType, false)
          .add("weight", DataTypes.DoubleType, false);

  private KeyTable() {}

  /** The table; Spark's cleaner releases the broadcast when nobody refers to the table. */
  static Dataset<Row> of(SparkSession session, PackedKeys keys) {
    return of(session, keys, broadcast(session, keys));
  }

  /** Writes the table as Parquet and releases the broadcast. */
  static void write(SparkSession session, PackedKeys keys, String path) {
    Broadcast<PackedKeys> shared = broadcast(session, keys);
    try {
      of(session, keys, shared).write().parquet(path);
    } finally {
      shared.destroy();
    }
  }

  private static Broadcast<PackedKeys> broadcast(SparkSession session, PackedKeys keys) {
    return JavaSparkContext.fromSparkContext(session.sparkContext()).broadcast(keys);
  }

  private static Dataset<Row> of(
      SparkSession session, PackedKeys keys, Broadcast<PackedKeys> shared) {
    JavaSparkContext spark = JavaSparkContext.fromSparkContext(session.sparkContext());
    long bytes = 8L * (keys.dim() + 3) * keys.numKeys();
    int partitions = (int) Math.max(1, Math.min(keys.numBlocks(), bytes >> 26));
    List<Integer> blocks = IntStream.range(0, keys.numBlocks()).boxed().toList();
    JavaRDD<Row> rows =
        spark.parallelize(blocks, partitions).flatMap(block -> rowsOf(shared.value(), block));
    return session.createDataFrame(rows, SCHEMA);
  }

  private static Iterator<Row> rowsOf(PackedKeys keys, int block) {
    int first = block * PackedKeys.BLOCK_SIZE;
    int last = Math.min(first + PackedKeys.BLOCK_SIZE, keys.numKeys());
    return IntStream.range(first, last).mapToObj(position -> row(keys, position)).iterator();
  }

  private static Row row(PackedKeys keys, int position) {
    Object[] features =
        IntStream.range(0, keys.dim()).mapToObj(f -> keys.feature(position, f)).toArray();
    return RowFactory.create(
        (long) position, features, keys.value(position), keys.weight(position));
  }
}
