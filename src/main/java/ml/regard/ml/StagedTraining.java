package ml.regard.ml;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.count;
import static org.apache.spark.sql.functions.count_if;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.max;
import static org.apache.spark.sql.functions.min;
import static org.apache.spark.sql.functions.size;
import static org.apache.spark.sql.functions.when;

import java.util.Arrays;
import java.util.Optional;
import java.util.OptionalLong;
import ml.regard.engine.EngineChoice;
import ml.regard.engine.FileStore;
import ml.regard.engine.KeyRow;
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
    TrainingRows.requireWeights(all - rejected - zeroWeights, zeroWeights);
    FileStore keys =
        FileStore.write(
            rows.where(usable.and(col(TrainingRows.WEIGHT).gt(0))),
            folder.path(KEYS),
            counts.getInt(4),
            choice.engine());
    return new TrainingRows(
        keys, OptionalLong.empty(), keys, Optional.empty(), choice, all, rejected, zeroWeights, 0);
  }
}
