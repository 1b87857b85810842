package ml.regard.ml;

import java.util.Arrays;
import ml.regard.DataException;
import ml.regard.kernel.Checks;
import org.apache.spark.ml.attribute.AttributeGroup;
import org.apache.spark.ml.linalg.SQLDataTypes;
import org.apache.spark.ml.linalg.Vector;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.functions;
import org.apache.spark.sql.types.AtomicType;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.NumericType;
import org.apache.spark.sql.types.StructField;
import org.apache.spark.sql.types.StructType;

/** What columns and their cells must be like; each check throws or returns one sentence. */
final class Columns {
  private Columns() {}

  /** The column of feature vectors. */
  static void requireFeatures(StructType schema, String column) {
    requireFeatures(schema, column, "featuresCol");
  }

  /** A column of vectors in another role. */
  static void requireFeatures(StructType schema, String column, String role) {
    StructField field = require(schema, column, role);
    if (!field.dataType().equals(SQLDataTypes.VectorType())) {
      throw new DataException(
          "column %s (%s) must be a vector, but its type is %s"
              .formatted(column, role, field.dataType().simpleString()));
    }
  }

  /** As {@link #requireFeatures}, and of the given size when its metadata tells one. */
  static void requireFeatures(StructType schema, String column, int dim) {
    requireFeatures(schema, column);
    int size = AttributeGroup.fromStructField(schema.apply(column)).size();
    if (size >= 0 && size != dim) {
      throw wrongSize(column, dim, size);
    }
  }

  static DataException wrongSize(String column, int dim, int size) {
    return new DataException(
        "column %s (featuresCol) must have the model's %d features, but has %d"
            .formatted(column, dim, size));
  }

  static void requireNumeric(StructType schema, String column, String role) {
    DataType type = require(schema, column, role).dataType();
    if (!(type instanceof NumericType)) {
      throw new DataException(
          "column %s (%s) must be a number, but its type is %s"
              .formatted(column, role, type.simpleString()));
    }
  }

  static void requireBoolean(StructType schema, String column, String role) {
    DataType type = require(schema, column, role).dataType();
    if (!type.equals(DataTypes.BooleanType)) {
      throw new DataException(
          "column %s (%s) must be a boolean, but its type is %s"
              .formatted(column, role, type.simpleString()));
    }
  }

  static void requireAtomic(StructType schema, String column, String role) {
    DataType type = require(schema, column, role).dataType();
    if (!(type instanceof AtomicType)) {
      throw new DataException(
          "column %s (%s) must be of an atomic type, such as a number or text, but its type is %s"
              .formatted(column, role, type.simpleString()));
    }
  }

  /** The schema with a new column at its end. */
  static StructType append(StructType schema, String column, DataType type, boolean nullable) {
    if (Arrays.asList(schema.fieldNames()).contains(column)) {
      throw new DataException(
          "output column %s is already in the data, which has %s".formatted(column, names(schema)));
    }
    return schema.add(column, type, nullable);
  }

  /** What is wrong with a feature vector, or null when it can be used. */
  static String problem(Vector features) {
    if (features == null) {
      return "its features are null";
    }
    for (int f = 0; f < features.size(); f++) {
      if (!Checks.usable(features.apply(f))) {
        return "feature %d is %s".formatted(f, describe(features.apply(f)));
      }
    }
    return null;
  }

  /** What is wrong with a label or weight, or null when it can be used. */
  static String problem(String what, Double value) {
    if (value == null) {
      return what + " is null";
    }
    return Checks.usable(value) ? null : "%s is %s".formatted(what, describe(value));
  }

  private static String describe(double value) {
    return Double.isFinite(value)
        ? "%s, beyond %s".formatted(value, Checks.MAX_MAGNITUDE)
        : Double.toString(value);
  }

  static StructField require(StructType schema, String column, String role) {
    if (!Arrays.asList(schema.fieldNames()).contains(column)) {
      throw new DataException(
          "column %s (%s) is not in the data, which has %s".formatted(column, role, names(schema)));
    }
    return schema.apply(column);
  }

  /** A column by its name, whatever characters the name holds. */
  static Column named(String column) {
    return functions.col("`" + column.replace("`", "``") + "`");
  }

  private static String names(StructType schema) {
    return String.join(", ", schema.fieldNames());
  }
}
