package ml.regard.ml;

import java.util.Arrays;
import java.util.Locale;
import ml.regard.DataException;
import ml.regard.engine.Engine;
import ml.regard.engine.KeyStore;
import ml.regard.engine.RegardMetrics;
import ml.regard.engine.WatchedObjective;
import ml.regard.kernel.Checks;
import ml.regard.optim.Batch;
import ml.regard.optim.EvaluationLog;
import ml.regard.optim.FeatureScales;
import ml.regard.optim.Learned;
import ml.regard.optim.LossReduction;
import ml.regard.optim.Objective;
import ml.regard.optim.PlainSgd;
import ml.regard.optim.PreconditionedSgd;
import ml.regard.optim.RecordedObjective;
import ml.regard.optim.StartScan;
import ml.regard.optim.WidthOptimizer;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.ml.Estimator;
import org.apache.spark.ml.param.ParamMap;
import org.apache.spark.ml.util.DefaultParamsReader;
import org.apache.spark.ml.util.DefaultParamsWritable;
import org.apache.spark.ml.util.Identifiable$;
import org.apache.spark.ml.util.MLReader;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.StructType;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Kernel regression with a learned width (Nadaraya-Watson), seen as attention pooling.
 *
 * <pre>
 *   y^(q) = sum_j a_j v_j      a_j = c_j exp(-1/2 sum_f ((q_f - k_jf) / h_f)^2) / (the sum of these)
 *   h minimises  L(h) = sum_i c_i (y_i - y^_{-i})^2      y^_{-i} attends to every row but i
 * </pre>
 *
 * <p>Training rows are the keys k_j {@code [n x d]} with labels v_j and weights c_j; h is the width
 * (bandwidth), one per feature in that feature's own unit, or one shared by all. {@code fit} reads
 * the data once, packs the keys, broadcasts them once, and learns h by distributed stochastic
 * gradient descent; the model holds all keys.
 *
 * <p>Cost: one exponential per pair of rows and pass, n^2 pairs a pass. Memory: the keys twice on
 * every executor and once on the driver, 8 (d + 3) bytes each. With equal data, parameters and
 * version the result has the same bits on any number of partitions and executors.
 *
 * <p>Errors: {@link DataException} with one sentence for data that cannot be used (missing or
 * non-numeric column, unusable rows with handleInvalid error, no positive weight, fewer than two
 * rows to learn from).
 */
