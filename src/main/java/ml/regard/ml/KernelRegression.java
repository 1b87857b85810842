package ml.regard.ml;

import java.util.Arrays;
import java.util.Optional;
import java.util.OptionalDouble;
import ml.regard.DataException;
import ml.regard.engine.Calibration;
import ml.regard.engine.Engine;
import ml.regard.engine.KeyStore;
import ml.regard.engine.MemoryStore;
import ml.regard.engine.RegardMetrics;
import ml.regard.engine.WatchedObjective;
import ml.regard.engine.Widths;
import ml.regard.kernel.LeaveOut;
import ml.regard.kernel.PackedKeys;
import ml.regard.optim.EvaluationLog;
import ml.regard.optim.FeatureScales;
import ml.regard.optim.Learned;
import ml.regard.optim.Objective;
import ml.regard.optim.RecordedObjective;
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
 * <p>With groupCol a row attends to keys of its own group alone, with timeCol to strictly earlier
 * ones, here and in the model; rows without such a key have no residual and are counted.
 *
 * <p>Cost: one exponential per pair of sites in reach and pass, at most n^2 pairs a pass; with
 * engine lattice next to none. Memory: with engine broadcast the keys twice on every executor and
 * once on the driver, 8 d + 36 bytes each; else once over all executors or in files. With equal
 * data, parameters and version the result has the same bits on any number of partitions and
 * executors.
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
    if (TrainingRows.leaveOut(this) == LeaveOut.FOLD) {
      Columns.require(schema, getLeaveOut(), "leaveOut");
    }
    if (!getValidationIndicatorCol().isEmpty()) {
      Columns.requireBoolean(schema, getValidationIndicatorCol(), "validationIndicatorCol");
    }
    if (!getKeyIdCol().isEmpty()) {
      Columns.requireAtomic(schema, getKeyIdCol(), "keyIdCol");
    }
    MaskColumns.require(schema, this);
    requireCompatible();
    return OutputColumns.append(schema, this);
  }

  /** Refuses parameters that say nothing together. */
  private void requireCompatible() {
    if (getSolver().equals("fixed") && !isDefined(width())) {
      throw new IllegalArgumentException("solver fixed needs width, which is not set");
    }
    boolean inverse = getParametrization().equals("inverse");
    if (inverse && !getSolver().equals("sgd")) {
      throw new IllegalArgumentException(
          "parametrization inverse needs solver sgd, but solver is " + getSolver());
    }
    boolean aicc = getCriterion().equals("aicc");
    if (aicc && inverse) {
      throw new IllegalArgumentException("criterion aicc needs parametrization log, not inverse");
    }
    if (aicc && !getLeaveOut().equals("row")) {
      throw new IllegalArgumentException(
          "criterion aicc leaves nothing out, but leaveOut is " + getLeaveOut());
    }
    boolean ofRows = getCalibration().equals("cv+") || getCalibration().equals("split");
    if (ofRows && TrainingRows.leaveOut(this) == LeaveOut.FOLD) {
      throw new IllegalArgumentException(
          "calibration %s takes rows apart that leaveOut %s says depend on each other: take calibration loo"
              .formatted(getCalibration(), getLeaveOut()));
    }
    if (!getValidationIndicatorCol().isEmpty()
        && (inverse || new WidthLearning(this).isMiniBatch())) {
      throw new IllegalArgumentException(
          "validationIndicatorCol stops solver newton, and sgd in log widths without"
              + " miniBatchFraction, but not these steps");
    }
    requireCompatibleMasks();
  }

  private void requireCompatibleMasks() {
    boolean timed = !getTimeCol().isEmpty();
    if (timed && !getLeaveOut().equals("row")) {
      throw new IllegalArgumentException(
          "timeCol leaves out every row that is not earlier, and needs leaveOut row, but leaveOut is "
              + getLeaveOut());
    }
    if (timed && getCriterion().equals("aicc")) {
      throw new IllegalArgumentException(
          "timeCol leaves rows out, and needs criterion loo, but criterion is aicc");
    }
    if (!getFitBefore().isEmpty() && getCalibration().equals("cv+")) {
      throw new IllegalArgumentException(
          "calibration cv+ takes all keys apart, but fitBefore learns from some alone: take calibration loo or split");
    }
    if (!timed && !getFitBefore().isEmpty()) {
      throw new IllegalArgumentException("fitBefore needs timeCol, which is not set");
    }
    if (getGroupWidths().equals("own")) {
      requireNone("checkpointDir", getCheckpointDir());
      requireNone("validationIndicatorCol", getValidationIndicatorCol());
    }
    if (getGroupCol().isEmpty() && getGroupWidths().equals("own")) {
      throw new IllegalArgumentException("groupWidths own needs groupCol, which is not set");
    }
  }

  private static void requireNone(String param, String value) {
    if (!value.isEmpty()) {
      throw new IllegalArgumentException(
          "groupWidths own has no %s, but it is %s".formatted(param, value));
    }
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
      return fit(session, dataset.schema(), rows, progress, started);
    }
  }

  private KernelRegressionModel fit(
      SparkSession session,
      StructType schema,
      TrainingRows rows,
      FitProgress progress,
      long started) {
    JavaSparkContext spark = JavaSparkContext.fromSparkContext(session.sparkContext());
    if (new WidthLearning(this).learns()) {
      rows.requirePairs();
    }
    Fitted fitted =
        getGroupWidths().equals("own")
            ? learnGroups(spark, rows, progress)
            : learn(session, rows, progress);
    fitted.loss.warnings(fitted.scales, fitted.learned).forEach(LOG::warn);
    LOG.info("{}", fitted.loss.stopReason());
    double passes = fitted.learned.passes() + fitted.loss.passes();
    Calibration calibration =
        fitted.learned.cancelled()
            ? null
            : CalibratedFit.of(spark, this, rows, fitted.widths, passes, progress);
    KernelRegressionTrainingSummary summary =
        new KernelRegressionTrainingSummary(
            rows,
            fitted.learned,
            fitted.loss,
            fitted.scales,
            new WidthLearning(this).reduction(),
            fitted.handedOver,
            fitted.replayed,
            (System.nanoTime() - started) / 1e9);
    RegardMetrics.loss(summary.looLoss());
    KernelRegressionModel model =
        new KernelRegressionModel(uid, rows.keys().withoutFolds(), fitted.widths)
            .withSummary(summary)
            .withTimeKind(MaskColumns.kind(schema, this))
            .withCalibration(calibration);
    copyValues(model.setParent(this), ParamMap.empty());
    return getCompact() ? model.compact(spark) : model;
  }

  /** What came of learning. */
  private record Fitted(
      Widths widths,
      Learned learned,
      FinalLoss loss,
      FeatureScales scales,
      OptionalDouble handedOver,
      int replayed) {}

  /** Widths for all queries. */
  private Fitted learn(SparkSession session, TrainingRows rows, FitProgress progress) {
    JavaSparkContext spark = JavaSparkContext.fromSparkContext(session.sparkContext());
    KeyStore keys = rows.learned();
    WidthLearning learning = new WidthLearning(this);
    try (Engine engine =
            keys.objective(spark, getNumPartitions(), getAggregationDepth(), getAnswerTolerance());
        Engine held = validation(spark, rows);
        EvaluationLog log = FitCheckpoint.open(session, this, rows)) {
      boolean keep = getOnCancel().equals("keep");
      RecordedObjective objective = new RecordedObjective(new WatchedObjective(engine, keep), log);
      Optional<Objective> validation =
          Optional.ofNullable(held)
              .map(rest -> new RecordedObjective(new WatchedObjective(rest, keep), log));
      FeatureScales scales = scales(spark, keys);
      Learned learned = learning.learn(objective, validation, scales, keys.keys().dim(), progress);
      progress.say("leave-one-out loss at the final widths");
      FinalLoss loss =
          FinalLoss.of(learned, objective, learning.measured(learned, objective), this, keys);
      return new Fitted(
          Widths.shared(learned.inverseWidths()),
          learned,
          loss,
          scales,
          engine.handedOver(),
          objective.replayed());
    }
  }

  /** Widths of each group. */
  private Fitted learnGroups(JavaSparkContext spark, TrainingRows rows, FitProgress progress) {
    progress.say("the widths of each group");
    PackedKeys all = (PackedKeys) rows.keys().keys();
    PackedKeys learned = (PackedKeys) rows.learned().keys();
    GroupLearning groups = GroupLearning.run(spark, all, learned, this);
    FeatureScales scales = scales(spark, rows.learned());
    double[] rule = Arrays.stream(scales.ruleOfThumb()).map(h -> 1 / h).toArray();
    return new Fitted(
        groups.widths(),
        Learned.kept(rule, groups.loss().stopReason()),
        groups.loss(),
        scales,
        OptionalDouble.empty(),
        0);
  }

  private FeatureScales scales(JavaSparkContext spark, KeyStore keys) {
    return FeatureScales.of(keys.sample(spark), keys.keys().numKeys(), !getPerFeatureWidth());
  }

  /** The errors of the rows held out; null where there are none. */
  private Engine validation(JavaSparkContext spark, TrainingRows rows) {
    return rows.validation()
        .map(
            held ->
                ((MemoryStore) rows.learned())
                    .validation(
                        spark,
                        held,
                        getNumPartitions(),
                        getAggregationDepth(),
                        getAnswerTolerance()))
        .orElse(null);
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

  public KernelRegression setErrorBoundCol(String value) {
    set(errorBoundCol(), value);
    return this;
  }

  public KernelRegression setAttentionWeightsCol(String value) {
    set(attentionWeightsCol(), value);
    return this;
  }

  public KernelRegression setStandardErrorCol(String value) {
    set(standardErrorCol(), value);
    return this;
  }

  public KernelRegression setConfidence(double value) {
    set(confidence(), value);
    return this;
  }

  public KernelRegression setBandCol(String value) {
    set(bandCol(), value);
    return this;
  }

  public KernelRegression setIntervalCol(String value) {
    set(intervalCol(), value);
    return this;
  }

  public KernelRegression setCalibration(String value) {
    set(calibration(), value);
    return this;
  }

  public KernelRegression setEffectiveKeysCol(String value) {
    set(effectiveKeysCol(), value);
    return this;
  }

  public KernelRegression setSupportCol(String value) {
    set(supportCol(), value);
    return this;
  }

  public KernelRegression setMarginalEffectCol(String value) {
    set(marginalEffectCol(), value);
    return this;
  }

  public KernelRegression setOutsideSupport(String value) {
    set(outsideSupport(), value);
    return this;
  }

  public KernelRegression setSupportThreshold(double value) {
    set(supportThreshold(), value);
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

  /** What learning makes small: loo or aicc. */
  public KernelRegression setCriterion(String value) {
    set(criterion(), value);
    return this;
  }

  /** What a row does not attend to: row, ties, or the name of a column. */
  public KernelRegression setLeaveOut(String value) {
    set(leaveOut(), value);
    return this;
  }

  /** A boolean column that is true for the rows held out. */
  public KernelRegression setValidationIndicatorCol(String value) {
    set(validationIndicatorCol(), value);
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

  public KernelRegression setAnswerTolerance(double value) {
    set(answerTolerance(), value);
    return this;
  }

  /** Whether the model keeps the nodes of a lattice in the place of its keys. */
  public KernelRegression setCompact(boolean value) {
    set(compact(), value);
    return this;
  }

  public KernelRegression setPrecision(String value) {
    set(precision(), value);
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

  /** The column of the keys that carry each prediction. */
  public KernelRegression setAttentionCol(String value) {
    set(attentionCol(), value);
    return this;
  }

  /** How many keys the column of {@link #setAttentionCol} names. */
  public KernelRegression setTopKeys(int value) {
    set(topKeys(), value);
    return this;
  }

  /** The column of the quantiles of the labels under the attention. */
  public KernelRegression setQuantilesCol(String value) {
    set(quantilesCol(), value);
    return this;
  }

  /** The probabilities of the column of {@link #setQuantilesCol}. */
  public KernelRegression setQuantiles(double[] value) {
    set(quantiles(), value.clone());
    return this;
  }

  /** The column with a name for each training row. */
  public KernelRegression setKeyIdCol(String value) {
    set(keyIdCol(), value);
    return this;
  }

  /** The column with the group of each row: a row attends to keys of its own group alone. */
  public KernelRegression setGroupCol(String value) {
    set(groupCol(), value);
    return this;
  }

  /** The column with the time of each row: a row attends to strictly earlier keys alone. */
  public KernelRegression setTimeCol(String value) {
    set(timeCol(), value);
    return this;
  }

  /** The time before which rows are learned from; the others are keys only. */
  public KernelRegression setFitBefore(String value) {
    set(fitBefore(), value);
    return this;
  }

  /** Whose widths are learned: shared or own. */
  public KernelRegression setGroupWidths(String value) {
    set(groupWidths(), value);
    return this;
  }
}
