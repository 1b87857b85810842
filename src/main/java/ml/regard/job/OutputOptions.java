package ml.regard.job;

import picocli.CommandLine.Option;

/** Where a command writes its folder. */
final class OutputOptions {
  @Option(names = "--out", required = true, paramLabel = "DIR", description = "Folder to write.")
  String out;

  @Option(names = "--overwrite", description = "Replace the output when it exists.")
  boolean overwrite;
}