public final class KernelRegression extends Estimator<KernelRegressionModel>
    implements KernelRegressionParams, DefaultParamsWritable {
  private static final long serialVersionUID = 1;
  private static final Logger LOG = LoggerFactory.getLogger(KernelRegression.class);

  private final String uid;
  private final ParamDefinitions definitions;

  public KernelRegression() {
    this(Identifiable$.MODULE$.randomUID("kernelRegression"));
  }

  public KernelRegression(String uid) {
    this.uid = uid;
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

  @Override
  public StructType transformSchema(StructType schema) {
    Columns.requireFeatures(schema, getFeaturesCol());
    Columns.requireNumeric(schema, getLabelCol(), "labelCol");
    if (!getWeightCol().isEmpty()) {
      Columns.requireNumeric(schema, getWeightCol(), "weightCol");
    }
    if (getSolver().equals("fixed") && !isDefined(width())) {
      throw new IllegalArgumentException("solver fixed needs width, which is not set");
    }
    return OutputColumns.append(schema, this);
  }

  @Override
  public KernelRegressionModel fit(Dataset<?> dataset) {
    long started = System.nanoTime();
    transformSchema(dataset.schema());
    SparkSession session = dataset.sparkSession();
    try (FitProgress progress = new FitProgress(session)) {
      TrainingRows rows = TrainingRows.read(dataset, this);
      LOG.info("{}", rows.choice().reason());
      progress.read(rows);
      return fit(session, rows, progress, started);
    }
  }

  private KernelRegressionModel fit(
      SparkSession session, TrainingRows rows, FitProgress progress, long started) {
    JavaSparkContext spark = JavaSparkContext.fromSparkContext(session.sparkContext());
    KeyStore keys = rows.keys();
    boolean learns = !getSolver().equals("fixed");
    if (learns && keys.keys().numKeys() < 2) {
      throw new DataException(
          "leave-one-out needs two rows with positive weight that may attend to each other, but"
              + " there is "
              + keys.keys().numKeys());
    }
    try (Engine engine = keys.objective(spark, getNumPartitions(), getAggregationDepth());
        EvaluationLog log = FitCheckpoint.open(session, this, keys)) {
      Objective watched = new WatchedObjective(engine, getOnCancel().equals("keep"));
      RecordedObjective objective = new RecordedObjective(watched, log);
      Learned steps =
          learns
              ? learn(objective, scales(keys, spark), keys.keys().dim(), progress)
              : Learned.given(given(keys.keys().dim()));
      progress.say("leave-one-out loss at the final widths");
      Learned learned = steps.evaluated(objective, measured(objective));
      LOG.info("{}", learned.stopReason());
      double seconds = (System.nanoTime() - started) / 1e9;
      KernelRegressionTrainingSummary summary =
          new KernelRegressionTrainingSummary(
              rows, learned, reduction(), objective.replayed(), seconds);
      RegardMetrics.loss(summary.looLoss());
      KernelRegressionModel model =
          new KernelRegressionModel(uid, keys, learned.inverseWidths()).withSummary(summary);
      return copyValues(model.setParent(this), ParamMap.empty());
    }
  }

  private Batch measured(Objective objective) {
    double fraction = getSolver().equals("fixed") ? 1 : getMiniBatchFraction();
    return Batch.measured(fraction, getSeed(), objective.numRows());
  }

  private FeatureScales scales(KeyStore keys, JavaSparkContext spark) {
    return FeatureScales.of(keys.sample(spark), keys.keys().numKeys(), !getPerFeatureWidth());
  }

  private Learned learn(
      Objective objective, FeatureScales scales, int dim, WidthOptimizer.Progress progress) {
    boolean log = getParametrization().equals("log");
    StartScan.Start start =
        isDefined(width())
            ? new StartScan.Start(given(dim), 0)
            : StartScan.find(objective, scales, getSeed());
    WidthOptimizer optimizer =
        log
            ? new PreconditionedSgd(
                getStepSize(),
                getMaxIter(),
                getTol(),
                reduction(),
                getMiniBatchFraction(),
                getSeed(),
                scales)
            : new PlainSgd(
                getStepSize(), getMaxIter(), reduction(), getMiniBatchFraction(), getSeed());
    return optimizer.learn(objective, start.inverseWidths(), progress).after(start.passes());
  }

  /** The inverse widths that the user gave, one for all features or one per feature. */
  private double[] given(int dim) {
    double[] inverse = Arrays.stream(getWidth()).map(Checks::inverseOfWidth).toArray();
    boolean fits = inverse.length == 1 || (inverse.length == dim && getPerFeatureWidth());
    if (!fits) {
      throw new IllegalArgumentException(
          "width must be one number%s, but was %s"
              .formatted(
                  getPerFeatureWidth() ? " or one per feature (%d)".formatted(dim) : "",
                  Arrays.toString(getWidth())));
    }
    if (getPerFeatureWidth() && inverse.length < dim) {
      double[] all = new double[dim];
      Arrays.fill(all, inverse[0]);
      return all;
    }
    return inverse;
  }

  private LossReduction reduction() {
    return LossReduction.valueOf(getLossReduction().toUpperCase(Locale.ROOT));
  }

  @Override
  public KernelRegression copy(ParamMap extra) {
    return defaultCopy(extra);
  }

  /** Reads an estimator that {@code write().save(path)} saved. */
  public static MLReader<KernelRegression> read() {
    return new DefaultParamsReader<>();
  }

  /** Loads an estimator that {@code save(path)} saved. */
  public static KernelRegression load(String path) {
    return read().load(path);
  }

  public KernelRegression setFeaturesCol(String value) {
    set(featuresCol(), value);
    return this;
  }

  public KernelRegression setLabelCol(String value) {
    set(labelCol(), value);
    return this;
  }

  public KernelRegression setWeightCol(String value) {
    set(weightCol(), value);
    return this;
  }

  public KernelRegression setPredictionCol(String value) {
    set(predictionCol(), value);
    return this;
  }

  public KernelRegression setAttentionWeightsCol(String value) {
    set(attentionWeightsCol(), value);
    return this;
  }

  public KernelRegression setHandleInvalid(String value) {
    set(handleInvalid(), value);
    return this;
  }

  /** One width for all features; see {@link #setWidth(double[])} for one per feature. */
  public KernelRegression setWidth(double value) {
    return setWidth(new double[] {value});
  }

  public KernelRegression setWidth(double[] value) {
    set(width(), value.clone());
    return this;
  }

  public KernelRegression setPerFeatureWidth(boolean value) {
    set(perFeatureWidth(), value);
    return this;
  }

  public KernelRegression setSolver(String value) {
    set(solver(), value);
    return this;
  }

  public KernelRegression setParametrization(String value) {
    set(parametrization(), value);
    return this;
  }

  public KernelRegression setLossReduction(String value) {
    set(lossReduction(), value);
    return this;
  }

  public KernelRegression setStepSize(double value) {
    set(stepSize(), value);
    return this;
  }

  public KernelRegression setMaxIter(int value) {
    set(maxIter(), value);
    return this;
  }

  public KernelRegression setTol(double value) {
    set(tol(), value);
    return this;
  }

  public KernelRegression setMiniBatchFraction(double value) {
    set(miniBatchFraction(), value);
    return this;
  }

  public KernelRegression setSeed(long value) {
    set(seed(), value);
    return this;
  }

  public KernelRegression setEngine(String value) {
    set(engine(), value);
    return this;
  }

  public KernelRegression setStagingDir(String value) {
    set(stagingDir(), value);
    return this;
  }

  public KernelRegression setNumPartitions(int value) {
    set(numPartitions(), value);
    return this;
  }

  public KernelRegression setAggregationDepth(int value) {
    set(aggregationDepth(), value);
    return this;
  }

  /** A folder that the fit goes on from when it is started again. */
  public KernelRegression setCheckpointDir(String value) {
    set(checkpointDir(), value);
    return this;
  }

  public KernelRegression setCheckpointInterval(int value) {
    set(checkpointInterval(), value);
    return this;
  }

  /** What a fit does whose Spark jobs are cancelled: discard or keep. */
  public KernelRegression setOnCancel(String value) {
    set(onCancel(), value);
    return this;
  }
}
