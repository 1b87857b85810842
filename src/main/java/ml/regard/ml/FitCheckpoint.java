package ml.regard.ml;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import ml.regard.Build;
import ml.regard.DataException;
import ml.regard.engine.KeyStore;
import ml.regard.optim.Evaluation;
import ml.regard.optim.EvaluationLog;
import org.apache.hadoop.fs.ChecksumFileSystem;
import org.apache.hadoop.fs.FileAlreadyExistsException;
import org.apache.hadoop.fs.FileContext;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.spark.ml.param.Param;
import org.apache.spark.sql.SparkSession;

/**
 * The evaluations of a fit in a folder of any Hadoop file system:
 *
 * <pre>
 *   DIR/fit.json                  what decides the answers: version, data, parameters
 *   DIR/evaluations-0000010.json  the evaluations after those of the file before, up to number 10
 * </pre>
 *
 * <p>Each file is written under a temporary name and renamed, so a killed driver leaves whole files
 * only; with checkpointInterval N there is one every N evaluations, with -1 none are written. The
 * folder stays when the fit has ended: the same fit again ends at once, with the same bits. One fit
 * at a time may write to a folder; the second one that does fails.
 */
final class FitCheckpoint implements EvaluationLog {
  private static final String HEADER = "fit.json";
  private static final String RECORD = "evaluations-%07d.json";
  private static final ObjectMapper JSON = new ObjectMapper();

  /** Parameters that change no evaluation and no step; columns are told by what is in them. */
  private static final Set<String> FREE =
      Set.of(
          "featuresCol",
          "labelCol",
          "weightCol",
          "validationIndicatorCol",
          "predictionCol",
          "attentionWeightsCol",
          "handleInvalid",
          "numPartitions",
          "aggregationDepth",
          "checkpointDir",
          "checkpointInterval",
          "onCancel",
          "precision", // of predictions: widths are learned in double
          "stagingDir",
          "intervalCol",
          "confidence",
          "bandCol",
          "attentionCol",
          "topKeys",
          "quantilesCol",
          "quantiles",
          "keyIdCol",
          "errorBoundCol",
          "standardErrorCol",
          "effectiveKeysCol",
          "supportCol",
          "marginalEffectCol",
          "outsideSupport",
          "supportThreshold",
          "calibration", // the rows that split holds out are missing from the keys
          "groupCol",
          "timeCol");

  private final FileSystem files;
  private final Path folder;
  private final int interval;
  private final Deque<String> unread = new ArrayDeque<>();
  private final Deque<Evaluation> read = new ArrayDeque<>();
  private ArrayNode pending = JSON.createArrayNode();
  private int number;

  private FitCheckpoint(FileSystem files, Path folder, int interval) {
    this.files = files;
    this.folder = folder;
    this.interval = interval;
  }

