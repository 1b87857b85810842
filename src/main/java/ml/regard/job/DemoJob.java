package ml.regard.job;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import ml.regard.io.Json;
import ml.regard.io.OutputFolder;
import ml.regard.io.RunManifest;
import ml.regard.ml.KernelRegressionTrainingSummary;
import org.apache.spark.sql.SparkSession;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

@Command(
    name = "demo",
    description =
        "The whole textbook walk on one page: average pooling, non-parametric attention, attention"
            + " trained by the textbook's SGD, and the optimum.")
final class DemoJob extends Job {
  @Mixin private OutputOptions output;

  @Option(
      names = "--train",
      paramLabel = "CSV",
      description = "Training rows, columns x and y (default: 50 rows drawn anew).")
  private String train;

  @Option(
      names = "--test",
      paramLabel = "CSV",
      description = "Test queries, columns x and truth (default: 0, 0.1, ..., 4.9).")
  private String test;

  @Option(
      names = "--rows",
      defaultValue = "50",
      paramLabel = "N",
      description = "Training rows to draw without --train (default: ${DEFAULT-VALUE}).")
  private int rows;

  @Option(
      names = "--initial-inverse-width",
      paramLabel = "W",
      description =
          "Where the textbook's SGD starts (default: drawn from (0, 1), as the textbook does).")
  private Double initialInverseWidth;

  @Option(
      names = "--epochs",
      defaultValue = "5",
      paramLabel = "E",
      description = "Epochs of the textbook's SGD (default: ${DEFAULT-VALUE}).")
  private int epochs;

  @Option(
      names = "--step-size",
      defaultValue = "0.5",
      paramLabel = "LR",
      description = "Its learning rate (default: ${DEFAULT-VALUE}).")
  private double stepSize;

  @Option(
      names = "--partitions",
      defaultValue = "2",
      paramLabel = "P",
      description = "Partitions of training rows and queries (default: ${DEFAULT-VALUE}).")
  private int partitions;

  @Option(
      names = "--seed",
      defaultValue = "42",
      paramLabel = "S",
      description = "Seed of data and start (default: ${DEFAULT-VALUE}).")
  private long seed;

  @Override
  void check() {
    if ((train == null) != (test == null)) {
      throw wrong("--train and --test", "given together", "only one of them");
    }
    requireAtLeast("--rows", 2, rows);
    requirePositive("--initial-inverse-width", initialInverseWidth);
    requireAtLeast("--epochs", 1, epochs);
    requirePositive("--step-size", stepSize);
    requireAtLeast("--partitions", 1, partitions);
    if (initialInverseWidth == null) {
      initialInverseWidth = new SplittableRandom(seed).nextDouble(Double.MIN_NORMAL, 1);
    }
  }

  @Override
  Map<String, Object> run(SparkSession spark) {
    RunManifest manifest = manifest(spark);
    requireApart(spark, "--out", output.out, train, test);
    try (OutputFolder folder = OutputFolder.stage(spark, output.out, output.overwrite)) {
      DemoData data =
          train == null ? DemoData.generate(spark, rows, seed) : DemoData.read(spark, train, test);
      DemoWalk.Training training = new DemoWalk.Training(initialInverseWidth, epochs, stepSize);
      DemoWalk walk = DemoWalk.run(spark, data, training, partitions);
      Map<String, Object> metrics = metrics(walk);
      folder.write("metrics.json", Json.pretty(metrics));
      folder.write("predictions.csv", predictions(walk));
      int[] positions = data.positions();
      folder.write("attention-nonparametric.csv", csv(walk.nonparametric().weights(), positions));
      folder.write("attention-trained.csv", csv(walk.trained().weights(), positions));
      DemoReport.write(walk, training, folder);
      writeManifest(manifest.rows(data.x().length, data.queries().length, 0), folder);
      folder.commit();
      metrics.put("out", folder.path());
      return metrics;
    }
  }

  private Map<String, Object> metrics(DemoWalk walk) {
    KernelRegressionTrainingSummary training = walk.trained().model().summary();
    Map<String, Object> trained = new LinkedHashMap<>();
    trained.put("mse", walk.trained().mse());
    trained.put("initialInverseWidth", initialInverseWidth);
    trained.put("lossPerEpoch", training.objectiveHistory());
    trained.put(
        "inverseWidthAfterEachEpoch",
        Arrays.stream(training.inverseWidthHistory()).mapToDouble(w -> w[0]).toArray());
    Map<String, Object> optimum = new LinkedHashMap<>();
    optimum.put("mse", walk.optimum().mse());
    optimum.put("inverseWidth", walk.optimum().model().inverseWidths()[0]);
    optimum.put("loss", walk.optimum().model().summary().looLoss());
    Map<String, Object> metrics = new LinkedHashMap<>();
    metrics.put("averagePooling", Map.of("mse", walk.average().mse()));
    metrics.put("nonparametric", Map.of("mse", walk.nonparametric().mse()));
    metrics.put("trained", trained);
    metrics.put("optimum", optimum);
    return metrics;
  }

  private static String predictions(DemoWalk walk) {
    StringBuilder csv = new StringBuilder("x,truth");
    walk.steps().keySet().forEach(name -> csv.append(',').append(name));
    csv.append('\n');
    for (int i = 0; i < walk.data().queries().length; i++) {
      csv.append(walk.data().queries()[i]).append(',').append(walk.data().truth()[i]);
      for (DemoWalk.Step step : walk.steps().values()) {
        csv.append(',').append(step.predictions()[i]);
      }
      csv.append('\n');
    }
    return csv.toString();
  }

  /** A row per query and a column per training row, both in the order of the files. */
  private static String csv(double[][] weights, int[] positions) {
    return Arrays.stream(weights)
        .map(
            row ->
                IntStream.of(positions)
                    .mapToObj(position -> Double.toString(row[position]))
                    .collect(Collectors.joining(",")))
        .collect(Collectors.joining("\n", "", "\n"));
  }
}
