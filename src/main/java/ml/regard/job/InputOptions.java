package ml.regard.job;

import ml.regard.io.Tables;
import picocli.CommandLine.Option;

/** Where a command reads its table. */
final class InputOptions {
  @Option(
      names = "--data",
      required = true,
      paramLabel = "PATH",
      description = "The table: a file, a folder or a pattern.")
  String data;

  @Option(
      names = "--format",
      defaultValue = "parquet",
      paramLabel = "FORMAT",
      description = "parquet, csv (with a header), json or orc (default: parquet).")
  Tables.Format format;
}
