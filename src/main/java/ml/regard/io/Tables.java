package ml.regard.io;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;
import ml.regard.DataException;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.Path;
import org.apache.spark.sql.DataFrameReader;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.StructField;
import org.apache.spark.sql.types.StructType;

/** Tables as files, in the formats that the jobs offer. */
public final class Tables {
  /** A file format; csv has a header. */
  public enum Format {
    PARQUET,
    CSV,
    JSON,
    ORC;

    String sparkName() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  private Tables() {}

  /**
   * The table at a path. Csv and json have no types of their own: without a schema they are
   * inferred from all rows; with one, the columns that it names are read as it says (a cell that
   * does not fit is null) and others are inferred (json) or strings (csv). A json table has every
   * column of the schema, since json leaves out what is null. The csv files of a table must agree
   * in their header.
   *
   * @param path a file, a folder or a pattern
   * @param known the types of columns seen before
   * @throws DataException if there is nothing at the path or it is not of the format
   */
  public static Dataset<Row> read(
      SparkSession spark, String path, Format format, Optional<StructType> known) {
    requireExists(spark, path);
    try {
      DataFrameReader reader = spark.read().format(format.sparkName());
      if (format == Format.CSV) {
        reader.option("header", true).option("enforceSchema", false);
      }
      if (format == Format.CSV || format == Format.JSON) {
        if (known.isPresent()) {
          StructType found = reader.load(path).schema();
          return reader.schema(schema(found, known.get(), format == Format.JSON)).load(path);
        }
        reader.option("inferSchema", true);
      }
      return reader.load(path);
    } catch (Exception e) {
      throw new DataException(
          "%s cannot be read as %s: %s".formatted(path, format.sparkName(), firstLine(e)), e);
    }
  }

  /** The Parquet table that {@link #write} just wrote; no character of the path is a pattern. */
  public static Dataset<Row> readBack(SparkSession spark, String path, StructType schema) {
    return spark.read().schema(schema).parquet(path.replaceAll("[\\[\\]{}*?\\\\]", "\\\\$0"));
  }

  /** Writes a table of the format to a path that does not exist yet. */
  public static void write(Dataset<Row> table, Format format, String path) {
    table.write().format(format.sparkName()).option("header", true).save(path);
  }

  /** The first line of what an exception says. */
  public static String firstLine(Throwable e) {
    String message = e.getMessage() == null ? e.toString() : e.getMessage();
    return message.lines().findFirst().orElse("").strip();
  }

  private static StructType schema(StructType found, StructType known, boolean all) {
    StructType schema = new StructType();
    for (StructField field : found.fields()) {
      DataType type = byName(known, field.name()).orElse(field).dataType();
      schema = schema.add(field.name(), type, true);
    }
    for (StructField field : known.fields()) {
      if (all && byName(found, field.name()).isEmpty()) {
        schema = schema.add(field.name(), field.dataType(), true);
      }
    }
    return schema;
  }

  /** Names are compared as Spark compares them by default. */
  private static Optional<StructField> byName(StructType schema, String name) {
    return Arrays.stream(schema.fields()).filter(f -> f.name().equalsIgnoreCase(name)).findFirst();
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
