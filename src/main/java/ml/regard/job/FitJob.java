package ml.regard.job;

import static org.apache.spark.sql.functions.lit;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import ml.regard.io.FeatureSource;
import ml.regard.io.OutputFolder;
import ml.regard.io.RunManifest;
import ml.regard.kernel.Checks;
import ml.regard.ml.KernelRegression;
import ml.regard.ml.KernelRegressionModel;
import ml.regard.ml.KernelRegressionTrainingSummary;
import org.apache.spark.ml.param.Param;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

@Command(name = "fit", description = "Learn the widths and save a model.")
final class FitJob extends Job {
  private static final String FOLD = "fold";
  private static final String VALIDATION = "validation";
  private static final String KEY_ID = "id";
  private static final String GROUP = "group";
  private static final String TIME = "time";

  enum Solver {
    sgd,
    newton,
    fixed
  }

  enum Criterion {
    loo,
    aicc
  }

  enum Parametrization {
    log,
    inverse
  }

  enum LossReduction {
    mean,
    sum
  }

  enum GroupWidths {
    shared,
    own
  }

  enum OnCancel {
    discard,
    keep
  }

  @Mixin private InputOptions input;

  @Option(
      names = "--features",
      required = true,
      paramLabel = "SQL",
      description = "The features as a SQL select list: x, or hour(date) as hour,distance.")
  private String features;

  @Option(
      names = "--label",
      required = true,
      paramLabel = "SQL",
      description = "The label: a column or a SQL expression.")
  private String label;

  @Option(
      names = "--weight",
      paramLabel = "SQL",
      description = "The importance weight, >= 0 (default: 1).")
  private String weight;

  @Option(
      names = "--key-id",
      paramLabel = "SQL",
      description =
          "A name for each row, a column or SQL expression, which the model keeps to say later which"
              + " rows carried a prediction.")
  private String keyId;

  @Option(
      names = "--group",
      paramLabel = "SQL",
      description =
          "The group of each row, a column or SQL expression: a row attends only to rows of its own"
              + " group, here and in score.")
  private String group;

  @Option(
      names = "--group-widths",
      paramLabel = "NAME",
      description =
          "shared by all groups, or own, learned for each from its rows (default: shared).")
  private GroupWidths groupWidths;

  @Option(
      names = "--time",
      paramLabel = "SQL",
      description =
          "The time of each row, a timestamp, a date or a whole number: a row attends only to rows"
              + " strictly earlier, here and in score.")
  private String time;

  @Option(
      names = "--fit-before",
      paramLabel = "TIME",
      description =
          "Learn from the rows earlier than this alone; the others are keys only (default: learn from"
              + " all).")
  private String fitBefore;

  @Option(names = "--model", required = true, paramLabel = "DIR", description = "Folder to write.")
  private String model;

  @Option(
      names = "--report",
      paramLabel = "DIR",
      description = "Also write a report with figures to this folder.")
  private String report;

  @Option(
      names = "--width",
      paramLabel = "H[,H...]",
      converter = NumberList.Converter.class,
      description =
          "The width, one for all features or one per feature: where learning starts, or what"
              + " --solver fixed uses (default: found by a scan).")
  private NumberList width;

  @Option(names = "--shared-width", description = "Learn one width for all features.")
  private boolean sharedWidth;

  @Option(
      names = "--solver",
      paramLabel = "NAME",
      description =
          "sgd; newton for second-order steps to the end over all rows; or fixed to take --width as"
              + " it is (default: sgd).")
  private Solver solver;

  @Option(
      names = "--criterion",
      paramLabel = "NAME",
      description =
          "loo, the error of each row without itself, or aicc, the corrected Akaike criterion"
              + " (default: loo).")
  private Criterion criterion;

  @Option(
      names = "--leave-out",
      paramLabel = "row|ties|SQL",
      description =
          "What a row does not attend to while widths are learned: row, itself; ties, every row with"
              + " its features; or every row with its value of a column or SQL expression"
              + " (default: row).")
  private String leaveOut;

