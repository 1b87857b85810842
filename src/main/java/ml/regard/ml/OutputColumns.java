package ml.regard.ml;

import java.util.List;
import java.util.stream.Stream;
import org.apache.spark.ml.linalg.SQLDataTypes;
import org.apache.spark.ml.linalg.Vectors;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;

/** The columns that {@code transform} appends, in order; one whose name is empty is left out. */
final class OutputColumns {
  private OutputColumns() {}

  static List<OutputColumn> of(KernelRegressionParams params) {
    return Stream.of(
            new OutputColumn(
                "predictionCol",
                params.getPredictionCol(),
                DataTypes.DoubleType,
                false,
                (answers, i) -> answers.pooled(i),
                Double.NaN,
                false),
            new OutputColumn(
                "errorBoundCol",
                params.getErrorBoundCol(),
                DataTypes.DoubleType,
                true,
                (answers, i) -> answers.errorBound(i),
                null,
                false),
            new OutputColumn(
                "attentionWeightsCol",
                params.getAttentionWeightsCol(),
                SQLDataTypes.VectorType(),
                true,
                (answers, i) -> Vectors.dense(answers.weights(i)),
                null,
                true))
        .filter(column -> !column.name().isEmpty())
        .toList();
  }

  static StructType append(StructType schema, KernelRegressionParams params) {
    StructType out = schema;
    for (OutputColumn column : of(params)) {
      out = Columns.append(out, column.name(), column.type(), column.nullable());
    }
    return out;
  }
}
