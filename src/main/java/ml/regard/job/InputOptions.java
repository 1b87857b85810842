package ml.regard.job;

import java.util.Map;
import java.util.stream.Collectors;
import ml.regard.io.Database;
import ml.regard.io.Paths;
import ml.regard.io.Tables;
import ml.regard.io.TypedTable;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.StructType;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Where a command reads its table. */
final class InputOptions {
  @Spec(Spec.Target.MIXEE)
  private CommandSpec spec;

  @Option(
      names = "--data",
      required = true,
      paramLabel = "PATH",
      description = "The table: a file, a folder or a pattern; with --format jdbc its name.")
  String data;

  @Option(
      names = "--format",
      defaultValue = "parquet",
      paramLabel = "FORMAT",
      description = "parquet, csv (with a header), json, orc or jdbc (default: parquet).")
  Tables.Format format;

  @Option(names = "--jdbc", paramLabel = "URL", description = "The database of --format jdbc.")
  private String jdbc;

  @Option(
      names = "--jdbc-properties",
      paramLabel = "PATH",
      description =
          "A file of Java properties for the database: user, password, driver, and what else"
              + " Spark's JDBC source takes.")
  private String jdbcProperties;

  /** The table, its types inferred where the format has none. */
  Dataset<Row> read(SparkSession spark) {
    return format == Tables.Format.JDBC
        ? database(spark).read(data)
        : Tables.read(spark, data, format);
  }

  /** The table with the types of columns seen before. */
  TypedTable read(SparkSession spark, StructType known) {
    return format == Tables.Format.JDBC
        ? TypedTable.of(database(spark).read(data))
        : Tables.read(spark, data, format, known);
  }

  /** The database that the options name. */
  Database database(SparkSession spark) {
    checkDatabase();
    Map<String, String> properties =
        jdbcProperties == null
            ? Map.of()
            : Paths.properties(spark, jdbcProperties).entrySet().stream()
                .collect(
                    Collectors.toMap(e -> e.getKey().toString(), e -> e.getValue().toString()));
    return new Database(spark, jdbc, properties);
  }

  /** A database needs its URL, without a password: the manifest holds all options. */
  void checkDatabase() {
    if (jdbc == null) {
      throw new ParameterException(
          spec.commandLine(), "the format jdbc needs --jdbc, the URL of the database");
    }
    if (Database.holdsSecret(jdbc)) {
      throw new ParameterException(
          spec.commandLine(),
          "--jdbc holds a password, which belongs into the file of --jdbc-properties");
    }
  }
}
