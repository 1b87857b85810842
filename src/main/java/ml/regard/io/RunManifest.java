package ml.regard.io;

import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.IntStream;
import ml.regard.Build;
import org.apache.spark.SparkConf;
import org.apache.spark.SparkEnv;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.util.Utils;
import scala.Tuple2;
import scala.jdk.javaapi.CollectionConverters;

/**
 * What made an output: version and commit, Spark and JVM, which loops ran where, the options as
 * resolved, rows in, out and rejected, start and end. Written as {@code _manifest.json} into the
 * output's folder, where Spark's readers pass over it. Secrets in Spark options are redacted with
 * Spark's own rule.
 */
public final class RunManifest {
  static final String FILE = "_manifest.json";

  private final SparkSession spark;
  private final Map<String, Object> fields = new LinkedHashMap<>();

  /**
   * Starts the record of a run.
   *
   * @param command the job's command
   * @param options its options as resolved
   */
  public RunManifest(SparkSession spark, String command, Map<String, Object> options) {
    this.spark = spark;
    fields.put("command", command);
    fields.put("version", Build.version());
    fields.put("commit", Build.commit());
    fields.put("spark", spark.version());
    fields.put("jvm", System.getProperty("java.vm.name") + " " + Runtime.version());
    fields.put("processorArchitecture", System.getProperty("os.arch"));
    fields.put("options", options);
    fields.put("start", Instant.now().toString());
  }

  /** Rows read, rows in the output, and rows that were rejected. */
  public RunManifest rows(long in, long out, long rejected) {
    fields.put("rowsIn", in);
    fields.put("rowsOut", out);
    fields.put("rowsRejected", rejected);
    return this;
  }

  /** Adds what else decided the result. */
  public RunManifest with(String name, Object value) {
    fields.put(name, value);
    return this;
  }

  /** Which implementation of the loops a JVM runs. Must be serialisable. */
  public interface Support extends java.io.Serializable {
    /** "scalar" or "simd", asked on the driver and on every executor. */
    String name();
  }

  /** Whether a folder is an output with a manifest of its own. */
  public static boolean isIn(SparkSession spark, String folder) {
    return OutputFolder.read(spark, folder, FILE).isPresent();
  }

  /** Asks driver and executors for their loops, closes the record and writes it. */
  public void writeTo(OutputFolder folder, Support support) {
    folder.write(FILE, Json.pretty(close(support)));
  }

  /** Asks driver and executors for their loops, and closes the record. */
  public Map<String, Object> close(Support support) {
    fields.put("support", Map.of("driver", support.name(), "executors", executors(support)));
    fields.put("sparkOptions", redactedOptions());
    fields.put("end", Instant.now().toString());
    return fields;
  }

  /** A few tiny tasks per core reach every executor that is up. */
  private Map<String, String> executors(Support support) {
    JavaSparkContext context = JavaSparkContext.fromSparkContext(spark.sparkContext());
    int tasks = 4 * context.defaultParallelism();
    List<Integer> numbers = IntStream.range(0, tasks).boxed().toList();
    Map<String, String> found = new TreeMap<>();
    for (String answer :
        new TreeSet<>(
            context
                .parallelize(numbers, tasks)
                .map(i -> SparkEnv.get().executorId() + " " + support.name())
                .collect())) {
      int space = answer.indexOf(' ');
      found.put(answer.substring(0, space), answer.substring(space + 1));
    }
    return found;
  }

  private Map<String, String> redactedOptions() {
    SparkConf conf = spark.sparkContext().getConf();
    List<Tuple2<String, String>> all = List.of(conf.getAll());
    Map<String, String> options = new TreeMap<>();
    CollectionConverters.asJava(Utils.redact(conf, CollectionConverters.asScala(all).toSeq()))
        .forEach(option -> options.put(option._1(), option._2()));
    return options;
  }
}
