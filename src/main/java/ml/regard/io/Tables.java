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
   * does not fit is null) and others are inferred (json) or strings (csv).
   *
   * @param path a file, a folder or a pattern
   * @param known the types of columns seen before
   * @throws DataException if there is nothing at the path or it is not of the format
   */
  public static Dataset<Row> read(
      SparkSession spark, String path, Format format, Optional<StructType> known) {
    requireExists(spark, path);
    try {
      DataFrameReader reader = spark.read().format(format.sparkName()).option("header", true);
      if (format == Format.CSV || format == Format.JSON) {
        if (known.isPresent()) {
          return reader.schema(schema(reader.load(path).schema(), known.get())).load(path);
        }
        reader.option("inferSchema", true);
      }
      return reader.load(path);
    } catch (Exception e) {
      throw new DataException(
          "%s cannot be read as %s: %s".formatted(path, format.sparkName(), firstLine(e)), e);
    }
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

  private static StructType schema(StructType found, StructType known) {
    StructType schema = new StructType();
    for (StructField field : found.fields()) {
      boolean seen = Arrays.asList(known.fieldNames()).contains(field.name());
      schema =
          schema.add(
              field.name(), seen ? known.apply(field.name()).dataType() : field.dataType(), true);
    }
    return schema;
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
