package ml.regard.engine;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.stream.IntStream;
import ml.regard.kernel.KeyBlock;
import ml.regard.kernel.PackedKeys;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;

/**
 * Keys in canonical order as a table: position (long), features (array of double), value and weight
 * (double), and id (string), null where the user gave none. In its Parquet files positions are
 * consecutive, and row groups are small, so that a task reads its part with little memory.
 */
final class KeyTable {
  private static final int ROW_GROUP_BYTES = 16 << 20;
  private static final int PARTITION_BYTES = 64 << 20;
  private static final String[] COLUMNS = {"position", "features", "value", "weight", "id"};

  /** For files of an older model too, which have no id. */
  static final String SCHEMA =
      "position BIGINT, features ARRAY<DOUBLE>, value DOUBLE, weight DOUBLE, id STRING";

  private KeyTable() {}

  /** The table of broadcast keys, made on the executors, about 64 MB a partition. */
  static Dataset<Row> of(SparkSession session, Broadcast<PackedKeys> shared) {
    PackedKeys keys = shared.value();
    int partitions =
        (int) Math.max(1, Math.min(keys.numBlocks(), KeyMemory.bytes(keys) / PARTITION_BYTES));
    List<Integer> blocks = IntStream.range(0, keys.numBlocks()).boxed().toList();
    return of(
        session,
        JavaSparkContext.fromSparkContext(session.sparkContext())
            .parallelize(blocks, partitions)
            .flatMap(block -> rowsOf(shared.value().block(block))));
  }

  /** In how many parts so many rows are sorted: about 64 MB each, or one for each core. */
  static int partitions(int cores, double rows, int dim) {
    double parts = Math.max(rows * rowBytes(dim) / PARTITION_BYTES, cores);
    return (int) Math.max(1, Math.min(parts, rows / KeyFiles.SEGMENT_SIZE));
  }

  /** A position, the features, a value and a weight; ids come on top. */
  static int rowBytes(int dim) {
    return Math.multiplyExact(Double.BYTES, dim + 3);
  }

  /** Writes a table that is in canonical order. */
  static void write(Dataset<Row> table, String path) {
    table.write().option("parquet.block.size", ROW_GROUP_BYTES).parquet(path);
  }

  static Dataset<Row> of(SparkSession session, JavaRDD<KeyRow> rows) {
    return session.createDataset(rows.rdd(), Encoders.bean(KeyRow.class)).selectExpr(COLUMNS);
  }

  private static Iterator<KeyRow> rowsOf(KeyBlock block) {
    List<KeyRow> rows = new ArrayList<>(block.size());
    for (int j = 0; j < block.size(); j++) {
      KeyRow row = new KeyRow();
      row.setPosition((long) block.firstPosition() + j);
      row.setFeatures(block.key(j));
      row.setValue(block.value(j));
      row.setWeight(block.weight(j));
      row.setId(block.id(j));
      rows.add(row);
    }
    return rows.iterator();
  }
}
