package ml.regard.job;

import java.util.LinkedHashMap;
import java.util.Map;
import ml.regard.kernel.AttentionPooling;
import ml.regard.ml.Throughput;
import org.apache.spark.sql.SparkSession;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

@Command(name = "bench", description = "Throughput of an engine on this machine.")
final class BenchJob extends Job {
  enum Engine {
    broadcast,
    partitioned
  }

  @Option(
      names = "--engine",
      defaultValue = "broadcast",
      paramLabel = "NAME",
      description = "broadcast or partitioned (default: ${DEFAULT-VALUE}).")
  private Engine engine;

  @Option(
      names = "--keys",
      defaultValue = "20000",
      paramLabel = "N",
      description = "Number of keys (default: ${DEFAULT-VALUE}).")
  private int keys;

  @Option(
      names = "--queries",
      defaultValue = "20000",
      paramLabel = "M",
      description = "Number of queries (default: ${DEFAULT-VALUE}).")
  private int queries;

  @Option(
      names = "--dim",
      defaultValue = "1",
      paramLabel = "D",
      description = "Number of features (default: ${DEFAULT-VALUE}).")
  private int dim;

  @Option(
      names = "--width",
      defaultValue = "0.1",
      paramLabel = "H",
      description =
          "Width of each feature; keys and queries are uniform on the unit cube (default:"
              + " ${DEFAULT-VALUE}).")
  private double width;

  @Option(
      names = "--answer-tolerance",
      defaultValue = "0",
      paramLabel = "T",
      description =
          "By how much far keys that are passed over may move a prediction, as a share of the"
              + " standard deviation of the values (default: ${DEFAULT-VALUE}).")
  private double answerTolerance;

  @Option(
      names = "--precision",
      defaultValue = "float64",
      paramLabel = "NAME",
      description = "float64 or float32 (default: ${DEFAULT-VALUE}).")
  private PrecisionName precision;

  @Option(
      names = "--seed",
      defaultValue = "42",
      paramLabel = "S",
      description = "Seed of keys and queries (default: ${DEFAULT-VALUE}).")
  private long seed;

  @Override
  void check() {
    requireAtLeast("--keys", 1, keys);
    requireAtLeast("--queries", 1, queries);
    requireAtLeast("--dim", 1, dim);
    requirePositive("--width", width);
    requireShare("--answer-tolerance", answerTolerance);
  }

  @Override
  Map<String, Object> run(SparkSession spark) {
    Throughput.Load load =
        new Throughput.Load(
            engine.name(), keys, queries, dim, width, answerTolerance, precision.name(), seed);
    Throughput measured = Throughput.measure(spark, load);
    Map<String, Object> result = new LinkedHashMap<>();
    result.put("engine", engine.name());
    result.put("support", AttentionPooling.support());
    result.put("keys", keys);
    result.put("queries", queries);
    result.put("dim", dim);
    result.put("width", width);
    result.put("answerTolerance", answerTolerance);
    result.put("precision", precision.name());
    result.put("seconds", measured.seconds());
    result.put("pairsPerSecond", measured.pairsPerSecond());
    result.put("maxError", measured.maxError());
    return result;
  }
}
