package ml.regard.engine;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import ml.regard.kernel.KeyBlock;
import ml.regard.kernel.PackedKeys;
import ml.regard.kernel.RowTags;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;

/**
 * Keys in canonical order as a table: position (long), features (array of double), value and weight
 * (double), and id (string), null where the user gave none; and where keys are masked group
 * (string) and time (long). In its Parquet files positions are consecutive, and row groups are
 * small, so that a task reads its part with little memory.
 */
final class KeyTable {
  private static final int ROW_GROUP_BYTES = 16 << 20;
  private static final int PARTITION_BYTES = 64 << 20;
  private static final String[] COLUMNS = {"position", "features", "value", "weight", "id"};

  private static final String[] MASKED = {"`group`", "time"};

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
    JavaRDD<MaskedKeyRow> rows =
        JavaSparkContext.fromSparkContext(session.sparkContext())
            .parallelize(blocks, partitions)
            .flatMap(block -> rowsOf(shared.value(), shared.value().block(block)));
    Dataset<MaskedKeyRow> table =
        session.createDataset(rows.rdd(), Encoders.bean(MaskedKeyRow.class));
    Stream<String> masked = Stream.of(keys.mask().masks() ? MASKED : new String[0]);
    return table.selectExpr(Stream.concat(Stream.of(COLUMNS), masked).toArray(String[]::new));
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

  private static Iterator<MaskedKeyRow> rowsOf(PackedKeys keys, KeyBlock block) {
    List<MaskedKeyRow> rows = new ArrayList<>(block.size());
    for (int j = 0; j < block.size(); j++) {
      MaskedKeyRow row = new MaskedKeyRow();
      row.setPosition((long) block.firstPosition() + j);
      row.setFeatures(block.key(j));
      row.setValue(block.value(j));
      row.setWeight(block.weight(j));
      RowTags tags = keys.mask().tags(block.firstPosition() + j, block.id(j));
      row.setId(tags.id());
      row.setGroup(tags.group());
      row.setTime(tags.time());
      rows.add(row);
    }
    return rows.iterator();
  }
}