  @Option(
      names = "--validation",
      paramLabel = "SQL",
      description =
          "A condition: rows where it is true are no keys, and learning stops when their error no"
              + " longer falls.")
  private String validation;

  @Option(
      names = "--parametrization",
      paramLabel = "NAME",
      description = "log, or inverse for the textbook's plain steps (default: log).")
  private Parametrization parametrization;

  @Option(
      names = "--loss-reduction",
      paramLabel = "NAME",
      description = "mean or sum (default: mean).")
  private LossReduction lossReduction;

  @Option(
      names = "--step-size",
      paramLabel = "LR",
      description = "Learning rate (inverse), or share of each mini-batch's step (default: 1).")
  private Double stepSize;

  @Option(
      names = "--max-iter",
      paramLabel = "N",
      description = "Largest number of steps (default: 100).")
  private Integer maxIter;

  @Option(
      names = "--tol",
      paramLabel = "T",
      description =
          "Stop when a step promises less than this share of the loss (sgd), or the gradient has"
              + " fallen to this share (newton) (default: 1e-8).")
  private Double tol;

  @Option(
      names = "--mini-batch-fraction",
      paramLabel = "P",
      description =
          "Share of the rows in each step of sgd; 0 for as many as the step needs (default: 0).")
  private Double miniBatchFraction;

  @Option(
      names = "--seed",
      paramLabel = "S",
      description = "Seed of the choice of rows (default: 42).")
  private Long seed;

  @Option(
      names = "--engine",
      paramLabel = "NAME",
      description =
          "broadcast, partitioned for keys that do not fit in memory, lattice for up to three features"
              + " and many rows, or auto (default: auto).")
  private EngineName engine;

  @Option(
      names = "--answer-tolerance",
      paramLabel = "T",
      description =
          "By how much a prediction may be off from that of all keys, as a share of the standard"
              + " deviation of the labels (default: 1e-8; 0: not by a bit).")
  private Double answerTolerance;

  @Option(
      names = "--calibration",
      paramLabel = "NAME",
      converter = CalibrationName.Converter.class,
      description =
          "What the model keeps of its errors, for score --with standardError,interval,band: loo, the"
              + " residual and score of each row, two passes over all pairs; cv+, the score of each row"
              + " without its fold of ten; split, the scores of one row in five, which is held out; or none"
              + " (default: loo, where learning took a pass or more).")
  private CalibrationName calibration;

  @Option(
      names = "--compact",
      description =
          "Save the nodes of a lattice in the place of the keys: a small model, good for predictions at"
              + " the learned widths alone.")
  private boolean compact;

  @Option(
      names = "--staging",
      paramLabel = "DIR",
      description =
          "Where engine partitioned or lattice keeps its keys during the fit; every executor must reach it"
              + " (default: beside --model).")
  private String staging;

  @Option(
      names = "--partitions",
      paramLabel = "P",
      description = "Tasks per pass (default: by its pairs, at least three per core).")
  private Integer partitions;

  @Option(
      names = "--handle-invalid",
      paramLabel = "NAME",
      description = "Rows that cannot be used: error, skip or keep (default: error).")
  private HandleInvalid handleInvalid;

  @Option(
      names = "--checkpoint",
      paramLabel = "DIR",
      description =
          "Keep what the fit has evaluated in this folder; the same command goes on from there.")
  private String checkpoint;

  @Option(
      names = "--checkpoint-interval",
      paramLabel = "N",
      description =
          "Evaluations from one write to --checkpoint to the next; -1: only read (default: 1).")
  private Integer checkpointInterval;

  @Option(
      names = "--on-cancel",
      paramLabel = "NAME",
      description =
          "What a fit does that is cancelled or told to stop (SIGTERM): discard, or keep the best"
              + " widths so far and save the model (default: discard).")
  private OnCancel onCancel;

  @Option(names = "--overwrite", description = "Replace model and report when they exist.")
  private boolean overwrite;

