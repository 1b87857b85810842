package ml.regard.ml;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.stream.IntStream;
import ml.regard.DataException;
import ml.regard.engine.Calibration;
import ml.regard.engine.EngineChoice;
import ml.regard.engine.FileStore;
import ml.regard.engine.KeyStore;
import ml.regard.engine.Widths;
import ml.regard.kernel.AttentionMask;
import ml.regard.kernel.AttentionPooling;
import ml.regard.kernel.AveragePooling;
import ml.regard.kernel.BlockSummary;
import ml.regard.kernel.Influence;
import ml.regard.kernel.InfluentialKey;
import ml.regard.kernel.Keys;
import ml.regard.kernel.PackedKeys;
import ml.regard.kernel.Precision;
import ml.regard.kernel.QueryBlock;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.ml.Model;
import org.apache.spark.ml.linalg.Vector;
import org.apache.spark.ml.linalg.Vectors;
import org.apache.spark.ml.param.ParamMap;
import org.apache.spark.ml.util.MLReader;
import org.apache.spark.ml.util.MLWritable;
import org.apache.spark.ml.util.MLWriter;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.Metadata;
import org.apache.spark.sql.types.StructType;

/**
 * Keys with values and widths: predicts the attention-weighted mean of the values.
 *
 * <pre>
 *   y^(q) = sum_j a_j v_j      a_j = c_j exp(-1/2 sum_f ((q_f - k_jf) / h_f)^2) / (the sum of these)
 * </pre>
 *
 * <p>Where keys have groups or times ({@link #isMasked}), the columns groupCol and timeCol of a
 * query say which keys it may attend to; without one its prediction is NaN.
 *
 * <p>{@code transform} is lazy. With the keys in memory it broadcasts them (once per call; Spark's
 * cleaner releases them when the result is no longer referred to); with the keys in files each task
 * reads them past its queries, once for every 4,096. It does not repartition: one large file may be
 * one task. Cost: one exponential per pair of query and key in reach. With engine lattice it
 * spreads the keys to nodes at once, when it is called, and forms pairs only for queries that the
 * nodes are not certain about; single predictions ({@link #predict}) read the keys in reach from
 * their files, and so do columns that nodes cannot tell (effectiveKeysCol, supportCol,
 * marginalEffectCol). An interval stands around the pooled value, whatever outsideSupport says. A
 * row that cannot be scored is handled as handleInvalid says; with {@code error} the failing task's
 * exception carries a {@link ml.regard.DataException}.
 */
