package ml.regard.ml;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.count;
import static org.apache.spark.sql.functions.count_if;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.max;
import static org.apache.spark.sql.functions.min;
import static org.apache.spark.sql.functions.size;
import static org.apache.spark.sql.functions.transform;
import static org.apache.spark.sql.functions.when;

import java.util.Optional;
import ml.regard.engine.EngineChoice;
import ml.regard.engine.FileStore;
import org.apache.spark.ml.functions;
import org.apache.spark.ml.linalg.Vector;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.api.java.UDF3;
import org.apache.spark.sql.types.DataTypes;

/**
 * Training rows written to a {@link StagingFolder}, where all that follows reads them: the source
 * is read once, so it may answer in another order when it is read again. Rows are counted from
 * these files, sorted and numbered over the cluster, and written as a key table.
 */
final class StagedTraining {
  private static final String PROBLEM = "problem";
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

  /**
   * The rows with what is wrong with them; -0.0 becomes 0.0, so that equal rows have equal bits.
   */
  private static Dataset<Row> checked(Dataset<Row> table) {
    UDF3<Vector, Double, Double, String> problem = TrainingRows::problem;
    Column[] cells = {
      col(TrainingRows.FEATURES), col(TrainingRows.VALUE), col(TrainingRows.WEIGHT)
    };
    return table
        .withColumn(
            PROBLEM, org.apache.spark.sql.functions.udf(problem, DataTypes.StringType).apply(cells))
        .select(
            when(
                    cells[0].isNotNull(),
                    transform(functions.vector_to_array(cells[0], "float64"), x -> x.plus(0.0)))
                .as(TrainingRows.FEATURES),
            cells[1].plus(0.0).as(TrainingRows.VALUE),
            cells[2],
            col(PROBLEM));
  }

  private static TrainingRows staged(
      Dataset<Row> rows, StagingFolder folder, EngineChoice choice, KernelRegressionParams params) {
    Column usable = col(PROBLEM).isNull();
    Column dims = when(usable, size(col(TrainingRows.FEATURES)));
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
    return new TrainingRows(keys, Optional.empty(), choice, all, rejected, zeroWeights);
  }
}