  @Override
  void check() {
    for (double h : width == null ? new double[0] : width.values()) {
      if (!Checks.usableWidth(h)) {
        throw wrong("--width", "positive, finite and at least 1e-150", h);
      }
    }
    if (solver == Solver.fixed && width == null) {
      throw wrong("--width", "given with --solver fixed", "missing");
    }
    requirePositive("--step-size", stepSize);
    requireAtLeast("--max-iter", 0, maxIter);
    if (tol != null && !(tol >= 0)) {
      throw wrong("--tol", "at least 0", tol);
    }
    requireShare("--mini-batch-fraction", miniBatchFraction);
    requireShare("--answer-tolerance", answerTolerance);
    if (parametrization == Parametrization.inverse && solver != null && solver != Solver.sgd) {
      throw wrong("--solver", "sgd with --parametrization inverse", solver);
    }
    if (criterion == Criterion.aicc && parametrization == Parametrization.inverse) {
      throw wrong("--parametrization", "log with --criterion aicc", parametrization);
    }
    if (criterion == Criterion.aicc && leaveOut != null && !leaveOut.equals("row")) {
      throw wrong("--leave-out", "row with --criterion aicc, which leaves nothing out", leaveOut);
    }
    boolean plain = parametrization == Parametrization.inverse || solver == Solver.fixed;
    boolean mini =
        miniBatchFraction != null
            && miniBatchFraction > 0
            && miniBatchFraction < 1
            && solver != Solver.newton;
    if (validation != null && (plain || mini)) {
      throw wrong(
          "--validation",
          "without --solver fixed, --parametrization inverse and --mini-batch-fraction",
          validation);
    }
    if (groupWidths == GroupWidths.own && group == null) {
      throw wrong("--group-widths", "shared without --group", groupWidths);
    }
    if (groupWidths == GroupWidths.own && (validation != null || checkpoint != null)) {
      throw wrong("--group-widths", "shared with --validation or --checkpoint", groupWidths);
    }
    if (fitBefore != null && time == null) {
      throw wrong("--fit-before", "with --time", fitBefore);
    }
    if (time != null && leaveOut != null && !leaveOut.equals("row")) {
      throw wrong("--leave-out", "row with --time, which leaves out all that is later", leaveOut);
    }
    if (time != null && criterion == Criterion.aicc) {
      throw wrong("--criterion", "loo with --time", criterion);
    }
    if (fitBefore != null && calibration == CalibrationName.CV_PLUS) {
      throw wrong("--calibration", "loo, split or none with --fit-before", calibration);
    }
    requireAtLeast("--partitions", 1, partitions);
    boolean ofRows = calibration == CalibrationName.CV_PLUS || calibration == CalibrationName.SPLIT;
    if (ofRows && isFold()) {
      throw wrong("--calibration", "loo or none with --leave-out SQL", calibration);
    }
    if (ofRows && (compact || engine == EngineName.lattice)) {
      throw wrong("--calibration", "loo or none with a lattice", calibration);
    }
    if (compact && engine != null && engine != EngineName.auto && engine != EngineName.lattice) {
      throw wrong("--engine", "lattice or auto with --compact", engine);
    }
    if (compact && answerTolerance != null && answerTolerance == 0) {
      throw wrong("--answer-tolerance", "above 0 with --compact", answerTolerance);
    }
    if (checkpointInterval != null && checkpointInterval != -1 && checkpointInterval < 1) {
      throw wrong("--checkpoint-interval", "at least 1, or -1", checkpointInterval);
    }
  }

