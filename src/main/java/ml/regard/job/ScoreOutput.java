package ml.regard.job;

import java.time.LocalDate;
import java.util.EnumMap;
import java.util.Map;
import java.util.Optional;
import ml.regard.io.Database;
import ml.regard.io.DatedSink;
import ml.regard.io.FolderSink;
import ml.regard.io.JdbcSink;
import ml.regard.io.LockTimes;
import ml.regard.io.Paths;
import ml.regard.io.RowSink;
import ml.regard.io.RowSink.Part;
import ml.regard.io.Tables;
import org.apache.spark.sql.SparkSession;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Where scores and rejected rows go: whole folders, one date of folders, or tables. */
final class ScoreOutput {
  @Mixin private OutputOptions output;

  @Option(
      names = "--out-format",
      paramLabel = "FORMAT",
      description =
          "parquet, csv, json, orc or jdbc (default: as --format); with jdbc, --out and --rejected"
              + " are names of tables.")
  Tables.Format format;

  @Option(
      names = "--run-date",
      paramLabel = "D",
      converter = RunDates.Converter.class,
      description =
          "Write the partition run_date=D of the output only, replacing it: a date such as"
              + " 2026-01-31, or yesterday, by the clock of the driver in UTC.")
  LocalDate runDate;

  @Option(
      names = "--rejected",
      paramLabel = "PATH",
      description = "Write the rows that cannot be scored there, with the column reason.")
  String rejected;

  @Option(
      names = "--staging",
      paramLabel = "DIR",
      description =
          "With --out-format jdbc, the folder for the scored rows on their way, which executors"
              + " reach (default: beside --model).")
  private String staging;

  /** The folder or table of each part. */
  Map<Part, String> targets() {
    Map<Part, String> targets = new EnumMap<>(Part.class);
    targets.put(Part.OUT, output.out);
    if (rejected != null) {
      targets.put(Part.REJECTED, rejected);
    }
    return targets;
  }

  static String option(Part part) {
    return part == Part.OUT ? "--out" : "--rejected";
  }

  boolean isDatabase() {
    return format == Tables.Format.JDBC;
  }

  void check(Job job, InputOptions input) {
    format = format == null ? input.format : format;
    if (isDatabase()) {
      input.checkDatabase();
      checkTables(job, input);
    } else if (staging != null) {
      throw job.wrong("--staging", "given with --out-format jdbc", staging);
    }
  }

  private void checkTables(Job job, InputOptions input) {
    for (Map.Entry<Part, String> table : targets().entrySet()) {
      if (!Database.isTableName(table.getValue())) {
        String limit = "the name of a table, of letters, digits, _ and dots";
        throw job.wrong(option(table.getKey()), limit, "'" + table.getValue() + "'");
      }
    }
    if (output.out.equalsIgnoreCase(rejected)) {
      throw job.wrong("--rejected", "another table than --out", rejected);
    }
    if (input.format == Tables.Format.JDBC && output.out.equalsIgnoreCase(input.data)) {
      throw job.wrong("--out", "another table than --data", output.out);
    }
  }

  /** Opens the output; everything that can be refused before any work is. */
  RowSink open(Job job, SparkSession spark, InputOptions input, String model) {
    if (isDatabase()) {
      return new JdbcSink(
          spark,
          input.database(spark),
          targets(),
          Optional.ofNullable(runDate),
          output.overwrite,
          staging == null ? Paths.parent(spark, model) : staging,
          LockTimes.DEFAULT);
    }
    if (runDate != null) { // first: the class of an object store may be missing
      targets().forEach((part, path) -> requireRenames(job, spark, part, path));
    }
    String data = input.format == Tables.Format.JDBC ? null : input.data;
    job.requireApart(spark, "--out", output.out, data, model, rejected);
    if (rejected != null) {
      job.requireApart(spark, "--rejected", rejected, data, model, output.out);
    }
    if (runDate == null) {
      return new FolderSink(spark, targets(), format, output.overwrite);
    }
    return new DatedSink(spark, targets(), format, runDate, LockTimes.DEFAULT);
  }

  private static void requireRenames(Job job, SparkSession spark, Part part, String path) {
    Optional<String> store = Paths.objectStore(spark, path);
    if (store.isPresent()) {
      String limit =
          "on a file system with atomic renames when there is a --run-date (on the object store %s"
                  .formatted(store.get())
              + " a rename copies file by file and readers would see a mix; HDFS, or a database"
              + " with --out-format jdbc, can replace a date)";
      throw job.wrong(option(part), limit, path);
    }
  }
}
