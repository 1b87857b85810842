package ml.regard.ml;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.UUID;
import ml.regard.DataException;
import ml.regard.engine.Calibration;
import ml.regard.engine.CalibrationFiles;
import ml.regard.engine.EngineChoice;
import ml.regard.engine.FileStore;
import ml.regard.engine.KeyStore;
import ml.regard.engine.MemoryStore;
import ml.regard.engine.NodeStore;
import ml.regard.kernel.Checks;
import ml.regard.kernel.KeyPacker;
import ml.regard.kernel.PackedKeys;
import ml.regard.kernel.RowChunk;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.spark.SparkContext;
import org.apache.spark.ml.util.DefaultParamsReader;
import org.apache.spark.ml.util.DefaultParamsReader$;
import org.apache.spark.ml.util.DefaultParamsWriter;
import org.apache.spark.ml.util.MLReader;
import org.apache.spark.ml.util.MLWriter;
import org.apache.spark.sql.Row;
import org.json4s.JObject;
import org.json4s.jackson.JsonMethods$;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import scala.Option;

/**
 * A model as files.
 *
 * <pre>
 *   PATH/metadata   Spark ML metadata (JSON) with a section "regard":
 *                   formatVersion, numKeys, numFeatures, valueCentre, contentHash, inverseWidths,
 *                   where there are residuals meanSquaredResidual, and calibration, calibrationSeed and
 * numScores where there are scores
 *   PATH/keys       Parquet: position, features array, value, weight, id (null for none)
 *   PATH/residuals  Parquet: position, residual, score; where there are any, from version 3 on, with
 *                   scores from version 4 on ({@link CalibrationFiles})
 *   PATH/scores     Parquet: position, score; with calibration split
 *   PATH/nodes      in the place of keys where the model is compact ({@link NodeStore})
 * </pre>
 *
 * <p>Keys are stored as given, so a loaded model packs them to the same bits. A model is written
 * under a temporary name beside PATH and renamed when it is whole. Nothing is ever read by Java
 * deserialisation.
 */
final class ModelFiles {
  static final int FORMAT_VERSION = 4;
  private static final String SECTION = "regard";
  private static final String KEYS = "keys";
  private static final String NODES = "nodes";
  private static final String MEAN_SQUARE = "meanSquaredResidual";
  private static final String CALIBRATION = "calibration";
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Logger LOG = LoggerFactory.getLogger(ModelFiles.class);

  private ModelFiles() {}

  private static String contentHash(KeyStore store) {
    return Long.toHexString(store.keys().contentHash());
  }

  /** Saves a model; see {@link ModelFiles}. */
  static final class Writer extends MLWriter {
    private final KernelRegressionModel model;

    Writer(KernelRegressionModel model) {
      this.model = model;
    }

    /** Replaces an old model only when the new one is whole. */
    @Override
    public void save(String path) throws IOException {
      Path target = new Path(path);
      FileSystem files = fileSystem(target);
      boolean replaces = files.exists(target);
      if (replaces && !shouldOverwrite()) {
        throw new IOException(
            "%s already exists; write().overwrite().save(path) replaces it".formatted(path));
      }
      place(target, replaces);
    }