  @Override
  Map<String, Object> run(SparkSession spark) {
    KernelRegression estimator = estimator();
    RunManifest manifest = manifest(spark).with("params", params(estimator));
    requireApart(spark, "--model", model, input.data, report, checkpoint);
    if (report != null) {
      requireApart(spark, "--report", report, input.data, model, checkpoint);
    }
    if (checkpoint != null) {
      requireApart(spark, "--checkpoint", checkpoint, input.data, model, report);
    }
    String workPlace = staging == null ? model : staging + "/regard";
    try (OutputFolder modelFolder = OutputFolder.stage(spark, model, overwrite);
        OutputFolder work = OutputFolder.stage(spark, workPlace, true); // never committed
        OutputFolder reportFolder =
            report == null ? null : OutputFolder.stage(spark, report, overwrite)) {
      estimator.setStagingDir(work.stagedPath());
      Dataset<Row> table = input.read(spark);
      FeatureSource source = FeatureSource.resolve(table, features).masked(group, time);
      checkWidths(source.names());
      KernelRegressionModel fitted = estimator.fit(training(table, source));
      KernelRegressionTrainingSummary summary = fitted.summary();
      if (onCancel == OnCancel.keep) {
        Termination.waitsFor(spark.sparkContext()); // what is kept is also written
      }
      describe(spark, "writing the model");
      save(fitted, source, modelFolder);
      long used = fitted.numKeys() + summary.heldOutRows();
      writeManifest(manifest.rows(summary.rows(), used, summary.rows() - used), modelFolder);
      modelFolder.commit();
      Map<String, Object> result = result(source.names(), fitted, modelFolder.path());
      if (reportFolder != null) {
        FitReport.write(spark, source.names(), label, fitted, reportFolder);
        writeManifest(manifest, reportFolder);
        reportFolder.commit();
        result.put("report", reportFolder.path());
      }
      return result;
    }
  }

  /** Every parameter as resolved, its default too. */
  private static Map<String, Object> params(KernelRegression estimator) {
    Map<String, Object> params = new LinkedHashMap<>();
    for (Param<?> param : estimator.params()) {
      if (estimator.isDefined(param)) {
        params.put(param.name(), estimator.getOrDefault(param));
      }
    }
    return params;
  }

  private void checkWidths(List<String> names) {
    if (width == null || width.values().length == 1) {
      return;
    }
    if (sharedWidth || width.values().length != names.size()) {
      String limit = sharedWidth ? "one number" : "one number or one per feature " + names;
      throw wrong("--width", limit, width);
    }
  }

  private KernelRegression estimator() {
    KernelRegression estimator = new KernelRegression().setPerFeatureWidth(!sharedWidth);
    if (weight != null) {
      estimator.setWeightCol("weight");
    }
    if (keyId != null) {
      estimator.setKeyIdCol(KEY_ID);
    }
    if (group != null) {
      estimator.setGroupCol(GROUP);
    }
    given(groupWidths).ifPresent(estimator::setGroupWidths);
    if (time != null) {
      estimator.setTimeCol(TIME);
    }
    Optional.ofNullable(fitBefore).ifPresent(estimator::setFitBefore);
    if (width != null) {
      estimator.setWidth(width.values());
    }
    given(solver).ifPresent(estimator::setSolver);
    given(criterion).ifPresent(estimator::setCriterion);
    if (leaveOut != null) {
      estimator.setLeaveOut(isFold() ? FOLD : leaveOut);
    }
    if (validation != null) {
      estimator.setValidationIndicatorCol(VALIDATION);
    }
    given(parametrization).ifPresent(estimator::setParametrization);
    given(lossReduction).ifPresent(estimator::setLossReduction);
    given(engine).ifPresent(estimator::setEngine);
    Optional.ofNullable(answerTolerance).ifPresent(estimator::setAnswerTolerance);
    estimator.setCompact(compact);
    given(calibration).ifPresent(estimator::setCalibration);
    given(onCancel).ifPresent(estimator::setOnCancel);
    Optional.ofNullable(checkpoint).ifPresent(estimator::setCheckpointDir);
    Optional.ofNullable(checkpointInterval).ifPresent(estimator::setCheckpointInterval);
    given(handleInvalid).ifPresent(estimator::setHandleInvalid);
    Optional.ofNullable(stepSize).ifPresent(estimator::setStepSize);
    Optional.ofNullable(maxIter).ifPresent(estimator::setMaxIter);
    Optional.ofNullable(tol).ifPresent(estimator::setTol);
    Optional.ofNullable(miniBatchFraction).ifPresent(estimator::setMiniBatchFraction);
    Optional.ofNullable(seed).ifPresent(estimator::setSeed);
    Optional.ofNullable(partitions).ifPresent(estimator::setNumPartitions);
    return estimator;
  }

