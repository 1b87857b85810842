package ml.regard.ml;

import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.when;
import static org.apache.spark.sql.functions.xxhash64;

import java.util.Locale;
import java.util.Optional;
import ml.regard.DataException;
import ml.regard.engine.EngineChoice;
import ml.regard.engine.KeyStore;
import ml.regard.kernel.LeaveOut;
import ml.regard.kernel.PackedKeys;
import ml.regard.kernel.RowChunk;
import org.apache.spark.SparkContext;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.ml.attribute.AttributeGroup;
import org.apache.spark.ml.linalg.Vector;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.types.DataTypes;

/**
 * The training rows of a dataset, checked, counted and put where the engine wants them.
 *
 * @param keys the rows of positive weight in canonical order
 * @param validation rows of positive weight that are no keys, where a column tells them apart
 * @param heldOut rows of positive weight that are no keys, with calibration split
 * @param choice the engine, and why
 * @param rows all rows read
 * @param rejected rows that were dropped because a cell cannot be used
 * @param zeroWeights rows that were dropped because their weight is zero
 * @param heldOutRows how many are held out
 */
record TrainingRows(
    KeyStore keys,
    Optional<PackedKeys> validation,
    Optional<JavaRDD<RowChunk>> heldOut,
    EngineChoice choice,
    long rows,
    long rejected,
    long zeroWeights,
    long heldOutRows) {
  static final String FEATURES = "features";
  static final String VALUE = "value";
  static final String WEIGHT = "weight";
  static final String FOLD = "fold";
  static final String VALIDATION = "validation";
  static final String ID = "id";

  /**
   * Counts the rows, chooses the engine by their number, and reads them. An engine that does not do
   * what else is asked for is refused before that.
   *
   * @throws DataException if there are no rows, the vectors differ in size, no weight is positive,
   *     the engine asked for cannot hold them, or, with handleInvalid error, a row cannot be used
   */
  static TrainingRows read(Dataset<?> dataset, KernelRegressionParams params) {
    String asked = asked(params);
    requireServed(params, asked);
    SparkContext spark = dataset.sparkSession().sparkContext();
    Dataset<Row> rows =
        dataset.select(
            Columns.named(params.getFeaturesCol()).as(FEATURES),
            Columns.named(params.getLabelCol()).cast(DataTypes.DoubleType).as(VALUE),
            weight(params).cast(DataTypes.DoubleType).as(WEIGHT),
            fold(params).as(FOLD),
            validation(params).as(VALIDATION),
            id(params).cast(DataTypes.StringType).as(ID));
    int dim = dim(rows);
    EngineChoice.requireFeatures(asked, dim);
    boolean latticeServes = latticeServes(spark, params);
    EngineChoice choice = EngineChoice.of(asked, spark, rows.count(), dim, latticeServes);
    requireServed(params, choice.engine());
    return choice.isBroadcast()
        ? PackedTraining.read(rows, choice, params)
        : StagedTraining.read(rows, choice, params);
  }

  /** A compact model is made of a lattice, however few the rows are. */
  private static String asked(KernelRegressionParams params) {
    String engine = params.getEngine();
    return params.getCompact() && engine.equals(EngineChoice.AUTO) ? EngineChoice.LATTICE : engine;
  }

  private static void requireServed(KernelRegressionParams params, String engine) {
    if (params.getCompact() && !engine.equals(EngineChoice.LATTICE)) {
      throw new DataException(
          "compact needs engine lattice or auto, but the engine is %s".formatted(engine));
    }
    boolean inFiles =
        engine.equals(EngineChoice.PARTITIONED) || engine.equals(EngineChoice.LATTICE);
    Optional<String> obstacle = inFiles ? obstacle(params, engine) : Optional.empty();
    if (obstacle.isPresent()) {
      throw new DataException("%s, but the engine is %s".formatted(obstacle.get(), engine));
    }
  }

  private static boolean latticeServes(SparkContext spark, KernelRegressionParams params) {
    return StagingFolder.isKnown(spark, params.getStagingDir())
        && params.getAnswerTolerance() >= EngineChoice.LATTICE_TOLERANCE
        && obstacle(params, EngineChoice.LATTICE).isEmpty();
  }

  /** What an engine that leaves keys in files does not do. */
  private static Optional<String> obstacle(KernelRegressionParams params, String engine) {
    if (leaveOut(params) == LeaveOut.FOLD) {
      return Optional.of("leaveOut %s needs engine broadcast".formatted(params.getLeaveOut()));
    }
    if (!params.getValidationIndicatorCol().isEmpty()) {
      return Optional.of(
          "validationIndicatorCol %s needs engine broadcast"
              .formatted(params.getValidationIndicatorCol()));
    }
    boolean scores = HeldOut.of(params).any() || params.getCalibration().equals("cv+");
    if (scores && engine.equals(EngineChoice.LATTICE)) {
      return Optional.of(
          "calibration %s needs engine broadcast or partitioned"
              .formatted(params.getCalibration()));
    }
    boolean within = params.getAnswerTolerance() > 0;
    return engine.equals(EngineChoice.LATTICE) && !within
        ? Optional.of("answerTolerance 0 needs engine broadcast or partitioned")
        : Optional.empty();
  }

  /** Stops a fit that may not go on with the rows found; returns their dimension. */
  static void require(
      KernelRegressionParams params, long rows, long rejected, String firstRejected) {
    if (rows == 0) {
      throw new DataException("the training data has no rows");
    }
    if (rejected > 0 && params.getHandleInvalid().equals("error")) {
      throw new DataException(
          "%d of %d training rows cannot be used; the first: %s (handleInvalid is error)"
              .formatted(rejected, rows, firstRejected));
    }
    if (rejected == rows) {
      throw new DataException("none of the %d training rows can be used".formatted(rows));
    }
  }

  static void requireSize(int dim, int size) {
    if (size != dim) {
      throw new DataException(
          "all training rows must have %d features, as the first has, but one has %d"
              .formatted(dim, size));
    }
  }

  static void requireKeys(long keys, long zeroWeights, long heldOut) {
    if (keys == 0) {
      throw heldOut > 0
          ? HeldOut.noKeys(heldOut)
          : new DataException("all %d weights are zero".formatted(zeroWeights));
    }
  }

  /** What is wrong with a row, with the row, or null when it can be used. */
  static String problem(Vector features, Double label, Double weight) {
    String problem = Columns.problem(features);
    if (problem == null && features.size() == 0) {
      problem = "it has no features";
    }
    if (problem == null) {
      problem = Columns.problem("label", label);
    }
    if (problem == null) {
      problem = Columns.problem("weight", weight);
    }
    if (problem == null && weight < 0) {
      problem = "weight is negative";
    }
    return problem == null
        ? null
        : String.format(
            Locale.ROOT, "features %s, label %s, weight %s: %s", features, label, weight, problem);
  }

  /** The dimension that the metadata tells, or the first vector; 0 when there is none. */
  private static int dim(Dataset<Row> rows) {
    int size = AttributeGroup.fromStructField(rows.schema().apply(FEATURES)).size();
    if (size >= 0) {
      return size;
    }
    return rows.where(rows.col(FEATURES).isNotNull()).select(FEATURES).takeAsList(1).stream()
        .mapToInt(row -> row.<Vector>getAs(0).size())
        .findFirst()
        .orElse(0);
  }

  /** What rows that are left out together have in common, as a hash. */
  private static Column fold(KernelRegressionParams params) {
    LeaveOut leaveOut = leaveOut(params);
    if (leaveOut != LeaveOut.FOLD) {
      return lit(0L);
    }
    Column fold = Columns.named(params.getLeaveOut());
    return when(fold.isNotNull(), xxhash64(fold.cast(DataTypes.StringType)));
  }

  private static Column validation(KernelRegressionParams params) {
    String column = params.getValidationIndicatorCol();
    return column.isEmpty() ? lit(false) : Columns.named(column);
  }

  private static Column id(KernelRegressionParams params) {
    return params.getKeyIdCol().isEmpty() ? lit(null) : Columns.named(params.getKeyIdCol());
  }

  /** What the parameter leaveOut means. */
  static LeaveOut leaveOut(KernelRegressionParams params) {
    return switch (params.getLeaveOut()) {
      case "row" -> LeaveOut.ROW;
      case "ties" -> LeaveOut.TIES;
      default -> LeaveOut.FOLD;
    };
  }

  private static Column weight(KernelRegressionParams params) {
    return params.getWeightCol().isEmpty() ? lit(1.0) : Columns.named(params.getWeightCol());
  }
}
