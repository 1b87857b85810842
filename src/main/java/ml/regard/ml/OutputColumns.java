package ml.regard.ml;

import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import ml.regard.kernel.AttendedKey;
import ml.regard.kernel.NormalQuantile;
import ml.regard.kernel.Terms;
import ml.regard.ml.OutputColumn.Needs;
import org.apache.spark.ml.linalg.SQLDataTypes;
import org.apache.spark.ml.linalg.Vectors;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import scala.collection.mutable.ArraySeq;

/** The columns that {@code transform} appends, in order; one whose name is empty is left out. */
final class OutputColumns {
  private static final StructType KEY =
      new StructType()
          .add("position", DataTypes.LongType, false)
          .add("weight", DataTypes.DoubleType, false)
          .add("key", DataTypes.createArrayType(DataTypes.DoubleType, false), false)
          .add("value", DataTypes.DoubleType, false)
          .add("id", DataTypes.StringType, true);

  private static final StructType ENDS =
      new StructType()
          .add("lower", DataTypes.DoubleType, false)
          .add("upper", DataTypes.DoubleType, false);

  private OutputColumns() {}

  static List<OutputColumn> of(KernelRegressionParams params) {
    DataType number = DataTypes.DoubleType;
    DataType vector = SQLDataTypes.VectorType();
    double normal = -NormalQuantile.of((1 - params.getConfidence()) / 2);
    int topKeys = params.getTopKeys();
    double[] quantiles = params.getQuantiles();
    return Stream.of(
            prediction(params),
            new OutputColumn(
                "errorBoundCol",
                params.getErrorBoundCol(),
                number,
                true,
                (answers, i) -> answers.errorBound(i),
                null,
                Needs.VALUES),
            new OutputColumn(
                "standardErrorCol",
                params.getStandardErrorCol(),
                number,
                true,
                (answers, i) -> answers.standardError(i),
                null,
                Needs.RESIDUALS),
            new OutputColumn(
                "intervalCol",
                params.getIntervalCol(),
                ENDS,
                true,
                (answers, i) -> ends(answers.interval(i)),
                null,
                Needs.SCORES),
            new OutputColumn(
                "bandCol",
                params.getBandCol(),
                ENDS,
                true,
                (answers, i) -> ends(answers.band(i, normal)),
                null,
                Needs.RESIDUALS),
            detail(
                "effectiveKeysCol",
                params.getEffectiveKeysCol(),
                number,
                (answers, i) -> answers.effectiveKeys(i)),
            detail(
                "supportCol", params.getSupportCol(), number, (answers, i) -> answers.support(i)),
            detail(
                "marginalEffectCol",
                params.getMarginalEffectCol(),
                vector,
                (answers, i) -> Vectors.dense(answers.marginalEffect(i))),
            new OutputColumn(
                "attentionWeightsCol",
                params.getAttentionWeightsCol(),
                vector,
                true,
                (answers, i) -> Vectors.dense(answers.weights(i)),
                null,
                Needs.KEYS),
            new OutputColumn(
                "attentionCol",
                params.getAttentionCol(),
                DataTypes.createArrayType(KEY, false),
                true,
                (answers, i) -> keys(answers.topKeys(topKeys)[i]),
                null,
                Needs.KEYS),
            new OutputColumn(
                "quantilesCol",
                params.getQuantilesCol(),
                DataTypes.createArrayType(DataTypes.DoubleType, false),
                true,
                (answers, i) -> ArraySeq.make(answers.quantiles(quantiles)[i]),
                null,
                Needs.KEYS))
        .filter(column -> !column.name().isEmpty())
        .toList();
  }

  /** The prediction; its support is asked for only where a threshold tells what is outside. */
  private static OutputColumn prediction(KernelRegressionParams params) {
    OutsideSupport outside = OutsideSupport.of(params);
    return new OutputColumn(
        outside.matters() ? "outsideSupport" : "predictionCol",
        params.getPredictionCol(),
        DataTypes.DoubleType,
        false,
        outside.matters()
            ? (answers, i) -> outside.prediction(answers, i)
            : (answers, i) -> answers.pooled(i),
        Double.NaN,
        outside.matters() ? Needs.DETAIL : Needs.VALUES);
  }

  private static OutputColumn detail(
      String param, String name, DataType type, OutputColumn.Cell cell) {
    return new OutputColumn(param, name, type, true, cell, null, Needs.DETAIL);
  }

  /** The sums that all of them need. */
  static Terms terms(KernelRegressionParams params) {
    return of(params).stream().anyMatch(column -> column.needs().isDetail())
        ? Terms.DETAIL
        : Terms.VALUE;
  }

  /** Whether one of them needs what a model knows of its errors. */
  static boolean needCalibration(KernelRegressionParams params) {
    return of(params).stream().anyMatch(column -> column.needs().isCalibrated());
  }

  private static Row ends(double[] ends) {
    return RowFactory.create(ends[0], ends[1]);
  }

  private static ArraySeq<Row> keys(AttendedKey[] keys) {
    return ArraySeq.make(
        Arrays.stream(keys)
            .map(
                key ->
                    RowFactory.create(
                        (long) key.position(),
                        key.weight(),
                        ArraySeq.make(key.features()),
                        key.value(),
                        key.id()))
            .toArray(Row[]::new));
  }

  static StructType append(StructType schema, KernelRegressionParams params) {
    StructType out = schema;
    for (OutputColumn column : of(params)) {
      out = Columns.append(out, column.name(), column.type(), column.nullable());
    }
    return out;
  }
}
