package ml.regard.io;

import static org.apache.spark.sql.functions.to_json;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Supplier;
import ml.regard.DataException;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.Path;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.DataFrameReader;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.functions;
import org.apache.spark.sql.types.ArrayType;
import org.apache.spark.sql.types.BinaryType;
import org.apache.spark.sql.types.BooleanType;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DatetimeType;
import org.apache.spark.sql.types.MapType;
import org.apache.spark.sql.types.NumericType;
import org.apache.spark.sql.types.StringType;
import org.apache.spark.sql.types.StructField;
import org.apache.spark.sql.types.StructType;

/** Tables as files, in the formats that the jobs offer. */
public final class Tables {
  /** Where a table lives: files of a format (csv has a header), or a database. */
  public enum Format {
    PARQUET,
    CSV,
    JSON,
    ORC,
    JDBC;

    String sparkName() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  private Tables() {}

  /**
   * The table at a path. Csv and json have no types of their own: they are inferred from all rows.
   * The csv files of a table must agree in their header.
   *
   * @param path a file, a folder or a pattern
   * @throws DataException if there is nothing at the path or it is not of the format
   */
  public static Dataset<Row> read(SparkSession spark, String path, Format format) {
    requireExists(spark, path);
    return reading(
        path, format, () -> reader(spark, format).option("inferSchema", true).load(path));
  }

  /**
   * The table at a path, with the types of columns seen before.
   *
   * @throws DataException if there is nothing at the path or it is not of the format
   */
  public static TypedTable read(SparkSession spark, String path, Format format, StructType known) {
    requireExists(spark, path);
    return reading(
        path,
        format,
        () ->
            format == Format.CSV || format == Format.JSON
                ? TypedTable.text(reader(spark, format), path, format == Format.JSON, known)
                : TypedTable.of(reader(spark, format).load(path)));
  }

  private static DataFrameReader reader(SparkSession spark, Format format) {
    DataFrameReader reader = spark.read().format(format.sparkName());
    return format == Format.CSV
        ? reader.option("header", true).option("enforceSchema", false)
        : reader;
  }

  private static <T> T reading(String path, Format format, Supplier<T> read) {
    try {
      return read.get();
    } catch (Exception e) {
      throw new DataException(
          "%s cannot be read as %s: %s".formatted(path, format.sparkName(), firstLine(e)), e);
    }
  }

  /** A path in which no character makes a pattern, for Spark's readers. */
  public static String literal(String path) {
    return path.replaceAll("[\\[\\]{}*?\\\\]", "\\\\$0");
  }

  /** Writes a table of the format to a path that does not exist yet. */
  public static void write(Dataset<Row> table, Format format, String path) {
    table.write().format(format.sparkName()).option("header", true).save(path);
  }

  /** Writes a table, and counts again what a columnar format says that it holds. */
  static void writeCounted(Dataset<Row> table, Format format, String path, long count) {
    write(table, format, path);
    if (format == Format.PARQUET || format == Format.ORC) {
      DataFrameReader reader = table.sparkSession().read().format(format.sparkName());
      requireCount(path, count, reader.load(literal(path)).count());
    }
  }

  static void requireCount(String where, long count, long written) {
    if (written != count) {
      throw new IllegalStateException(
          "%d rows were to be written to %s, but it has %d".formatted(count, where, written));
    }
  }

  /**
   * Columns as a format can hold them: in csv and databases, which have neither arrays nor structs
   * nor maps, these become JSON text.
   *
   * @throws DataException if one has a type that has no text either, such as a vector
   */
  public static List<Column> holdable(StructType schema, Format format) {
    boolean flat = format == Format.CSV || format == Format.JDBC;
    return Arrays.stream(schema.fields())
        .map(field -> flat ? holdable(field, format) : named(field.name()))
        .toList();
  }

  private static Column holdable(StructField field, Format format) {
    Column column = named(field.name());
    DataType type = field.dataType();
    if (type instanceof ArrayType || type instanceof StructType || type instanceof MapType) {
      return to_json(column, Map.of("ignoreNullFields", "false")).as(field.name());
    }
    if (type instanceof NumericType
        || type instanceof StringType
        || type instanceof BooleanType
        || type instanceof DatetimeType
        || type instanceof BinaryType) {
      return column;
    }
    throw new DataException(
        "column %s of type %s cannot be written as %s; --columns leaves it out"
            .formatted(field.name(), type.simpleString(), format.sparkName()));
  }

  /** Some columns of a table, in their order. */
  public static Dataset<Row> select(Dataset<Row> table, List<String> columns) {
    return table.select(columns.stream().map(Tables::named).toArray(Column[]::new));
  }

  /**
   * The name of a column as a table spells it; names are compared as Spark does by default.
   *
   * @param option which names it, for the sentence
   * @throws DataException if there is none
   */
  public static String require(StructType schema, String name, String option, String where) {
    return Arrays.stream(schema.fieldNames())
        .filter(name::equalsIgnoreCase)
        .findFirst()
        .orElseThrow(
            () ->
                new DataException(
                    "column %s (%s) is not in %s, which has %s"
                        .formatted(name, option, where, String.join(", ", schema.fieldNames()))));
  }

  /** A column by its name, whatever characters the name holds. */
  public static Column named(String column) {
    return functions.col("`" + column.replace("`", "``") + "`");
  }

  /** The first line of what an exception says. */
  public static String firstLine(Throwable e) {
    String message = e.getMessage() == null ? e.toString() : e.getMessage();
    return message.lines().findFirst().orElse("").strip();
  }

  private static void requireExists(SparkSession spark, String path) {
    try {
      Path pattern = new Path(path);
      FileStatus[] found =
          pattern.getFileSystem(spark.sparkContext().hadoopConfiguration()).globStatus(pattern);
      if (found == null || found.length == 0) {
        throw new DataException("there is no data at " + path);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
