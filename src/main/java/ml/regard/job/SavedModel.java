package ml.regard.job;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.when;

import java.util.Optional;
import ml.regard.io.FeatureSource;
import ml.regard.io.Tables;
import ml.regard.ml.KernelRegressionModel;
import org.apache.spark.ml.functions;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;

/** A model that {@code fit} saved, with the way its features come from a table. */
record SavedModel(KernelRegressionModel model, FeatureSource source) {
  private static final String FEATURES = "_regard_features";
  static final String PREDICTION = "prediction";

  /** Loads a model and sets the session to the time zone that its features were computed in. */
  static SavedModel load(SparkSession spark, String path) {
    KernelRegressionModel model = KernelRegressionModel.load(path);
    FeatureSource source = FeatureSource.load(spark, path);
    spark.conf().set("spark.sql.session.timeZone", source.timeZone());
    return new SavedModel(
        model.setFeaturesCol(FEATURES).setPredictionCol(PREDICTION).setHandleInvalid("keep"),
        source);
  }

  /** Reads a table with the types that the model was trained on. */
  Dataset<Row> read(SparkSession spark, InputOptions input) {
    return Tables.read(spark, input.data, input.format, Optional.of(source.schema()));
  }

  /** The table with the column prediction behind its own; NaN where the row cannot be scored. */
  Dataset<Row> predict(Dataset<Row> table) {
    Dataset<Row> computed = source.withFeatures(table, FEATURES);
    return model.transform(computed.withColumn(FEATURES, vector(FEATURES))).drop(FEATURES);
  }

  /** The vector of an array column, null for a null array. */
  static Column vector(String array) {
    return when(col(array).isNotNull(), functions.array_to_vector(col(array)));
  }
}
