package ml.regard.ml;

import static org.apache.spark.sql.functions.expr;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.unix_date;
import static org.apache.spark.sql.functions.unix_micros;

import ml.regard.DataException;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.functions;
import org.apache.spark.sql.types.ByteType;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.IntegerType;
import org.apache.spark.sql.types.LongType;
import org.apache.spark.sql.types.ShortType;
import org.apache.spark.sql.types.StructType;

/**
 * The columns that say which keys a row may attend to, as keys have them: its group as text, and
 * its time as a whole number (microseconds since 1970 of a timestamp, days since 1970 of a date).
 */
final class MaskColumns {
  private MaskColumns() {}

  /** Whether there are any. */
  static boolean asked(KernelRegressionParams params) {
    return !params.getGroupCol().isEmpty() || !params.getTimeCol().isEmpty();
  }

  static void require(StructType schema, KernelRegressionParams params) {
    if (!params.getGroupCol().isEmpty()) {
      Columns.requireAtomic(schema, params.getGroupCol(), "groupCol");
    }
    if (!params.getTimeCol().isEmpty()) {
      String column = params.getTimeCol();
      DataType type = Columns.require(schema, column, "timeCol").dataType();
      if (kind(type) == null) {
        throw new DataException(
            "column %s (timeCol) must be a timestamp, a date or a whole number, but its type is %s"
                .formatted(column, type.simpleString()));
      }
    }
  }

  /**
   * As {@link #require}, of keys whose times are of a kind.
   *
   * @param kind of the times of the keys; empty without times
   */
  static void require(StructType schema, KernelRegressionParams params, String kind) {
    require(schema, params);
    if (!params.getTimeCol().isEmpty()) {
      String column = params.getTimeCol();
      String found = kind(schema.apply(column).dataType());
      if (!found.equals(kind)) {
        throw new DataException(
            "column %s (timeCol) is a %s, but the times of the model's keys are of the kind %s"
                .formatted(column, found, kind));
      }
    }
  }

  /** What kind of time a type is, by which its numbers are to be understood; null for none. */
  private static String kind(DataType type) {
    if (type.equals(DataTypes.TimestampType)) {
      return "timestamp";
    }
    if (type.equals(DataTypes.TimestampNTZType)) {
      return "timestamp_ntz";
    }
    if (type.equals(DataTypes.DateType)) {
      return "date";
    }
    boolean whole =
        type instanceof LongType
            || type instanceof IntegerType
            || type instanceof ShortType
            || type instanceof ByteType;
    return whole ? "whole number" : null;
  }

  /** The kind of the times of a dataset; empty where the parameters name none. */
  static String kind(StructType schema, KernelRegressionParams params) {
    return params.getTimeCol().isEmpty() ? "" : kind(schema.apply(params.getTimeCol()).dataType());
  }

  /** The group as text; null where there are none. */
  static Column group(KernelRegressionParams params) {
    return params.getGroupCol().isEmpty()
        ? lit(null).cast(DataTypes.StringType)
        : Columns.named(params.getGroupCol()).cast(DataTypes.StringType);
  }

  /** The time as a whole number; null where there are none. */
  static Column time(StructType schema, KernelRegressionParams params) {
    return params.getTimeCol().isEmpty()
        ? lit(null).cast(DataTypes.LongType)
        : number(Columns.named(params.getTimeCol()), schema.apply(params.getTimeCol()).dataType());
  }

  /** A dataset with the group and the time of each row behind its columns. */
  static Dataset<Row> behind(Dataset<?> dataset, KernelRegressionParams params) {
    StructType schema = dataset.schema();
    Column[] columns = new Column[schema.size() + 2];
    for (int c = 0; c < schema.size(); c++) {
      columns[c] = Columns.named(schema.fieldNames()[c]);
    }
    columns[schema.size()] = group(params).as("_regard_group");
    columns[schema.size() + 1] = time(schema, params).as("_regard_time");
    return dataset.select(columns);
  }

  private static Column number(Column time, DataType type) {
    return switch (kind(type)) {
      case "timestamp" -> unix_micros(time);
      case "timestamp_ntz" ->
          functions.timestamp_diff(
              "MICROSECOND", expr("timestamp_ntz '1970-01-01 00:00:00'"), time);
      case "date" -> unix_date(time).cast(DataTypes.LongType);
      default -> time.cast(DataTypes.LongType);
    };
  }

  /**
   * The time that fitBefore names, as times of keys are.
   *
   * @throws DataException if it is none
   */
  static long before(SparkSession session, StructType schema, KernelRegressionParams params) {
    DataType type = schema.apply(params.getTimeCol()).dataType();
    Column parsed = lit(params.getFitBefore()).try_cast(type);
    Row row = session.range(1).select(number(parsed, type)).head();
    if (row.isNullAt(0)) {
      throw new DataException(
          "fitBefore must be a %s, as timeCol %s is, but was %s"
              .formatted(kind(type), params.getTimeCol(), params.getFitBefore()));
    }
    return row.getLong(0);
  }
}
