package ml.regard.job;

import static org.apache.spark.sql.functions.coalesce;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.concat;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.when;

import java.time.LocalDate;
import java.time.ZoneOffset;
import java.time.format.DateTimeParseException;
import ml.regard.DataException;
import ml.regard.io.Tables;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StringType;
import org.apache.spark.sql.types.StructType;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/**
 * The rows of one date, by a column of dates, of timestamps or of text that is read as a timestamp;
 * a timestamp has its date in the session's time zone. A row whose date is null has none and is
 * left out. A row whose date cannot be read might be of any: it stays, as one that cannot be
 * scored.
 */
final class RunDates {
  private RunDates() {}

  /** A date, or "yesterday", which becomes a date at once: logs and manifests name it. */
  static final class Converter implements ITypeConverter<LocalDate> {
    @Override
    public LocalDate convert(String text) {
      try {
        return text.equals("yesterday")
            ? LocalDate.now(ZoneOffset.UTC).minusDays(1)
            : LocalDate.parse(text);
      } catch (DateTimeParseException e) {
        throw new TypeConversionException(
            "must be a date such as 2026-01-31, or yesterday, but was '%s'".formatted(text));
      }
    }
  }

  /**
   * The name of the date column, as the input spells it.
   *
   * @throws DataException if there is none, or it has another type
   */
  static String column(StructType schema, String name, String where) {
    String column = Tables.require(schema, name, "--date-col", where);
    DataType type = schema.apply(column).dataType();
    if (!(type instanceof StringType
        || type.equals(DataTypes.DateType)
        || type.equals(DataTypes.TimestampType)
        || type.equals(DataTypes.TimestampNTZType))) {
      throw new DataException(
          "--date-col %s must be a date, a timestamp or text, but its type in %s is %s"
              .formatted(name, where, type.simpleString()));
    }
    return column;
  }

  /** The rows of a date; the column {@code problem} tells, or is told, what cannot be read. */
  static Dataset<Row> only(Dataset<Row> table, String column, LocalDate date, String problem) {
    Column cell = Tables.named(column);
    Column day;
    Dataset<Row> told = table;
    if (table.schema().apply(column).dataType() instanceof StringType) {
      day = cell.try_cast(DataTypes.TimestampType).cast(DataTypes.DateType);
      Column unread =
          when(
              cell.isNotNull().and(day.isNull()),
              concat(lit("column " + column + " is '"), cell, lit("', which is no date")));
      told = table.withColumn(problem, coalesce(col(problem), unread));
    } else {
      day = cell.cast(DataTypes.DateType);
    }
    return told.where(day.equalTo(lit(date)).or(day.isNull().and(col(problem).isNotNull())));
  }
}
