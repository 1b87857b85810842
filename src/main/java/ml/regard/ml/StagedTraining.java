package ml.regard.ml;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.count;
import static org.apache.spark.sql.functions.count_if;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.max;
import static org.apache.spark.sql.functions.min;
import static org.apache.spark.sql.functions.size;
import static org.apache.spark.sql.functions.when;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import ml.regard.engine.EngineChoice;
import ml.regard.engine.FileStore;
import ml.regard.engine.KeyRow;
import ml.regard.engine.PairTasks;
import ml.regard.kernel.RowChunk;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.function.FilterFunction;
import org.apache.spark.api.java.function.MapFunction;
import org.apache.spark.ml.linalg.Vector;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import scala.Tuple2;

/**
 * Training rows written to a {@link StagingFolder}, where all that follows reads them: the source
 * is read once, so it may answer in another order when it is read again. Rows are counted from
 * these files, sorted and numbered over the cluster, and written as a key table.
 */
final class StagedTraining {
  private static final String PROBLEM = "problem";
  private static final String SIZE = "size";
  private static final String ROWS = "rows";
  private static final String KEYS = "keys";
  private static final String HELD_OUT = "heldOut";

  private StagedTraining() {}

  static TrainingRows read(Dataset<Row> table, EngineChoice choice, KernelRegressionParams params) {
    StagingFolder folder =
        StagingFolder.of(table.sparkSession().sparkContext(), params.getStagingDir());
    try {
      checked(table).write().parquet(folder.path(ROWS));
      TrainingRows rows =
          staged(table.sparkSession().read().parquet(folder.path(ROWS)), folder, choice, params);
      folder.delete(ROWS);
      return rows;
    } catch (RuntimeException | Error e) {
      folder.delete();
      throw e;
    }
  }

  /** The rows, or what is wrong with them. */
  private static Dataset<Row> checked(Dataset<Row> table) {
    MapFunction<Row, Tuple2<KeyRow, String>> check = StagedTraining::checked;
    return table
        .select(TrainingRows.FEATURES, TrainingRows.VALUE, TrainingRows.WEIGHT, TrainingRows.ID)
        .map(check, Encoders.tuple(Encoders.bean(KeyRow.class), Encoders.STRING()))
        .select(
            col("_1.features").as(TrainingRows.FEATURES),
            col("_1.value").as(TrainingRows.VALUE),
            col("_1.weight").as(TrainingRows.WEIGHT),
            col("_1.id").as(TrainingRows.ID),
            size(col("_1.features")).as(SIZE),
            col("_2").as(PROBLEM));
  }

  /** -0.0 becomes 0.0, so that equal rows have equal bits. */
  private static Tuple2<KeyRow, String> checked(Row row) {
    Vector features = row.getAs(0);
    Double value = row.getAs(1);
    Double weight = row.getAs(2);
    String problem = TrainingRows.problem(features, value, weight);
    KeyRow key = new KeyRow();
    key.setFeatures(new double[0]);
    if (problem == null) {
      key.setFeatures(Arrays.stream(features.toArray()).map(x -> x + 0.0).toArray());
      key.setValue(value + 0.0);
      key.setWeight(weight);
      key.setId(row.getAs(3));
    }
    return new Tuple2<>(key, problem);
  }

  private static TrainingRows staged(
      Dataset<Row> rows, StagingFolder folder, EngineChoice choice, KernelRegressionParams params) {
    Column usable = col(PROBLEM).isNull();
    Column dims = when(usable, col(SIZE));
    Row counts =
        rows.agg(
                count(lit(1)),
                count(col(PROBLEM)),
                min(col(PROBLEM)),
                count_if(usable.and(col(TrainingRows.WEIGHT).equalTo(0))),
                min(dims),
                max(dims))
            .head();
    long all = counts.getLong(0);
    long rejected = counts.getLong(1);
    long zeroWeights = counts.getLong(3);
    TrainingRows.require(params, all, rejected, counts.getString(2));
    TrainingRows.requireSize(counts.getInt(4), counts.getInt(5));
    int dim = counts.getInt(4);
    Dataset<Row> weighty = rows.where(usable.and(col(TrainingRows.WEIGHT).gt(0)));
    HeldOut heldOut = HeldOut.of(params);
    Dataset<Row> keyRows = weighty;
    Optional<Dataset<Row>> held = Optional.empty();
    if (heldOut.any()) {
      keyRows = weighty.filter((FilterFunction<Row>) row -> !holds(heldOut, row));
      weighty
          .filter((FilterFunction<Row>) row -> holds(heldOut, row))
          .write()
          .parquet(folder.path(HELD_OUT));
      held = Optional.of(rows.sparkSession().read().parquet(folder.path(HELD_OUT)));
    }
    long heldOutRows = held.map(Dataset::count).orElse(0L);
    long numKeys = all - rejected - zeroWeights - heldOutRows;
    TrainingRows.requireKeys(numKeys, zeroWeights, heldOutRows);
    FileStore keys = FileStore.write(keyRows, folder.path(KEYS), dim, choice.engine());
    return new TrainingRows(
        keys,
        Optional.empty(),
        held.map(table -> blocks(PairTasks.splitByPairs(table, numKeys))),
        choice,
        all,
        rejected,
        zeroWeights,
        heldOutRows);
  }

  private static boolean holds(HeldOut heldOut, Row row) {
    return heldOut.holds(features(row), row.getDouble(1), row.getDouble(2), row.getString(3));
  }

  private static double[] features(Row row) {
    return row.<Double>getList(0).stream().mapToDouble(Double::doubleValue).toArray();
  }

  private static JavaRDD<RowChunk> blocks(Dataset<Row> table) {
    return table
        .toJavaRDD()
        .mapPartitions(
            rows -> {
              List<RowChunk> blocks = new ArrayList<>();
              rows.forEachRemaining(
                  row -> HeldOut.add(blocks, features(row), row.getDouble(1), row.getDouble(2)));
              return blocks.iterator();
            });
  }
}
