package ml.regard.job;

import java.io.File;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.Callable;
import ml.regard.io.Json;
import ml.regard.io.OutputFolder;
import ml.regard.io.RunManifest;
import ml.regard.kernel.AttentionPooling;
import org.apache.spark.SparkConf;
import org.apache.spark.SparkContext;
import org.apache.spark.sql.SparkSession;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** What all commands share: options, the Spark session, the manifest, and the line of JSON. */
@Command(mixinStandardHelpOptions = true, versionProvider = Main.Version.class)
abstract class Job implements Callable<Integer> {
  @Spec CommandSpec spec;

  @Option(
      names = "--result",
      paramLabel = "PATH",
      description = "Also write the line of JSON to this file (for cluster deploy mode).")
  private String result;

  /** Throws {@link ParameterException} for options that do not fit, before Spark starts. */
  void check() {}

  /** Does the work and returns the result that becomes the line of JSON. */
  abstract Map<String, Object> run(SparkSession spark);

  @Override
  public final Integer call() {
    check();
    requireSupport();
    SparkSession spark = session();
    if (result != null) {
      OutputFolder.deleteFile(spark, result); // an old result must not speak for a run that fails
    }
    String line = Json.line(inJobGroup(spark));
    if (result != null) {
      OutputFolder.writeFile(spark, result, line + "\n");
    }
    spec.commandLine().getOut().println(line);
    spec.commandLine().getOut().flush();
    return 0;
  }

  /** What the system property regard.support asks for must be there. */
  private void requireSupport() {
    try {
      AttentionPooling.support();
    } catch (ExceptionInInitializerError e) {
      throw new ParameterException(spec.commandLine(), e.getCause().getMessage());
    }
  }

  /** Runs the command's Spark jobs in a group named by it, "regard fit", that a signal cancels. */
  private Map<String, Object> inJobGroup(SparkSession spark) {
    SparkContext context = spark.sparkContext();
    context.setJobGroup("regard " + spec.name(), "Regard " + spec.name(), false);
    Termination.cancels(context);
    try {
      return run(spark);
    } finally {
      Termination.waitsFor(context);
      context.clearJobGroup();
    }
  }

  /** Names the Spark jobs to come: "Regard score: writing". */
  void describe(SparkSession spark, String stage) {
    spark.sparkContext().setJobDescription("Regard %s: %s".formatted(spec.name(), stage));
  }

  /** Starts the manifest of this run, with the options as resolved. */
  RunManifest manifest(SparkSession spark) {
    Map<String, Object> options = new LinkedHashMap<>();
    for (OptionSpec option : spec.options()) {
      Object value = option.getValue();
      if (value != null && !(option.usageHelp() || option.versionHelp())) {
        options.put(option.longestName().substring(2), jsonValue(value));
      }
    }
    return new RunManifest(spark, spec.name(), options);
  }

  void writeManifest(RunManifest manifest, OutputFolder folder) {
    manifest.writeTo(folder, AttentionPooling::support);
  }

  /** The failure of an option: what, the limit, and the value given. */
  ParameterException wrong(String option, String limit, Object given) {
    return new ParameterException(
        spec.commandLine(), "%s must be %s, but was %s".formatted(option, limit, given));
  }

  /** An output may not be, or hold, what the command reads, writes besides, or runs in. */
  void requireApart(SparkSession spark, String option, String output, String... others) {
    if (output.isBlank()) {
      throw wrong(option, "the name of a folder", "''");
    }
    for (String other : others) {
      if (other != null && !other.isBlank() && OutputFolder.contains(spark, output, other)) {
        throw wrong(option, "apart from " + other, output);
      }
    }
    if (OutputFolder.contains(spark, output, new File("").getAbsoluteFile().toURI().toString())) {
      throw wrong(option, "no folder that holds the working directory", output);
    }
  }

  void requirePositive(String option, Double value) {
    if (value != null && !(value > 0 && Double.isFinite(value))) {
      throw wrong(option, "positive and finite", value);
    }
  }

  void requireShare(String option, Double value) {
    if (value != null && !(value >= 0 && value <= 1)) {
      throw wrong(option, "in [0, 1]", value);
    }
  }

  void requireAtLeast(String option, long limit, Number value) {
    if (value != null && value.longValue() < limit) {
      throw wrong(option, "at least " + limit, value);
    }
  }

  private static Object jsonValue(Object value) {
    return value instanceof Number || value instanceof Boolean ? value : value.toString();
  }

  private SparkSession session() {
    SparkSession.Builder builder = SparkSession.builder();
    String name = new SparkConf().get("spark.app.name", Main.class.getName());
    return builder
        .appName(name.equals(Main.class.getName()) ? "regard " + spec.name() : name)
        .getOrCreate();
  }
}
