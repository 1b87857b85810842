package ml.regard.job;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.count;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.struct;
import static org.apache.spark.sql.functions.to_json;

import java.time.LocalDate;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import ml.regard.DataException;
import ml.regard.engine.PairTasks;
import ml.regard.io.Database;
import ml.regard.io.DatedSink;
import ml.regard.io.FolderSink;
import ml.regard.io.JdbcSink;
import ml.regard.io.LockTimes;
import ml.regard.io.Paths;
import ml.regard.io.RowSink;
import ml.regard.io.RowSink.Part;
import ml.regard.io.RunManifest;
import ml.regard.io.Tables;
import ml.regard.io.TypedTable;
import ml.regard.kernel.AttentionPooling;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.StructType;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/**
 * Batch scoring. All rows are scored into one folder of Parquet, once, each with the reason why it
 * cannot be scored or null. What is counted, shown, rejected and put out comes from those files: a
 * second look at the source might differ.
 */
@Command(name = "score", description = "Predict for a table with a saved model.")
final class ScoreJob extends Job {
  private static final String WHY = "_regard_reason";
  private static final Column REJECTED = col(WHY).isNotNull();

  @Option(names = "--model", required = true, paramLabel = "DIR", description = "The model.")
  private String model;

  @Mixin private InputOptions input;

  @Mixin private OutputOptions output;

  @Option(
      names = "--out-format",
      paramLabel = "FORMAT",
      description =
          "parquet, csv, json, orc or jdbc (default: as --format); with jdbc, --out and --rejected"
              + " are names of tables.")
  private Tables.Format outFormat;

  @Option(
      names = "--run-date",
      paramLabel = "D",
      description = "Write the partition run_date=D of the output only, replacing it.")
  private LocalDate runDate;

  @Option(
      names = "--date-col",
      paramLabel = "COL",
      description =
          "Score only the rows whose date in this column, in the model's time zone, is --run-date.")
  private String dateCol;

  @Option(
      names = "--columns",
      split = ",",
      paramLabel = "A,B",
      description = "The input's columns to put out beside the prediction (default: all).")
  private List<String> columns;

  @Option(
      names = "--handle-invalid",
      paramLabel = "NAME",
      description =
          "Rows that cannot be scored: error, skip or keep (default: error; skip with --rejected).")
  private HandleInvalid handleInvalid;

  @Option(
      names = "--rejected",
      paramLabel = "PATH",
      description = "Write the rows that cannot be scored there, with the column reason.")
  private String rejected;

  @Option(
      names = "--staging",
      paramLabel = "DIR",
      description =
          "With --out-format jdbc, the folder for the scored rows on their way, which executors"
              + " reach (default: beside --model).")
  private String staging;

  @Option(
      names = "--partitions",
      paramLabel = "P",
      description = "Tasks (default: by the pairs of query and key).")
  private Integer partitions;

  private record Counts(long rows, long rejected) {}

  @Override
  void check() {
    requireAtLeast("--partitions", 1, partitions);
    outFormat = outFormat == null ? input.format : outFormat;
    if (rejected != null && handleInvalid != null && handleInvalid != HandleInvalid.skip) {
      throw wrong("--handle-invalid", "skip beside --rejected", handleInvalid);
    }
    if (handleInvalid == null) {
      handleInvalid = rejected == null ? HandleInvalid.error : HandleInvalid.skip;
    }
    if (dateCol != null && runDate == null) {
      throw wrong("--date-col", "given with --run-date", dateCol);
    }
    if (input.format == Tables.Format.JDBC || outFormat == Tables.Format.JDBC) {
      input.checkDatabase();
    }
    if (outFormat == Tables.Format.JDBC) {
      checkTables();
    } else if (staging != null) {
      throw wrong("--staging", "given with --out-format jdbc", staging);
    }
  }

  private void checkTables() {
    for (Map.Entry<Part, String> table : targets().entrySet()) {
      if (!Database.isTableName(table.getValue())) {
        String limit = "the name of a table, of letters, digits, _ and dots";
        throw wrong(option(table.getKey()), limit, "'" + table.getValue() + "'");
      }
    }
    if (output.out.equalsIgnoreCase(rejected)) {
      throw wrong("--rejected", "another table than --out", rejected);
    }
    if (input.format == Tables.Format.JDBC && output.out.equalsIgnoreCase(input.data)) {
      throw wrong("--out", "another table than --data", output.out);
    }
  }

  @Override
  Map<String, Object> run(SparkSession spark) {
    RunManifest manifest = manifest(spark);
    long started = System.nanoTime();
    requireFolders(spark);
    try (RowSink sink = sink(spark)) {
      write(scored(spark), sink.workPath());
      Dataset<Row> rows = spark.read().parquet(Tables.literal(sink.workPath()));
      Counts counts = counts(rows);
      long left = handleInvalid == HandleInvalid.keep ? 0 : counts.rejected;
      long out = counts.rows - left;
      sink.stage(Part.OUT, (left == 0 ? rows : rows.where(col(WHY).isNull())).drop(WHY), out);
      if (rejected != null) {
        Dataset<Row> invalid = rows.where(REJECTED).drop(SavedModel.PREDICTION);
        sink.stage(Part.REJECTED, invalid.withColumnRenamed(WHY, "reason"), left);
      }
      Map<String, Object> record =
          manifest.rows(counts.rows, out, left).close(AttentionPooling::support);
      sink.commit(record);

      Map<String, Object> result = new LinkedHashMap<>();
      result.put("rowsIn", counts.rows);
      result.put("rows", out);
      result.put("rejectedRows", left);
      if (handleInvalid == HandleInvalid.keep) {
        result.put("keptInvalidRows", counts.rejected);
      }
      result.put("seconds", (System.nanoTime() - started) / 1e9);
      targets().keySet().forEach(part -> result.put(option(part).substring(2), sink.path(part)));
      if (outFormat == Tables.Format.JDBC) {
        result.put("manifest", record); // a database has no place beside the table
      }
      return result;
    }
  }