  /**
   * Opens the folder that the parameters name, or starts it.
   *
   * @throws DataException if the folder is of another fit, or of something else
   */
  static EvaluationLog open(
      SparkSession session, KernelRegressionParams params, TrainingRows rows) {
    if (params.getCheckpointDir().isEmpty()) {
      return NONE;
    }
    try {
      Path folder = new Path(params.getCheckpointDir());
      FileSystem files = folder.getFileSystem(session.sparkContext().hadoopConfiguration());
      // Without the checksum files that Hadoop adds on local disks.
      FileSystem raw = files instanceof ChecksumFileSystem c ? c.getRawFileSystem() : files;
      FitCheckpoint checkpoint =
          new FitCheckpoint(raw, raw.makeQualified(folder), params.getCheckpointInterval());
      checkpoint.start(identity(params, rows));
      return checkpoint;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static ObjectNode identity(KernelRegressionParams params, TrainingRows rows) {
    KeyStore keys = rows.learned();
    ObjectNode identity = JSON.createObjectNode();
    identity.put("formatVersion", 2);
    identity.put("regardVersion", Build.version());
    identity.put("numKeys", keys.keys().numKeys());
    identity.put("numFeatures", keys.keys().dim());
    identity.put("contentHash", "%016x".formatted(keys.keys().contentHash()));
    rows.validation()
        .ifPresent(held -> identity.put("validationHash", "%016x".formatted(held.contentHash())));
    identity.put("usedEngine", keys.engine());
    for (Param<?> param : params.params()) {
      if (params.isDefined(param) && !FREE.contains(param.name())) {
        identity.set(param.name(), value(params, param));
      }
    }
    return identity;
  }

  private static <T> JsonNode value(KernelRegressionParams params, Param<T> param) {
    String json = param.jsonEncode(params.getOrDefault(param));
    try {
      return JSON.readTree(json);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException(json, e);
    }
  }

  private void start(ObjectNode identity) throws IOException {
    String[] names =
        files.exists(folder)
            ? Arrays.stream(files.listStatus(folder))
                .map(FileStatus::getPath)
                .map(Path::getName)
                .filter(name -> !name.startsWith(".")) // what a killed driver was writing
                .sorted()
                .toArray(String[]::new)
            : new String[0];
    if (Arrays.asList(names).contains(HEADER)) {
      requireSame(parse(HEADER), identity);
      Arrays.stream(names).filter(n -> n.matches("evaluations-\\d+\\.json")).forEach(unread::add);
    } else if (names.length > 0) {
      throw new DataException(
          "%s is no checkpoint of a fit: it holds %s, but no %s"
              .formatted(folder, names[0], HEADER));
    } else if (interval > 0) {
      write(HEADER, identity);
    }
  }

  private void requireSame(JsonNode before, ObjectNode now) {
    if (!(before instanceof ObjectNode old)) {
      throw damaged(HEADER, "it is no JSON object", null);
    }
    ObjectNode both = old.deepCopy().setAll(now);
    both.fieldNames().forEachRemaining(name -> requireSame(name, old.get(name), now.get(name)));
  }

  private void requireSame(String name, JsonNode before, JsonNode now) {
    if (!String.valueOf(before).equals(String.valueOf(now))) {
      throw new DataException(
          "the checkpoint %s was made with %s %s, but this fit has %s; the same data and options go"
                  .formatted(folder, name, shown(before), shown(now))
              + " on with it, others need another folder");
    }
  }

  private static String shown(JsonNode value) {
    return value == null ? "unset" : value.toString();
  }

  @Override
  public Optional<Evaluation> next() {
    if (read.isEmpty() && !unread.isEmpty()) {
      read(unread.remove());
    }
    return Optional.ofNullable(read.poll());
  }

  private void read(String name) {
    for (JsonNode evaluation : parse(name)) {
      number++;
      if (evaluation.path("number").asInt() != number) {
        throw damaged(name, "evaluation %d is not where it should be".formatted(number), null);
      }
      try {
        read.add(EvaluationJson.read(evaluation));
      } catch (IllegalArgumentException e) {
        throw damaged(name, "evaluation %d cannot be read".formatted(number), e);
      }
    }
    if (!name.equals(RECORD.formatted(number))) {
      throw damaged(name, "it ends with evaluation %d".formatted(number), null);
    }
  }

  @Override
  public void append(Evaluation evaluation) {
    number++;
    if (interval > 0) {
      pending.add(EvaluationJson.write(number, evaluation));
      if (pending.size() >= interval) {
        close();
      }
    }
  }

  /** Writes what is not yet written. */
  @Override
  public void close() {
    if (!pending.isEmpty()) {
      write(RECORD.formatted(number), pending);
      pending = JSON.createArrayNode();
    }
  }

  private JsonNode parse(String name) {
    try (InputStream in = files.open(new Path(folder, name))) {
      return JSON.readTree(new String(in.readAllBytes(), StandardCharsets.UTF_8));
    } catch (JsonProcessingException e) {
      throw damaged(name, "it is no JSON", e);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private DataException damaged(String name, String problem, Exception cause) {
    String sentence =
        "the checkpoint %s is damaged: %s in %s; without that file and those after it, a fit goes on"
            + " from the ones before";
    return new DataException(sentence.formatted(folder, problem, name), cause);
  }

  private void write(String name, JsonNode json) {
    Path temporary = new Path(folder, ".%s.%s".formatted(name, UUID.randomUUID()));
    try {
      try (OutputStream out = files.create(temporary, false)) {
        out.write((json.toPrettyString() + "\n").getBytes(StandardCharsets.UTF_8));
      }
      // Unlike FileSystem's, this rename refuses a target that exists.
      FileContext.getFileContext(folder.toUri(), files.getConf())
          .rename(temporary, new Path(folder, name));
    } catch (FileAlreadyExistsException e) {
      throw new DataException(
          "another fit writes to the checkpoint %s: it has %s already".formatted(folder, name), e);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