    @Override
    public void saveImpl(String path) {
      try {
        place(new Path(path), false);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    private void place(Path target, boolean replaces) throws IOException {
      FileSystem files = fileSystem(target);
      Path written = sibling(target);
      Path old = sibling(target);
      try {
        write(written);
        if (replaces) {
          rename(files, target, old);
        }
        rename(files, written, target);
        files.delete(old, true);
      } finally {
        files.delete(written, true);
      }
    }

    private void write(Path path) throws IOException {
      DefaultParamsWriter.saveMetadata(
          model, path.toString(), sparkSession(), Option.apply(section()));
      String folder = model.hasKeys() ? KEYS : NODES;
      model.store().save(sparkSession(), new Path(path, folder).toString());
      model
          .calibrated()
          .ifPresent(found -> CalibrationFiles.save(sparkSession(), found, path.toString()));
    }

    private FileSystem fileSystem(Path path) throws IOException {
      return path.getFileSystem(sparkSession().sparkContext().hadoopConfiguration());
    }

    private static Path sibling(Path target) {
      return new Path(target.getParent(), ".%s.%s".formatted(target.getName(), UUID.randomUUID()));
    }

    private static void rename(FileSystem files, Path from, Path to) throws IOException {
      if (!files.rename(from, to)) {
        throw new IOException("cannot rename %s to %s".formatted(from, to));
      }
    }

    /** The first version that has what the model has: readers of that one can read it. */
    private int version() {
      if (model.calibrated().isPresent()) {
        return model.calibrated().get().hasScores() ? FORMAT_VERSION : 3;
      }
      return model.hasKeys() ? 1 : 2;
    }

    private JObject section() throws JsonProcessingException {
      Map<String, Object> section = new LinkedHashMap<>();
      section.put("formatVersion", version());
      section.put("compact", !model.hasKeys());
      section.put("numKeys", model.numKeys());
      section.put("numFeatures", model.numFeatures());
      section.put("valueCentre", model.averagePooling());
      section.put("contentHash", contentHash(model.store()));
      section.put("inverseWidths", model.learnedInverseWidths());
      model.calibrated().ifPresent(found -> section.putAll(told(found)));
      String json = JSON.writeValueAsString(Map.of(SECTION, section));
      return (JObject) JsonMethods$.MODULE$.mapper().readValue(json, org.json4s.JValue.class);
    }
  }

  private static Map<String, Object> told(Calibration found) {
    Map<String, Object> section = new LinkedHashMap<>();
    section.put(MEAN_SQUARE, found.meanSquare());
    if (found.hasScores()) {
      section.put(CALIBRATION, found.kind().toString());
      section.put("calibrationSeed", found.seed());
      section.put("numScores", found.numScores());
    }
    return section;
  }

  /** Loads a model; see {@link ModelFiles}. */
  static final class Reader extends MLReader<KernelRegressionModel> {
    private final Optional<String> engine;
    private final OptionalDouble tolerance;

    /** For the engine and the tolerance that the model's parameters say. */
    Reader() {
      this(Optional.empty(), OptionalDouble.empty());
    }

    Reader(Optional<String> engine, OptionalDouble tolerance) {
      this.engine = engine;
      this.tolerance = tolerance;
    }

    @Override
    public KernelRegressionModel load(String path) {
      DefaultParamsReader.Metadata metadata = metadata(path);
      JsonNode section = section(path, metadata.metadataJson());
      int numFeatures = section.path("numFeatures").asInt();
      int numKeys = section.path("numKeys").asInt();
      double[] inverseWidths = inverseWidths(path, section.path("inverseWidths"), numFeatures);
      // The parameters come first: they say which engine the keys are for.
      KernelRegressionModel params = new KernelRegressionModel(metadata.uid(), null, inverseWidths);
      setParams(metadata, params);
      KeyStore store = store(path, section, params);
      requireWhole(path, section, store, numKeys);
      KernelRegressionModel model =
          new KernelRegressionModel(metadata.uid(), store, inverseWidths)
              .withCalibration(calibration(path, section));
      setParams(metadata, model);
      engine.ifPresent(model::setEngine);
      return model;
    }

    private void setParams(DefaultParamsReader.Metadata metadata, KernelRegressionModel model) {
      metadata.getAndSetParams(model, metadata.getAndSetParams$default$2());
      tolerance.ifPresent(model::setAnswerTolerance);
    }

    /** The keys, where the engine wants them; with auto, a lattice where it pays. */
    private KeyStore store(String path, JsonNode section, KernelRegressionModel params) {
      String asked = engine.orElse(params.getEngine());
      if (section.path("compact").asBoolean()) {
        return nodes(path, section, asked);
      }
      int numKeys = section.path("numKeys").asInt();
      int numFeatures = section.path("numFeatures").asInt();
      SparkContext spark = sparkSession().sparkContext();
      boolean within = params.getAnswerTolerance() >= EngineChoice.LATTICE_TOLERANCE;
      EngineChoice choice = EngineChoice.of(asked, spark, numKeys, numFeatures, within);
      if (choice.isLattice()) {
        FileStore files = open(path, section, choice);
        requireWhole(path, section, files, numKeys);
        if (!asked.equals(EngineChoice.AUTO) || files.latticePays(params.answering())) {
          LOG.info("{}", choice.reason());
          return files;
        }
        choice = EngineChoice.of(asked, spark, numKeys, numFeatures, false);
      }
      LOG.info("{}", choice.reason());
      return choice.isBroadcast()
          ? new MemoryStore(readKeys(path, numFeatures))
          : open(path, section, choice);
    }

    /** Null where there is none. */
    private Calibration calibration(String path, JsonNode section) {
      if (!section.has(MEAN_SQUARE)) {
        return null;
      }
      int numKeys = section.path("numKeys").asInt();
      double meanSquare = section.path(MEAN_SQUARE).asDouble();
      return section.has(CALIBRATION)
          ? CalibrationFiles.open(
              sparkSession(),
              path,
              numKeys,
              meanSquare,
              Calibration.Kind.of(section.path(CALIBRATION).asText()),
              section.path("calibrationSeed").asLong(),
              section.path("numScores").asInt())
          : CalibrationFiles.open(sparkSession(), path, numKeys, meanSquare);
    }

    /** What stands in for the keys of a compact model. */
    private NodeStore nodes(String path, JsonNode section, String asked) {
      if (!asked.equals(EngineChoice.AUTO) && !asked.equals(EngineChoice.LATTICE)) {
        throw new DataException(
            "the model at %s is compact and has no keys: it needs engine lattice or auto, not %s"
                .formatted(path, asked));
      }
      return NodeStore.open(
          sparkSession(),
          folder(path, NODES),
          section.path("numFeatures").asInt(),
          section.path("numKeys").asInt(),
          section.path("valueCentre").asDouble());
    }

    private FileStore open(String path, JsonNode section, EngineChoice choice) {
      return FileStore.open(
          sparkSession(),
          folder(path, KEYS),
          section.path("numFeatures").asInt(),
          section.path("valueCentre").asDouble(),
          choice.engine());
    }

    private void requireWhole(String path, JsonNode section, KeyStore store, int numKeys) {
      if (store.keys().numKeys() != numKeys) {
        throw new DataException(
            "the model at %s is truncated: it should hold %d keys, but holds %d"
                .formatted(path, numKeys, store.keys().numKeys()));
      }
      String expected = section.path("contentHash").asText();
      String found = contentHash(store);
      if (!found.equals(expected)) {
        throw new DataException(
            "the model at %s is damaged, or was replaced while it was read: its content hashes to %s, but its metadata says %s"
                .formatted(path, found, expected));
      }
    }

    private String folder(String path, String name) {
      Path folder = new Path(path, name);
      requireExists(path, folder);
      return folder.toString();
    }

    private DefaultParamsReader.Metadata metadata(String path) {
      requireExists(path, new Path(path));
      requireExists(path, new Path(path, "metadata"));
      try {
        return DefaultParamsReader$.MODULE$.loadMetadata(
            path, sparkSession(), KernelRegressionModel.class.getName());
      } catch (Exception e) { // also the checked ones that Scala does not declare
        throw new DataException(
            "the model at %s cannot be read: its metadata is damaged or of another class"
                .formatted(path),
            e);
      }
    }

    private void requireExists(String model, Path path) {
      try {
        FileSystem files = path.getFileSystem(sparkSession().sparkContext().hadoopConfiguration());
        if (!files.exists(path)) {
          throw new DataException(
              "there is no model at %s: %s does not exist".formatted(model, path));
        }
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    private static JsonNode section(String path, String metadataJson) {
      try {
        JsonNode section = JSON.readTree(metadataJson).path(SECTION);
        int version = section.path("formatVersion").asInt();
        if (version < 1 || version > FORMAT_VERSION) {
          throw new DataException(
              "the model at %s has format version %d, but this Regard reads versions up to %d"
                  .formatted(path, version, FORMAT_VERSION));
        }
        return section;
      } catch (JsonProcessingException e) {
        throw new DataException("the metadata of the model at %s is no JSON".formatted(path), e);
      }
    }

    private static double[] inverseWidths(String path, JsonNode array, int numFeatures) {
      double[] inverseWidths = new double[array.size()];
      boolean usable = array.size() == 1 || array.size() == numFeatures;
      for (int g = 0; g < inverseWidths.length; g++) {
        inverseWidths[g] = array.get(g).asDouble(Double.NaN);
        usable &= Checks.usable(inverseWidths[g]);
      }
      if (!usable) {
        throw new DataException(
            "the model at %s cannot be read: it needs one inverse width or one per feature (%d), but has %s"
                .formatted(path, numFeatures, array.isArray() ? array : "none"));
      }
      return inverseWidths;
    }

    private PackedKeys readKeys(String path, int numFeatures) {
      String folder = folder(path, KEYS);
      List<RowChunk> chunks;
      try {
        chunks =
            sparkSession()
                .read()
                .schema("features ARRAY<DOUBLE>, value DOUBLE, weight DOUBLE, id STRING")
                .parquet(folder)
                .toJavaRDD()
                .mapPartitions(rows -> chunk(rows, numFeatures))
                .collect();
      } catch (Exception e) {
        throw new DataException("the keys of the model at %s cannot be read".formatted(path), e);
      }
      KeyPacker packer = new KeyPacker(numFeatures);
      chunks.forEach(packer::addAll);
      return packer.pack();
    }

    private static Iterator<RowChunk> chunk(Iterator<Row> rows, int numFeatures) {
      RowChunk chunk = new RowChunk(numFeatures);
      rows.forEachRemaining(
          row -> {
            double[] key =
                row.<Double>getList(0).stream().mapToDouble(Double::doubleValue).toArray();
            chunk.add(key, row.getDouble(1), row.getDouble(2), 0, row.getString(3));
          });
      return List.of(chunk.trimmed()).iterator();
    }
  }
}