  private static Optional<String> given(Enum<?> choice) {
    return Optional.ofNullable(choice).map(Enum::toString);
  }

  private Dataset<Row> training(Dataset<Row> table, FeatureSource source) {
    Column labels = FeatureSource.number(table, "label", label);
    Column weights = weight == null ? lit(1.0) : FeatureSource.number(table, "weight", weight);
    Column folds = isFold() ? FeatureSource.any(table, "leave-out", leaveOut) : lit(0);
    Column held =
        validation == null ? lit(false) : FeatureSource.any(table, "validation", validation);
    Column ids = keyId == null ? lit(null) : FeatureSource.any(table, "key-id", keyId);
    Column groups = group == null ? lit(null) : FeatureSource.any(table, "group", group);
    Column times = time == null ? lit(null) : FeatureSource.any(table, "time", time);
    return source
        .withFeatures(table, "_regard_features")
        .select(
            SavedModel.vector("_regard_features").as("features"),
            labels.as("label"),
            weights.as("weight"),
            folds.as(FOLD),
            held.as(VALIDATION),
            ids.as(KEY_ID),
            groups.as(GROUP),
            times.as(TIME));
  }

  private boolean isFold() {
    return leaveOut != null && !leaveOut.equals("row") && !leaveOut.equals("ties");
  }

  private static void save(
      KernelRegressionModel fitted, FeatureSource source, OutputFolder folder) {
    try {
      fitted.write().save(folder.stagedPath());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    source.save(folder);
  }

  private static Map<String, Object> result(
      List<String> names, KernelRegressionModel fitted, String path) {
    KernelRegressionTrainingSummary summary = fitted.summary();
    Map<String, Object> result = new LinkedHashMap<>();
    if (fitted.hasGroupWidths()) {
      result.put("widths", GroupWidthsSummary.of(names, fitted.widthsByGroup().values()));
    } else {
      result.put("widths", byName(names, fitted.widths()));
      result.put("inverseWidths", byName(names, fitted.inverseWidths()));
    }
    result.put("looLoss", summary.looLoss());
    result.put("looRSquared", summary.looRSquared());
    result.put("looLossWithoutTies", summary.looLossWithoutTies());
    result.put("effectiveDegreesOfFreedom", summary.effectiveDegreesOfFreedom());
    result.put("switchedOff", Arrays.stream(summary.switchedOff()).mapToObj(names::get).toList());
    result.put("rows", summary.rows());
    result.put("rejectedRows", summary.rejectedRows());
    result.put("zeroWeightRows", summary.zeroWeightRows());
    result.put("heldOutRows", summary.heldOutRows());
    result.put("tiedRows", summary.tiedRows());
    result.put("lossRows", summary.lossRows());
    if (fitted.isMasked()) {
      result.put("groups", fitted.numGroups());
      result.put("rowsWithoutKeys", summary.rowsWithoutKeys());
    }
    result.put("solver", fitted.getSolver());
    result.put("criterion", fitted.getCriterion());
    result.put("iterations", summary.totalIterations());
    result.put("passes", summary.passes());
    result.put("stopReason", summary.stopReason());
    result.put("notes", summary.notes());
    result.put("resumedSteps", summary.resumedSteps());
    result.put("engine", summary.engine());
    if (!Double.isNaN(summary.handedOver())) {
      result.put("handedOver", summary.handedOver());
    }
    result.put("compact", !fitted.hasKeys());
    result.put("seconds", summary.seconds());
    result.put("model", path);
    return result;
  }

  private static Map<String, Double> byName(List<String> names, double[] values) {
    Map<String, Double> map = new LinkedHashMap<>();
    for (int f = 0; f < values.length; f++) {
      map.put(names.get(f), values[f]);
    }
    return map;
  }
}
