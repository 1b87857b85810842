package ml.regard.ml;

import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import ml.regard.kernel.AttendedKey;
import org.apache.spark.ml.linalg.SQLDataTypes;
import org.apache.spark.ml.linalg.Vectors;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
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

  private OutputColumns() {}

  static List<OutputColumn> of(KernelRegressionParams params) {
    int topKeys = params.getTopKeys();
    double[] quantiles = params.getQuantiles();
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
                true),
            new OutputColumn(
                "attentionCol",
                params.getAttentionCol(),
                DataTypes.createArrayType(KEY, false),
                true,
                (answers, i) -> keys(answers.topKeys(topKeys)[i]),
                null,
                true),
            new OutputColumn(
                "quantilesCol",
                params.getQuantilesCol(),
                DataTypes.createArrayType(DataTypes.DoubleType, false),
                true,
                (answers, i) -> ArraySeq.make(answers.quantiles(quantiles)[i]),
                null,
                true))
        .filter(column -> !column.name().isEmpty())
        .toList();
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
