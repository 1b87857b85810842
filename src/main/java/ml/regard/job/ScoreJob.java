package ml.regard.job;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.count;
import static org.apache.spark.sql.functions.count_if;
import static org.apache.spark.sql.functions.isnan;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.not;
import static org.apache.spark.sql.functions.struct;
import static org.apache.spark.sql.functions.to_json;

import java.time.LocalDate;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import ml.regard.DataException;
import ml.regard.engine.PairTasks;
import ml.regard.io.OutputFolder;
import ml.regard.io.RunManifest;
import ml.regard.io.Tables;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/**
 * Batch scoring. The output is written once under a temporary name, and what it counts, rejects or
 * shows as an example is read from those files: a second look at the source might differ.
 */
@Command(name = "score", description = "Predict for a table with a saved model.")
final class ScoreJob extends Job {
  private static final Column REJECTED = isnan(col(SavedModel.PREDICTION));

  @Option(names = "--model", required = true, paramLabel = "DIR", description = "The model.")
  private String model;

  @Mixin private InputOptions input;

  @Mixin private OutputOptions output;

  @Option(
      names = "--out-format",
      paramLabel = "FORMAT",
      description = "parquet, csv, json or orc (default: as --format).")
  private Tables.Format outFormat;

  @Option(
      names = "--run-date",
      paramLabel = "D",
      description = "Write the partition run_date=D of the output only, replacing it.")
  private LocalDate runDate;

  @Option(
      names = "--handle-invalid",
      defaultValue = "error",
      paramLabel = "NAME",
      description = "Rows that cannot be scored: error, skip or keep (default: ${DEFAULT-VALUE}).")
  private HandleInvalid handleInvalid;

  @Option(
      names = "--partitions",
      paramLabel = "P",
      description = "Tasks (default: by the pairs of query and key).")
  private Integer partitions;

  private record Counts(long rows, long rejected) {}

  @Override
  void check() {
    requireAtLeast("--partitions", 1, partitions);
  }

  @Override
  Map<String, Object> run(SparkSession spark) {
    RunManifest manifest = manifest(spark);
    long started = System.nanoTime();
    requireApart(spark, "--out", output.out, input.data, model);
    String target = runDate == null ? output.out : output.out + "/run_date=" + runDate;
    Tables.Format format = outFormat == null ? input.format : outFormat;
    try (OutputFolder folder =
            OutputFolder.stage(spark, target, output.overwrite || runDate != null);
        OutputFolder all = OutputFolder.stage(spark, target, true)) {
      if (runDate != null) {
        requireDated(spark);
      }
      Dataset<Row> scored = scored(spark);
      boolean asIs = format == Tables.Format.PARQUET && handleInvalid != HandleInvalid.skip;
      String staged = asIs ? folder.stagedPath() : all.stagedPath();
      Tables.write(scored, Tables.Format.PARQUET, staged);
      Dataset<Row> rows = Tables.readBack(spark, staged, scored.schema());
      Counts counts = counts(rows);
      if (!asIs) {
        boolean skip = handleInvalid == HandleInvalid.skip;
        Tables.write(skip ? rows.where(not(REJECTED)) : rows, format, folder.stagedPath());
      }
      long written =
          handleInvalid == HandleInvalid.skip ? counts.rows - counts.rejected : counts.rows;
      writeManifest(manifest.rows(counts.rows, written, counts.rejected), folder);
      folder.commit();
      Map<String, Object> result = new LinkedHashMap<>();
      result.put("rows", written);
      result.put("rejectedRows", counts.rejected);
      result.put("seconds", (System.nanoTime() - started) / 1e9);
      result.put("out", folder.path());
      return result;
    }
  }

  /** A folder of dates may not also be an output without dates. */
  private void requireDated(SparkSession spark) {
    if (RunManifest.isIn(spark, output.out)) {
      throw new DataException(
          "output %s exists already, without dates; --run-date needs another folder"
              .formatted(output.out));
    }
  }

  private Dataset<Row> scored(SparkSession spark) {
    SavedModel saved = SavedModel.load(spark, model);
    Dataset<Row> table = saved.read(spark, input);
    if (runDate != null && Arrays.asList(table.columns()).contains("run_date")) {
      throw new DataException(
          "%s has a column run_date already; --run-date would add another".formatted(input.data));
    }
    return saved.predict(
        partitions == null
            ? PairTasks.splitByPairs(table, saved.model().numKeys())
            : table.repartition(partitions));
  }

  private Counts counts(Dataset<Row> staged) {
    Row counts = staged.agg(count(lit(1)), count_if(REJECTED)).head();
    if (counts.getLong(0) == 0) {
      throw new DataException("%s has no rows".formatted(input.data));
    }
    if (counts.getLong(1) > 0 && handleInvalid == HandleInvalid.error) {
      Column cells =
          to_json(
              struct(staged.drop(SavedModel.PREDICTION).col("*")),
              Map.of("ignoreNullFields", "false"));
      String example = staged.where(REJECTED).select(cells).head().getString(0);
      throw new DataException(
          "%d of %d rows of %s cannot be scored; the first: %s (--handle-invalid is error)"
              .formatted(counts.getLong(1), counts.getLong(0), input.data, example));
    }
    return new Counts(counts.getLong(0), counts.getLong(1));
  }
}
