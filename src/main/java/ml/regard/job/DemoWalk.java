package ml.regard.job;

import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import ml.regard.ml.BatchedAttentionPooling;
import ml.regard.ml.KernelRegression;
import ml.regard.ml.KernelRegressionModel;
import org.apache.spark.ml.evaluation.RegressionEvaluator;
import org.apache.spark.ml.linalg.SQLDataTypes;
import org.apache.spark.ml.linalg.Vector;
import org.apache.spark.ml.linalg.Vectors;
import org.apache.spark.ml.param.ParamMap;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;

/**
 * The textbook's walk on Spark: each step is a model, asked at the same test queries.
 *
 * @param data what it was computed from
 * @param average average pooling
 * @param nonparametric attention pooling with inverse width 1
 * @param trained attention pooling with the width that the textbook's SGD ends at
 * @param optimum attention pooling with the width that minimises the leave-one-out loss
 * @param batch the textbook's batched attention: query, values, pooled value
 */
record DemoWalk(
    DemoData data,
    Step average,
    Step nonparametric,
    Step trained,
    Step optimum,
    List<List<String>> batch) {

  /**
   * One step of the walk.
   *
   * @param model null for average pooling
   * @param predictions {@code [m]}, in the order of the test file
   * @param weights {@code [m x n]} attention weights, a column per key in canonical order
   */
  record Step(KernelRegressionModel model, double[] predictions, double[][] weights, double mse) {}

  /** How the trained step trains. */
  record Training(double initialInverseWidth, int epochs, double stepSize) {}

  static DemoWalk run(SparkSession spark, DemoData data, Training training, int partitions) {
    Dataset<Row> rows = data.trainingTable(spark).cache();
    Dataset<Row> queries = data.queryTable(spark, partitions).cache();
    try {
      KernelRegression base = new KernelRegression().setLossReduction("sum");
      base.setNumPartitions(partitions).setAttentionWeightsCol("attention");
      KernelRegressionModel nonparametric = copy(base).setSolver("fixed").setWidth(1).fit(rows);
      KernelRegressionModel trained =
          copy(base)
              .setParametrization("inverse")
              .setWidth(1 / training.initialInverseWidth)
              .setStepSize(training.stepSize)
              .setMaxIter(training.epochs)
              .fit(rows);
      KernelRegressionModel optimum = copy(base).setSolver("newton").fit(rows);
      double[] average = new double[data.queries().length];
      Arrays.fill(average, nonparametric.averagePooling());
      return new DemoWalk(
          data,
          new Step(null, average, null, mse(spark, data, average)),
          step(spark, data, nonparametric, queries),
          step(spark, data, trained, queries),
          step(spark, data, optimum, queries),
          batch(spark));
    } finally {
      rows.unpersist();
      queries.unpersist();
    }
  }

  /** The textbook's batch of two queries with ten values each: query, values, pooled value. */
  private static List<List<String>> batch(SparkSession spark) {
    List<Row> rows =
        List.of(
            RowFactory.create(0, Vectors.zeros(1), origins(), sequence(0)),
            RowFactory.create(1, Vectors.zeros(1), origins(), sequence(10)));
    StructType schema =
        new StructType()
            .add("row", DataTypes.IntegerType)
            .add("query", SQLDataTypes.VectorType())
            .add("keys", DataTypes.createArrayType(SQLDataTypes.VectorType()))
            .add("values", DataTypes.createArrayType(DataTypes.DoubleType));
    return new BatchedAttentionPooling()
        .transform(spark.createDataFrame(rows, schema)).orderBy("row").collectAsList().stream()
            .map(
                r ->
                    List.of(
                        Integer.toString(r.getInt(0) + 1),
                        "%s to %s".formatted(r.getList(3).get(0), r.getList(3).get(9)),
                        ReportFiles.number(r.<Double>getAs("prediction"))))
            .toList();
  }

  private static Vector[] origins() {
    return IntStream.range(0, 10).mapToObj(j -> Vectors.zeros(1)).toArray(Vector[]::new);
  }

  private static Double[] sequence(int first) {
    return IntStream.range(first, first + 10).mapToObj(v -> (double) v).toArray(Double[]::new);
  }

  /** The steps by the names that they have in files. */
  Map<String, Step> steps() {
    Map<String, Step> steps = new LinkedHashMap<>();
    steps.put("average", average);
    steps.put("nonparametric", nonparametric);
    steps.put("trained", trained);
    steps.put("optimum", optimum);
    return steps;
  }

  private static KernelRegression copy(KernelRegression estimator) {
    return estimator.copy(ParamMap.empty());
  }

  private static Step step(
      SparkSession spark, DemoData data, KernelRegressionModel model, Dataset<Row> queries) {
    List<Row> answers =
        model.transform(queries).collectAsList().stream()
            .sorted(Comparator.comparingInt(r -> r.<Integer>getAs("query")))
            .toList();
    double[] predictions =
        answers.stream().mapToDouble(r -> r.<Double>getAs("prediction")).toArray();
    double[][] weights =
        answers.stream().map(r -> r.<Vector>getAs("attention").toArray()).toArray(double[][]::new);
    return new Step(model, predictions, weights, mse(spark, data, predictions));
  }

  private static double mse(SparkSession spark, DemoData data, double[] predictions) {
    List<Row> rows =
        IntStream.range(0, predictions.length)
            .mapToObj(i -> RowFactory.create(data.truth()[i], predictions[i]))
            .toList();
    StructType schema =
        new StructType().add("label", DataTypes.DoubleType).add("prediction", DataTypes.DoubleType);
    return new RegressionEvaluator()
        .setMetricName("mse")
        .evaluate(spark.createDataFrame(rows, schema).coalesce(1));
  }
}
