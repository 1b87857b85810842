package ml.regard.job;

import java.util.LinkedHashMap;
import java.util.Map;
import ml.regard.io.OutputFolder;
import ml.regard.io.RunManifest;
import ml.regard.io.SyntheticData;
import ml.regard.io.Tables;
import org.apache.spark.sql.SparkSession;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

@Command(
    name = "generate",
    description = "Draw the textbook's data: x uniform on [0,5], y = 2 sin x + x^0.8 + N(0, 0.5).")
final class GenerateJob extends Job {
  @Option(
      names = "--rows",
      required = true,
      paramLabel = "N",
      description = "Number of rows, at least 1.")
  private long rows;

  @Option(
      names = "--seed",
      defaultValue = "42",
      paramLabel = "S",
      description = "Seed (default: ${DEFAULT-VALUE}).")
  private long seed;

  @Mixin private OutputOptions output;

  @Option(
      names = "--format",
      defaultValue = "parquet",
      paramLabel = "FORMAT",
      description = "parquet, csv, json or orc (default: parquet).")
  private Tables.Format format;

  @Override
  void check() {
    requireAtLeast("--rows", 1, rows);
    if (format == Tables.Format.JDBC) {
      throw wrong("--format", "parquet, csv, json or orc", format);
    }
  }

  @Override
  Map<String, Object> run(SparkSession spark) {
    RunManifest manifest = manifest(spark);
    requireApart(spark, "--out", output.out);
    try (OutputFolder folder = OutputFolder.stage(spark, output.out, output.overwrite)) {
      describe(spark, "writing");
      Tables.write(SyntheticData.training(spark, rows, seed), format, folder.stagedPath());
      writeManifest(manifest.rows(0, rows, 0), folder);
      folder.commit();
      Map<String, Object> result = new LinkedHashMap<>();
      result.put("rows", rows);
      result.put("seed", seed);
      result.put("out", folder.path());
      return result;
    }
  }
}
