package ml.regard.ml;

import org.apache.spark.ml.linalg.SQLDataTypes;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;

/** The columns that {@code transform} appends, in order; one whose name is empty is left out. */
final class OutputColumns {
  private OutputColumns() {}

  static StructType append(StructType schema, KernelRegressionParams params) {
    StructType out = schema;
    if (!params.getPredictionCol().isEmpty()) {
      out = Columns.append(out, params.getPredictionCol(), DataTypes.DoubleType, false);
    }
    if (!params.getAttentionWeightsCol().isEmpty()) {
      out = Columns.append(out, params.getAttentionWeightsCol(), SQLDataTypes.VectorType(), true);
    }
    return out;
  }
}