public final class KernelRegressionModel extends Model<KernelRegressionModel>
    implements KernelRegressionParams, MLWritable {
  private static final long serialVersionUID = 1;

  private final String uid;
  private final ParamDefinitions definitions;
  private final KeyStore store;
  private final Widths widths;
  private Calibration calibration; // null where there are none
  private String timeKind = ""; // of the times of the keys, see MaskColumns
  private transient KernelRegressionTrainingSummary summary;

  /** A model without keys, for reflection only. */
  public KernelRegressionModel() {
    this("kernelRegressionModel", null, Widths.shared(new double[0]));
  }

  KernelRegressionModel(String uid, KeyStore store, Widths widths) {
    this.uid = uid;
    this.store = store;
    this.widths = widths;
    this.definitions = new ParamDefinitions(this);
    definitions.setDefaults(this);
  }

  @Override
  public String uid() {
    return uid;
  }

  @Override
  public ParamDefinitions definitions() {
    return definitions;
  }

  /** Number of features d. */
  public int numFeatures() {
    return keys().dim();
  }

  /**
   * The engine of its predictions: "lattice" when nodes answer most of them; "broadcast" when the
   * model holds its keys in memory, "partitioned" when it reads them from its files.
   */
  public String engineUsed() {
    return store.engine();
  }

  /**
   * Whether the model holds its keys. A compact one holds the nodes of a lattice in their place: it
   * has no attention weights, no table of keys and no curve, and answers at its own widths only.
   */
  public boolean hasKeys() {
    return store.hasKeys();
  }

  /** Number of keys n. */
  public int numKeys() {
    return keys().numKeys();
  }

  /**
   * The width (bandwidth) h of each feature, in its unit, {@code [d]}: 1 / inverse width, rounded.
   *
   * @throws IllegalStateException if each group has its own
   */
  public double[] widths() {
    return Arrays.stream(inverseWidths()).map(w -> 1 / w).toArray();
  }

  /**
   * The inverse width 1 / h of each feature, {@code [d]}.
   *
   * @throws IllegalStateException if each group has its own
   */
  public double[] inverseWidths() {
    return perFeature(sharedInverseWidths());
  }

  private double[] sharedInverseWidths() {
    if (hasGroupWidths()) {
      throw new IllegalStateException("each group of this model has its own widths");
    }
    return widths.of(0);
  }

  private double[] perFeature(double[] inverse) {
    double[] all = new double[keys().dim()];
    for (int f = 0; f < all.length; f++) {
      all[f] = inverse[inverse.length == 1 ? 0 : f];
    }
    return all;
  }

  /** Whether each group has its own widths ({@link #widthsByGroup}). */
  public boolean hasGroupWidths() {
    return widths.areOfGroups();
  }

  /**
   * The width h of each feature {@code [d]} by group, in the order of their names; empty where all
   * groups have the same.
   */
  public Map<String, double[]> widthsByGroup() {
    Map<String, double[]> found = new LinkedHashMap<>();
    for (int g = 0; hasGroupWidths() && g < mask().numGroups(); g++) {
      double[] inverse = perFeature(widths.of(g));
      found.put(mask().group(g), Arrays.stream(inverse).map(w -> 1 / w).toArray());
    }
    return found;
  }

  /** What average pooling predicts for every query: the weighted mean of the values. */
  public double averagePooling() {
    return AveragePooling.pool(keys());
  }

  /**
   * The prediction for one query, of all keys: answerTolerance is for {@code transform}; a compact
   * model's nodes answer, with NaN where they are certain of nothing. For many queries use {@code
   * transform}.
   *
   * @throws IllegalArgumentException unless the query has d finite features
   * @throws IllegalStateException if a query needs a group or a time
   */
  public double predict(Vector features) {
    requireUnmasked();
    return store.pooled(features.toArray(), sharedInverseWidths());
  }

  /**
   * The attention weights of one query over the keys in canonical order, {@code [n]}, summing to 1.
   *
   * @throws DataException if the model has no keys
   * @throws IllegalArgumentException unless the query has d finite features
   * @throws IllegalStateException if a query needs a group or a time
   */
  public double[] attentionWeights(Vector features) {
    requireUnmasked();
    return AttentionPooling.weights(keys(), query(features), sharedInverseWidths())[0];
  }

  /**
   * The prediction of a model with one feature over the range of its keys, for a picture.
   *
   * @param x {@code [points]}, evenly spaced from the smallest key to the largest
   * @param prediction {@code [points]}
   * @param keys {@code [n]}, ascending; an even sample where they stay in files
   * @param values {@code [n]}
   */
  public record Curve(double[] x, double[] prediction, double[] keys, double[] values) {}

  /**
   * The curve of a model with one feature. Cost: points x n exponentials on the driver.
   *
   * @throws IllegalStateException if the model has another number of features, or a query needs a
   *     group or a time
   */
  public Curve curve(int points) {
    if (keys().dim() != 1) {
      throw new IllegalStateException("only a model with one feature has a curve");
    }
    PackedKeys keys = store.sample(context(SparkSession.active()));
    int n = keys.numKeys();
    double[] keyX = IntStream.range(0, n).mapToDouble(j -> keys.feature(j, 0)).toArray();
    double[] values = IntStream.range(0, n).mapToDouble(keys::value).toArray();
    double[] x = new double[points];
    double[] prediction = new double[points];
    for (int i = 0; i < points; i++) {
      double share = points == 1 ? 0 : (double) i / (points - 1);
      x[i] = (1 - share) * keyX[0] + share * keyX[n - 1];
      prediction[i] = predict(Vectors.dense(x[i]));
    }
    return new Curve(x, prediction, keyX, values);
  }

  /**
   * The keys in canonical order: position, features (array), value, weight and id, and where they
   * are masked group and time. A column j of the attention weights belongs to the key at position
   * j.
   */
  public Dataset<Row> keyTable(SparkSession spark) {
    return store.table(spark);
  }

  private void requireUnmasked() {
    if (isMasked()) {
      throw new IllegalStateException(
          "a query of this model needs a group or a time, which transform takes from its columns");
    }
  }

  /**
   * The least and the largest of a feature over the keys.
   *
   * @throws DataException if the model has no keys
   */
  public double[] featureRange(int feature) {
    if (!hasKeys()) {
      throw new DataException("a compact model has no keys, and so no range of its features");
    }
    return BlockSummary.featureRange(keys().summaries(), feature);
  }

  /**
   * The keys that move the predictions at some training rows the most when they are taken out; see
   * {@link Influence}. Cost: two exponentials per pair of row and key in reach, on the driver.
   *
   * @param positions of the rows in the key table {@code [m]}
   * @param rows their features {@code [m x d]}
   * @param count at most so many keys
   * @throws DataException if the model has no keys
   */
  public List<InfluentialKey> influentialKeys(int[] positions, double[][] rows, int count) {
    return Influence.top(keys(), positions, rows, sharedInverseWidths(), count);
  }

  private QueryBlock query(Vector features) {
    return QueryBlock.of(keys().dim(), new double[][] {features.toArray()});
  }

  @Override
  public StructType transformSchema(StructType schema) {
    Columns.requireFeatures(schema, getFeaturesCol(), keys().dim());
    requireMaskColumns();
    MaskColumns.require(schema, this, timeKind);
    for (OutputColumn column : OutputColumns.of(this)) {
      if (column.needs() != OutputColumn.Needs.VALUES && !hasKeys()) {
        throw new DataException(
            "a compact model has no keys, and so no column %s (%s)"
                .formatted(column.name(), column.param()));
      }
      if (column.needs().isDetail() && engineUsed().equals(EngineChoice.LATTICE) && !isAuto()) {
        throw new DataException(
            "engine lattice has no column %s (%s): take engine partitioned, broadcast or auto"
                .formatted(column.name(), column.param()));
      }
      if (column.needs().isCalibrated() && calibration == null) {
        throw new DataException(
            "the model has no residuals, and so no column %s (%s): fit it with calibration loo and another engine than lattice"
                .formatted(column.name(), column.param()));
      }
      if (column.needs() == OutputColumn.Needs.SCORES && !calibration.hasScores()) {
        throw new DataException(
            "the model has residuals but no scores, and so no column %s (%s): it was saved by an older Regard, fit it again"
                .formatted(column.name(), column.param()));
      }
    }
    return OutputColumns.append(schema, this);
  }

  /** Where keys are masked, queries must say what they may attend to, and only there. */
  private void requireMaskColumns() {
    requireMaskColumn("groupCol", getGroupCol(), mask().hasGroups(), "groups");
    requireMaskColumn("timeCol", getTimeCol(), mask().hasTimes(), "times");
  }

  private static void requireMaskColumn(String param, String column, boolean has, String what) {
    if (has == column.isEmpty()) {
      throw new DataException(
          has
              ? "the keys of the model have %s, and so its queries need a %s".formatted(what, param)
              : "the keys of the model have no %s, and so %s %s says nothing"
                  .formatted(what, param, column));
    }
  }

  /** Whether a query attends only to keys of its own group, or only to earlier ones. */
  public boolean isMasked() {
    return mask().masks();
  }

  /** Number of groups of keys; 1 where they have none. */
  public int numGroups() {
    return mask().numGroups();
  }

  private AttentionMask mask() {
    return keys().mask();
  }

  private boolean isAuto() {
    return getEngine().equals(EngineChoice.AUTO);
  }

  @Override
  public Dataset<Row> transform(Dataset<?> dataset) {
    StructType schema = transformSchema(dataset.schema());
    KeyStore.Answering how = answering();
    JavaSparkContext spark = context(dataset.sparkSession());
    KeyStore.Shared shared = store.share(spark, how);
    if (OutputColumns.needCalibration(this)) {
      shared = calibration.share(spark, shared, getConfidence());
    }
    Dataset<Row> asking = isMasked() ? MaskColumns.behind(dataset, this) : dataset.toDF();
    Dataset<Row> scored =
        asking.mapPartitions(new PoolRows(shared, how, widths, this), Encoders.row(schema));
    return withMetadata(scored, schema);
  }

  /** How its predictions are to be, at the widths of the first group where each has its own. */
  KeyStore.Answering answering() {
    Precision precision = getPrecision().equals("float32") ? Precision.FLOAT32 : Precision.FLOAT64;
    return new KeyStore.Answering(
        widths.of(0), getAnswerTolerance(), precision, OutputColumns.terms(this));
  }

  /** mapPartitions drops what columns say about themselves: feature names, event time. */
  private static Dataset<Row> withMetadata(Dataset<Row> data, StructType schema) {
    Column[] columns =
        Arrays.stream(schema.fields())
            .map(f -> Columns.named(f.name()).as(f.name(), f.metadata()))
            .toArray(Column[]::new);
    boolean none =
        Arrays.stream(schema.fields()).allMatch(f -> f.metadata().equals(Metadata.empty()));
    return none ? data : data.select(columns);
  }

  /** Whether this model was just fitted, and so knows how; a loaded one does not. */
  public boolean hasSummary() {
    return summary != null;
  }

  /**
   * What learning did.
   *
   * @throws IllegalStateException if the model was loaded
   */
  public KernelRegressionTrainingSummary summary() {
    if (summary == null) {
      throw new IllegalStateException("no training summary: the model was not fitted here");
    }
    return summary;
  }

  KernelRegressionModel withSummary(KernelRegressionTrainingSummary value) {
    summary = value;
    return this;
  }

  KernelRegressionModel withCalibration(Calibration value) {
    calibration = value;
    return this;
  }

  KernelRegressionModel withTimeKind(String value) {
    timeKind = value;
    return this;
  }

  String timeKind() {
    return timeKind;
  }

  /** What it knows of its errors; the parameter calibration is what a fit would keep. */
  public Optional<Calibration> calibrated() {
    return Optional.ofNullable(calibration);
  }

  /** The same model with nodes in the place of its keys, which are in files. */
  KernelRegressionModel compact(JavaSparkContext spark) {
    KeyStore nodes = ((FileStore) store).compact(spark, answering());
    KernelRegressionModel compact =
        new KernelRegressionModel(uid, nodes, widths).withSummary(summary);
    return copyValues(compact, ParamMap.empty()).setParent(parent());
  }

  private static JavaSparkContext context(SparkSession session) {
    return JavaSparkContext.fromSparkContext(session.sparkContext());
  }

  KeyStore store() {
    return store;
  }

  private Keys keys() {
    return store.keys();
  }

  /** The inverse widths as learned, one for all features or one per feature. */
  Widths learnedWidths() {
    return widths;
  }

  @Override
  public KernelRegressionModel copy(ParamMap extra) {
    KernelRegressionModel copy =
        new KernelRegressionModel(uid, store, widths)
            .withSummary(summary)
            .withTimeKind(timeKind)
            .withCalibration(calibration);
    return copyValues(copy, extra).setParent(parent());
  }

  @Override
  public MLWriter write() {
    return new ModelFiles.Writer(this);
  }

  /** Reads a model that {@code write().save(path)} saved. */
  public static MLReader<KernelRegressionModel> read() {
    return new ModelFiles.Reader();
  }

  /**
   * Loads a model that {@code save(path)} saved, for the engine that its parameter says.
   *
   * @throws ml.regard.DataException if there is no model, or a truncated one, or one of a newer
   *     format
   */
  public static KernelRegressionModel load(String path) {
    return read().load(path);
  }

  /**
   * Loads a model for the given engine: auto, broadcast (the keys come into memory), lattice or
   * partitioned (they stay in the model's files, which must then remain).
   *
   * @throws ml.regard.DataException as {@link #load(String)}, or if the keys do not fit in memory
   *     and the broadcast engine is asked for
   */
  public static KernelRegressionModel load(String path, String engine) {
    return new ModelFiles.Reader(Optional.of(engine), OptionalDouble.empty()).load(path);
  }

  /**
   * Loads a model for the given engine and with another answerTolerance than it was saved with:
   * what auto chooses may depend on it.
   *
   * @throws ml.regard.DataException as {@link #load(String, String)}
   */
  public static KernelRegressionModel load(String path, String engine, double answerTolerance) {
    return new ModelFiles.Reader(Optional.of(engine), OptionalDouble.of(answerTolerance))
        .load(path);
  }

  public KernelRegressionModel setFeaturesCol(String value) {
    set(featuresCol(), value);
    return this;
  }

  public KernelRegressionModel setPredictionCol(String value) {
    set(predictionCol(), value);
    return this;
  }

  public KernelRegressionModel setErrorBoundCol(String value) {
    set(errorBoundCol(), value);
    return this;
  }

  public KernelRegressionModel setAttentionWeightsCol(String value) {
    set(attentionWeightsCol(), value);
    return this;
  }

  /** The engine that it was loaded for; a model does not move its keys. */
  KernelRegressionModel setEngine(String value) {
    set(engine(), value);
    return this;
  }

  public KernelRegressionModel setAnswerTolerance(double value) {
    set(answerTolerance(), value);
    return this;
  }

  public KernelRegressionModel setPrecision(String value) {
    set(precision(), value);
    return this;
  }

  public KernelRegressionModel setStandardErrorCol(String value) {
    set(standardErrorCol(), value);
    return this;
  }

  public KernelRegressionModel setIntervalCol(String value) {
    set(intervalCol(), value);
    return this;
  }

  public KernelRegressionModel setConfidence(double value) {
    set(confidence(), value);
    return this;
  }

  public KernelRegressionModel setBandCol(String value) {
    set(bandCol(), value);
    return this;
  }

  public KernelRegressionModel setEffectiveKeysCol(String value) {
    set(effectiveKeysCol(), value);
    return this;
  }

  public KernelRegressionModel setSupportCol(String value) {
    set(supportCol(), value);
    return this;
  }

  public KernelRegressionModel setMarginalEffectCol(String value) {
    set(marginalEffectCol(), value);
    return this;
  }

  public KernelRegressionModel setOutsideSupport(String value) {
    set(outsideSupport(), value);
    return this;
  }

  public KernelRegressionModel setSupportThreshold(double value) {
    set(supportThreshold(), value);
    return this;
  }

  public KernelRegressionModel setHandleInvalid(String value) {
    set(handleInvalid(), value);
    return this;
  }

  /** The column of the keys that carry each prediction. */
  public KernelRegressionModel setAttentionCol(String value) {
    set(attentionCol(), value);
    return this;
  }

  /** How many keys the column of {@link #setAttentionCol} names. */
  public KernelRegressionModel setTopKeys(int value) {
    set(topKeys(), value);
    return this;
  }

  /** The column of the quantiles of the labels under the attention. */
  public KernelRegressionModel setQuantilesCol(String value) {
    set(quantilesCol(), value);
    return this;
  }

  /** The probabilities of the column of {@link #setQuantilesCol}. */
  public KernelRegressionModel setQuantiles(double[] value) {
    set(quantiles(), value.clone());
    return this;
  }

  @Override
  public String toString() {
    return "KernelRegressionModel: uid=%s, numKeys=%d, numFeatures=%d, widths=%s"
        .formatted(uid, numKeys(), numFeatures(), Arrays.toString(widths()));
  }

  /** The column with the group of each query, where the keys have groups. */
  public KernelRegressionModel setGroupCol(String value) {
    set(groupCol(), value);
    return this;
  }

  /** The column with the time of each query, where the keys have times. */
  public KernelRegressionModel setTimeCol(String value) {
    set(timeCol(), value);
    return this;
  }
}