  private Map<Part, String> targets() {
    Map<Part, String> targets = new EnumMap<>(Part.class);
    targets.put(Part.OUT, output.out);
    if (rejected != null) {
      targets.put(Part.REJECTED, rejected);
    }
    return targets;
  }

  private static String option(Part part) {
    return part == Part.OUT ? "--out" : "--rejected";
  }

  private void requireFolders(SparkSession spark) {
    if (outFormat == Tables.Format.JDBC) {
      return;
    }
    String data = input.format == Tables.Format.JDBC ? null : input.data;
    requireApart(spark, "--out", output.out, data, model, rejected);
    if (rejected != null) {
      requireApart(spark, "--rejected", rejected, data, model, output.out);
    }
    for (Map.Entry<Part, String> folder : targets().entrySet()) {
      Optional<String> store = Paths.objectStore(spark, folder.getValue());
      if (runDate != null && store.isPresent()) {
        String limit =
            "on a file system with atomic renames when there is a --run-date (on the object store"
                + " %s a rename copies file by file and readers would see a mix; HDFS, or a"
                    .formatted(store.get())
                + " database with --out-format jdbc, can replace a date)";
        throw wrong(option(folder.getKey()), limit, folder.getValue());
      }
    }
  }

  private RowSink sink(SparkSession spark) {
    if (outFormat == Tables.Format.JDBC) {
      return new JdbcSink(
          spark,
          input.database(spark),
          targets(),
          Optional.ofNullable(runDate),
          output.overwrite,
          staging == null ? Paths.parent(spark, model) : staging,
          LockTimes.DEFAULT);
    }
    return runDate == null
        ? new FolderSink(spark, targets(), outFormat, output.overwrite)
        : new DatedSink(spark, targets(), outFormat, runDate, LockTimes.DEFAULT);
  }

  /** The kept columns, the prediction, and why it is none. */
  private Dataset<Row> scored(SparkSession spark) {
    SavedModel saved = SavedModel.load(spark, model);
    TypedTable typed = input.read(spark, saved.source().schema());
    Dataset<Row> whole = typed.table();
    List<String> kept = kept(whole.schema());
    List<Column> cells =
        new ArrayList<>(Tables.holdable(Tables.select(whole, kept).schema(), outFormat));
    Set<String> used = new LinkedHashSet<>(kept);
    used.addAll(saved.source().inputs(whole));
    Dataset<Row> table;
    if (dateCol == null) {
      table = typed.select(used, WHY);
    } else {
      String column = RunDates.column(whole.schema(), dateCol, input.data);
      used.add(column);
      table = RunDates.only(typed.select(used, WHY), column, runDate, WHY);
    }
    Dataset<Row> split =
        partitions == null
            ? PairTasks.splitByPairs(table, saved.model().numKeys())
            : table.repartition(partitions);
    cells.add(col(SavedModel.PREDICTION));
    cells.add(col(WHY));
    return saved.predictWithReasons(split, WHY).select(cells.toArray(Column[]::new));
  }

  /** The columns to put out, as the input spells them. */
  private List<String> kept(StructType schema) {
    List<String> names = List.of(schema.fieldNames());
    List<String> kept =
        columns == null
            ? names
            : columns.stream()
                .map(name -> Tables.require(schema, name.strip(), "--columns", input.data))
                .distinct()
                .toList();
    if (runDate != null) {
      requireFree(kept, "run_date", "--run-date");
    }
    if (rejected != null) {
      requireFree(kept, "reason", "--rejected");
    }
    return kept;
  }

  private void requireFree(List<String> kept, String name, String option) {
    if (kept.stream().anyMatch(name::equalsIgnoreCase)) {
      throw new DataException(
          "%s has a column %s already; %s would add another (--columns can leave it out)"
              .formatted(input.data, name, option));
    }
  }

  /** The one pass over the source; under ANSI rules an expression may fail on a row. */
  private void write(Dataset<Row> scored, String path) {
    try {
      Tables.write(scored, Tables.Format.PARQUET, path);
    } catch (Exception e) {
      throw Failures.faultOfValues(e)
          .<RuntimeException>map(
              fault ->
                  new DataException(
                      "the features cannot be computed for a row of %s: %s"
                          .formatted(input.data, Tables.firstLine(fault)),
                      e))
          .orElseGet(() -> new IllegalStateException(Tables.firstLine(e), e));
    }
  }

  private Counts counts(Dataset<Row> staged) {
    Row counts = staged.agg(count(lit(1)), count(col(WHY))).head();
    long rows = counts.getLong(0);
    long invalid = counts.getLong(1);
    if (rows == 0) {
      String day = dateCol == null ? "" : " of %s by %s".formatted(runDate, dateCol);
      throw new DataException("%s has no rows%s".formatted(input.data, day));
    }
    if (invalid > 0 && handleInvalid == HandleInvalid.error) {
      Column cells =
          to_json(
              struct(staged.drop(SavedModel.PREDICTION, WHY).col("*")),
              Map.of("ignoreNullFields", "false"));
      Row example = staged.where(REJECTED).select(col(WHY), cells).head();
      throw new DataException(
          "%d of %d rows of %s cannot be scored; the first: %s, in %s (--handle-invalid is error)"
              .formatted(invalid, rows, input.data, example.getString(0), example.getString(1)));
    }
    return new Counts(rows, invalid);
  }
}
