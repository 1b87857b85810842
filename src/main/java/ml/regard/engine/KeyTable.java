package ml.regard.engine;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import ml.regard.kernel.KeyBlock;
import ml.regard.kernel.PackedKeys;
import ml.regard.kernel.SpaceOrder;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.api.java.UDF1;
import org.apache.spark.sql.functions;
import org.apache.spark.sql.types.DataTypes;
import scala.Tuple2;
import scala.collection.Seq;

/**
 * Keys in canonical order as a table: position (long), features (array of double), value and weight
 * (double). In its Parquet files positions are consecutive, and row groups are small, so that a
 * task reads its part with little memory.
 */
final class KeyTable {
  private static final int ROW_GROUP_BYTES = 16 << 20;
  private static final int PARTITION_BYTES = 64 << 20;
  private static final String[] COLUMNS = {"position", "features", "value", "weight"};

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

  /**
   * The table of rows in any order: sorted over the cluster by (place on the curve of {@link
   * SpaceOrder}, features, value, weight), which is the canonical order, and numbered in it.
   * Nothing passes through the driver but the walls of the curve's grid, for which each of its
   * features is sorted by itself.
   *
   * @param rows columns features (array of dim), value and weight of usable rows with positive
   *     weight
   */
  static Dataset<Row> sorted(Dataset<Row> rows, int dim) {
    SpaceOrder order = new SpaceOrder(walls(rows, dim));
    UDF1<Seq<Double>, Long> code = key -> order.code(doubles(key));
    // Until it is numbered, a row has its place on the curve for a position.
    JavaRDD<KeyRow> sorted =
        rows.select(
                functions.udf(code, DataTypes.LongType).apply(rows.col("features")).as("position"),
                rows.col("features"),
                rows.col("value"),
                rows.col("weight"))
            .orderBy("position", "features", "value", "weight")
            .as(Encoders.bean(KeyRow.class))
            .toJavaRDD();
    return of(
        rows.sparkSession(),
        sorted
            .zipWithIndex()
            .map(
                numbered -> {
                  numbered._1().setPosition(numbered._2());
                  return numbered._1();
                }));
  }

  private static double[][] walls(Dataset<Row> rows, int dim) {
    double[][] walls = new double[dim > SpaceOrder.MAX_FEATURES ? 0 : dim][];
    long count = walls.length == 0 ? 0 : rows.count();
    long[] ranks = SpaceOrder.ranks(count);
    for (int f = 0; f < walls.length; f++) {
      Column feature = functions.element_at(rows.col("features"), f + 1).as("feature");
      Map<Long, Double> found =
          rows.select(feature)
              .orderBy("feature")
              .toJavaRDD()
              .zipWithIndex()
              .filter(ranked -> Arrays.binarySearch(ranks, ranked._2()) >= 0)
              .mapToPair(ranked -> new Tuple2<>(ranked._2(), ranked._1().getDouble(0)))
              .collectAsMap();
      walls[f] = Arrays.stream(ranks).mapToDouble(found::get).toArray();
    }
    return walls;
  }

  private static double[] doubles(Seq<Double> key) {
    double[] point = new double[key.length()];
    for (int f = 0; f < point.length; f++) {
      point[f] = key.apply(f);
    }
    return point;
  }

  /** Writes a table that is in canonical order. */
  static void write(Dataset<Row> table, String path) {
    table.write().option("parquet.block.size", ROW_GROUP_BYTES).parquet(path);
  }

  private static Dataset<Row> of(SparkSession session, JavaRDD<KeyRow> rows) {
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
      rows.add(row);
    }
    return rows.iterator();
  }
}
