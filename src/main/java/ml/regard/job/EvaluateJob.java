package ml.regard.job;

import static org.apache.spark.sql.functions.abs;
import static org.apache.spark.sql.functions.array;
import static org.apache.spark.sql.functions.avg;
import static org.apache.spark.sql.functions.coalesce;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.count;
import static org.apache.spark.sql.functions.count_if;
import static org.apache.spark.sql.functions.isnan;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.not;
import static org.apache.spark.sql.functions.pow;
import static org.apache.spark.sql.functions.sqrt;
import static org.apache.spark.sql.functions.var_pop;
import static org.apache.spark.sql.functions.when;

import java.util.LinkedHashMap;
import java.util.Map;
import ml.regard.DataException;
import ml.regard.engine.PairTasks;
import ml.regard.io.FeatureSource;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Measures a model on a table with labels, in one pass; the sums are Spark SQL's. */
@Command(name = "evaluate", description = "Measure a saved model on a table with labels.")
final class EvaluateJob extends Job {
  private static final String LABEL = "_regard_label";

  @Mixin private ModelOptions model;

  @Mixin private InputOptions input;

  @Option(
      names = "--label",
      required = true,
      paramLabel = "SQL",
      description = "The label: a column or a SQL expression.")
  private String label;

  @Option(
      names = "--handle-invalid",
      defaultValue = "error",
      paramLabel = "NAME",
      description =
          "Rows without a usable label or features: error, or skip or keep to leave them out of the"
              + " measures and count them (default: ${DEFAULT-VALUE}).")
  private HandleInvalid handleInvalid;

  @Override
  void check() {
    requireShare("--answer-tolerance", model.answerTolerance);
  }

  @Override
  Map<String, Object> run(SparkSession spark) {
    describe(spark, "reading the model");
    SavedModel saved = SavedModel.load(spark, model);
    describe(spark, "counting rows");
    Dataset<Row> table = input.read(spark, saved.source().schema()).table();
    Column labels = FeatureSource.number(table, "label", label);
    Dataset<Row> labelled = table.withColumn(LABEL, coalesce(labels, lit(Double.NaN)));
    long numKeys = saved.model().numKeys();
    Dataset<Row> predicted = saved.predict(PairTasks.splitByPairs(labelled, numKeys));

    Column prediction = col(SavedModel.PREDICTION);
    Column unbounded = lit(Double.POSITIVE_INFINITY);
    // NaN is the largest number of Spark SQL, so this is false for NaN and both infinities.
    Column usable = abs(prediction).lt(unbounded).and(abs(col(LABEL)).lt(unbounded));
    Column error = when(usable, col(LABEL).minus(prediction));
    // A masked query without a key is NaN as it should be: it is counted, and not measured.
    Column noKeys =
        isnan(prediction).and(lit(saved.model().isMasked())).and(abs(col(LABEL)).lt(unbounded));
    Column unusable = not(usable).and(not(noKeys));
    describe(spark, "predicting and measuring");
    Row sums =
        predicted
            .agg(
                count(lit(1)),
                count_if(unusable),
                sqrt(avg(pow(error, 2))),
                avg(abs(error)),
                lit(1).minus(avg(pow(error, 2)).divide(nonZero(var_pop(when(usable, col(LABEL)))))),
                count_if(noKeys))
            .head();
    requireUsable(sums, predicted, unusable);
    Map<String, Object> result = new LinkedHashMap<>();
    result.put("rmse", sums.getAs(2));
    result.put("mae", sums.getAs(3));
    result.put("r2", sums.getAs(4));
    result.put("rows", sums.getLong(0) - sums.getLong(1) - sums.getLong(5));
    result.put("rejectedRows", sums.getLong(1));
    if (saved.model().isMasked()) {
      result.put("noKeys", sums.getLong(5));
    }
    return result;
  }

  /** Null in place of 0: a quotient of it is null then, and no error. */
  private static Column nonZero(Column value) {
    return when(value.notEqual(0), value);
  }

  private void requireUsable(Row sums, Dataset<Row> predicted, Column unusable) {
    long rows = sums.getLong(0);
    long rejected = sums.getLong(1);
    if (rows == 0) {
      throw new DataException("%s has no rows".formatted(input.data));
    }
    if (rejected > 0 && handleInvalid == HandleInvalid.error) {
      Column cells = array(col(LABEL), col(SavedModel.PREDICTION)).cast("string");
      String example = predicted.where(unusable).select(cells).head().getString(0);
      throw new DataException(
          "%d of %d rows of %s cannot be measured; the first [label, prediction]: %s (--handle-invalid"
                  .formatted(rejected, rows, input.data, example)
              + " is error)");
    }
    if (rejected + sums.getLong(5) == rows) {
      throw new DataException(
          "none of the %d rows of %s can be measured".formatted(rows, input.data));
    }
  }
}
