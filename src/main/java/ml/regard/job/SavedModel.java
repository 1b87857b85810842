package ml.regard.job;

import static org.apache.spark.sql.functions.abs;
import static org.apache.spark.sql.functions.coalesce;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.concat;
import static org.apache.spark.sql.functions.forall;
import static org.apache.spark.sql.functions.isnan;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.not;
import static org.apache.spark.sql.functions.when;

import ml.regard.DataException;
import ml.regard.io.FeatureSource;
import ml.regard.kernel.Checks;
import ml.regard.ml.KernelRegressionModel;
import org.apache.spark.ml.functions;
import org.apache.spark.ml.linalg.SQLDataTypes;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;

/** A model that {@code fit} saved, with the way its features come from a table. */
record SavedModel(KernelRegressionModel model, FeatureSource source) {
  private static final String FEATURES = "_regard_features";
  private static final String GROUP = "_regard_asks_group";
  private static final String TIME = "_regard_asks_time";
  static final String PREDICTION = "prediction";

  /**
   * Loads a model and sets the session to the time zone that its features were computed in.
   *
   * @throws DataException if it is none, or a part of it is of another model
   */
  static SavedModel load(SparkSession spark, ModelOptions options) {
    String path = options.model;
    String engine = options.engine.name();
    KernelRegressionModel model =
        options.answerTolerance == null
            ? KernelRegressionModel.load(path, engine)
            : KernelRegressionModel.load(path, engine, options.answerTolerance);
    FeatureSource source = FeatureSource.load(spark, path);
    if (source.names().size() != model.numFeatures()) {
      throw new DataException(
          "the model at %s has %d features, but its source.json names %s: it was changed while it"
                  .formatted(path, model.numFeatures(), source.names())
              + " was read");
    }
    if (options.precision != null) {
      model.setPrecision(options.precision.name());
    }
    spark.conf().set("spark.sql.session.timeZone", source.timeZone());
    if (source.group() != null) {
      model.setGroupCol(GROUP);
    }
    if (source.time() != null) {
      model.setTimeCol(TIME);
    }
    return new SavedModel(
        model.setFeaturesCol(FEATURES).setPredictionCol(PREDICTION).setHandleInvalid("keep"),
        source);
  }

  /** The table with the column prediction behind its own; NaN where the row cannot be scored. */
  Dataset<Row> predict(Dataset<Row> table) {
    return predicted(source.withFeatures(table, FEATURES));
  }

  /**
   * As {@link #predict}, where a column of the table says what is wrong with a row or is null: it
   * says then why the row cannot be scored.
   */
  Dataset<Row> predictWithReasons(Dataset<Row> table, String reason) {
    Dataset<Row> computed =
        source.withFeatures(table, FEATURES).withColumn(reason, coalesce(col(reason), problem()));
    Dataset<Row> predicted = predicted(computed);
    // Without a key that it may attend to, a prediction is NaN as it should be.
    Column noNumber = when(isnan(col(PREDICTION)).and(lit(!model.isMasked())), lit(noNumber()));
    return predicted.withColumn(reason, coalesce(col(reason), noNumber));
  }

  private String noNumber() {
    return model.hasKeys()
        ? "its prediction is NaN"
        : "no node of the compact model is certain about it";
  }

  private Dataset<Row> predicted(Dataset<Row> computed) {
    Dataset<Row> asking = computed.withColumn(FEATURES, vector(FEATURES));
    if (source.group() != null) {
      asking = asking.withColumn(GROUP, FeatureSource.any(computed, "group", source.group()));
    }
    if (source.time() != null) {
      asking = asking.withColumn(TIME, FeatureSource.any(computed, "time", source.time()));
    }
    return model.transform(asking).drop(FEATURES, GROUP, TIME);
  }

  /** What is wrong with the first feature that cannot be used, null when all can. */
  private Column problem() {
    Column[] problems = new Column[source.names().size()];
    for (int f = 0; f < problems.length; f++) {
      Column value = col(FEATURES).getItem(f);
      Column large = abs(value).gt(Checks.MAX_MAGNITUDE); // NaN is the largest number of Spark SQL
      Column bounded = abs(value).lt(Double.POSITIVE_INFINITY);
      problems[f] =
          when(
              value.isNull().or(large),
              concat(
                  lit("feature " + source.names().get(f) + " is "),
                  coalesce(value.cast("string"), lit("null")),
                  when(bounded, ", beyond " + Checks.MAX_MAGNITUDE).otherwise("")));
    }
    return coalesce(problems);
  }

  /**
   * The table with arrays in the place of vectors in some of its columns, for tools beside Spark
   * ML.
   */
  static Dataset<Row> withArrays(Dataset<Row> table, String... columns) {
    Dataset<Row> plain = table;
    for (String column : columns) {
      if (table.schema().apply(column).dataType().equals(SQLDataTypes.VectorType())) {
        Column array = functions.vector_to_array(col(column), "float64");
        plain = plain.withColumn(column, when(col(column).isNotNull(), array));
      }
    }
    return plain;
  }

  /** The vector of an array column, null when an element is. */
  static Column vector(String array) {
    Column whole = forall(col(array), element -> not(element.isNull()));
    return when(whole, functions.array_to_vector(col(array)));
  }
}
