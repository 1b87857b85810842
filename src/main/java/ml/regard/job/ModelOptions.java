package ml.regard.job;

import picocli.CommandLine.Option;

/** Which model a command asks, and how it holds the keys. */
final class ModelOptions {
  @Option(names = "--model", required = true, paramLabel = "DIR", description = "The model.")
  String model;

  @Option(
      names = "--engine",
      defaultValue = "auto",
      paramLabel = "NAME",
      description =
          "broadcast, partitioned to leave the keys in the model's files, lattice for many rows"
              + " and keys of at most 3 features, or auto (default: ${DEFAULT-VALUE}).")
  EngineName engine;

  @Option(
      names = "--answer-tolerance",
      paramLabel = "T",
      description =
          "By how much far keys that are passed over may move a prediction, as a share of the"
              + " standard deviation of the labels (default: that of the fit; 0: not by a bit).")
  Double answerTolerance;

  @Option(
      names = "--precision",
      paramLabel = "NAME",
      description =
          "float64, or float32 for faster predictions that are off by at most 5e-5 of the range of"
              + " the labels (default: that of the model).")
  PrecisionName precision;
}
