package ml.regard.job;

import static org.apache.spark.sql.functions.col;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.ToDoubleFunction;
import java.util.stream.IntStream;
import ml.regard.engine.EngineChoice;
import ml.regard.kernel.Hash;
import ml.regard.kernel.InfluentialKey;
import ml.regard.ml.KernelRegressionModel;
import org.apache.spark.ml.linalg.SQLDataTypes;
import org.apache.spark.ml.linalg.Vectors;
import org.apache.spark.ml.param.ParamMap;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;

/**
 * What a page can show of a fitted model that has keys: an even sample of its training rows, its
 * predictions at any place, and the rows of most influence. Bounded: at most 20,000 rows and 64 MB.
 */
final class ModelView {
  /** Why much is not shown of a model, as the end of a sentence. */
  static final String NO_RESIDUALS =
      "the model has no residuals, which --calibration loo forms with another engine than lattice";

  private static final int MOST_ROWS = 20_000;
  private static final long MOST_BYTES = 64L << 20;
  private static final int MOST_ASKING = 1024;
  private static final long MOST_PAIRS = 1L << 31;
  private static final String PREDICTION = "prediction";
  private static final String STANDARD_ERROR = "standardError";
  private static final String SUPPORT = "support";

  private final SparkSession spark;
  private final KernelRegressionModel model;
  private final List<TrainingRow> rows;

  ModelView(SparkSession spark, KernelRegressionModel model) {
    this.spark = spark;
    this.model = model;
    long most = Math.min(MOST_ROWS, MOST_BYTES / (Double.BYTES * (model.numFeatures() + 3L)));
    long step = (model.numKeys() + most - 1) / most;
    Column chosen = col("position").mod(step).equalTo(offset(model, step));
    this.rows =
        model.keyTable(spark).where(chosen).orderBy("position").collectAsList().stream()
            .map(this::trainingRow)
            .toList();
  }

  private static long offset(KernelRegressionModel model, long step) {
    return Math.floorMod(Hash.mix(model.getSeed()), step);
  }

  /**
   * A training row.
   *
   * @param id what the user calls it; null where that is not known
   * @param residual leave-one-out; NaN where it is not known
   * @param score of its interval; NaN where it is not known
   */
  record TrainingRow(
      int position, String id, List<Double> features, double value, double residual, double score) {
    /** What the others predict for it. */
    double prediction() {
      return value - residual;
    }
  }

  private TrainingRow trainingRow(Row row) {
    int position = (int) row.getLong(0);
    return new TrainingRow(
        position,
        row.getString(4),
        row.getList(1),
        row.getDouble(2),
        residual(position),
        score(position));
  }

  /** The leave-one-out residual of the row at a position; NaN where it is not known. */
  double residual(int position) {
    return model.calibrated().map(found -> found.residual(position)).orElse(Double.NaN);
  }

  private double score(int position) {
    return model.calibrated().map(found -> found.score(position)).orElse(Double.NaN);
  }

  /** The quantiles of all scores, where some of the rows have one. */
  Optional<double[]> scoreQuantiles(double... confidences) {
    return rows.stream().allMatch(row -> Double.isNaN(row.score()))
        ? Optional.empty()
        : model.calibrated().map(found -> found.quantiles(confidences));
  }

  boolean hasResiduals() {
    return model.calibrated().isPresent();
  }

  boolean hasIds() {
    return rows.stream().anyMatch(row -> row.id() != null);
  }

  /** Every so many-th training row, in canonical order, which is one of space. */
  List<TrainingRow> rows() {
    return rows;
  }

  /** A number of each row of the sample. */
  double[] numbers(ToDoubleFunction<TrainingRow> part) {
    return rows.stream().mapToDouble(part).toArray();
  }

  /** Whether the support of a query is known: engine lattice alone does not know it. */
  boolean knowsSupport() {
    return !model.engineUsed().equals(EngineChoice.LATTICE)
        || model.getEngine().equals(EngineChoice.AUTO);
  }

  /** What the model says to some queries; NaN where it does not know. */
  record Answers(double[] prediction, double[] standardError, double[] support) {}

  /** One job, as any transform of so many rows. */
  Answers answers(List<double[]> queries) {
    KernelRegressionModel asked = model.copy(ParamMap.empty()).setPredictionCol(PREDICTION);
    if (hasResiduals()) {
      asked.setStandardErrorCol(STANDARD_ERROR);
    }
    if (knowsSupport()) {
      asked.setSupportCol(SUPPORT);
    }
    StructType schema =
        new StructType()
            .add("query", DataTypes.IntegerType, false)
            .add(model.getFeaturesCol(), SQLDataTypes.VectorType(), false);
    List<Row> numbered =
        IntStream.range(0, queries.size())
            .mapToObj(i -> RowFactory.create(i, Vectors.dense(queries.get(i))))
            .toList();
    Dataset<Row> answered =
        asked.transform(spark.createDataFrame(numbered, schema)).orderBy("query");
    List<Row> found = answered.collectAsList();
    List<String> columns = List.of(answered.columns());
    return new Answers(
        column(found, columns.indexOf(PREDICTION)),
        column(found, columns.indexOf(STANDARD_ERROR)),
        column(found, columns.indexOf(SUPPORT)));
  }

  private static double[] column(List<Row> rows, int column) {
    return rows.stream()
        .mapToDouble(row -> column < 0 ? Double.NaN : row.getDouble(column))
        .toArray();
  }

  /** The least and the largest of a feature over all keys; a width around them where equal. */
  double[] range(int feature) {
    double[] ends = model.featureRange(feature);
    double around = ends[0] < ends[1] ? 0 : model.widths()[feature];
    return new double[] {ends[0] - around, ends[1] + around};
  }

  /** How many training rows are asked for the influence of keys: fewer with very many keys. */
  int asking() {
    return (int) Math.min(Math.min(MOST_ASKING, MOST_PAIRS / model.numKeys() + 1), rows.size());
  }

  /** The keys whose removal moves the predictions at these rows the most. */
  List<InfluentialKey> influentialKeys(int count) {
    List<TrainingRow> some = new ArrayList<>();
    for (int k = 0; k < asking(); k++) {
      some.add(rows.get((int) ((long) k * rows.size() / asking())));
    }
    return model.influentialKeys(
        some.stream().mapToInt(TrainingRow::position).toArray(),
        some.stream().map(row -> doubles(row.features())).toArray(double[][]::new),
        count);
  }

  static double[] doubles(List<Double> values) {
    return values.stream().mapToDouble(v -> v).toArray();
  }
}
