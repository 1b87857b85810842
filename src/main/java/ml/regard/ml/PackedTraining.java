package ml.regard.ml;

import java.io.Serializable;
import java.util.Iterator;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.Function;
import ml.regard.DataException;
import ml.regard.engine.EngineChoice;
import ml.regard.engine.MemoryStore;
import ml.regard.kernel.KeyPacker;
import ml.regard.kernel.PackedKeys;
import ml.regard.kernel.RowChunk;
import ml.regard.kernel.RowTags;
import org.apache.spark.ml.linalg.Vector;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;

/** Training rows collected to the driver, each partition once, and packed there. */
final class PackedTraining {
  private PackedTraining() {}

  /**
   * Reads them.
   *
   * @param before the time before which rows are learned from; empty for all
   */
  static TrainingRows read(
      Dataset<Row> table, EngineChoice choice, KernelRegressionParams params, OptionalLong before) {
    boolean grouped = !params.getGroupCol().isEmpty();
    boolean timed = !params.getTimeCol().isEmpty();
    List<PartitionRows> partitions =
        table.toJavaRDD().mapPartitions(part -> PartitionRows.read(part, grouped, timed)).collect();
    long rows = partitions.stream().mapToLong(p -> p.rows).sum();
    long rejected = partitions.stream().mapToLong(p -> p.rejected).sum();
    String example =
        partitions.stream()
            .filter(p -> p.rejected > 0)
            .map(p -> p.firstRejected)
            .findFirst()
            .orElse(null);
    TrainingRows.require(params, rows, rejected, example);
    long maskless = partitions.stream().mapToLong(p -> p.maskless).sum();
    if (rejected + maskless == rows) {
      throw new DataException(
          "none of the %d training rows that can be used has all of groupCol and timeCol"
              .formatted(maskless));
    }
    requireOneSize(partitions);
    String indicator = params.getValidationIndicatorCol();
    KeyPacker packer = gather(partitions, p -> p.keys, indicator + " is true in every row");
    PackedKeys keys = packer.pack();
    TrainingRows.requireWeights(keys.numKeys(), packer.zeroWeights());
    long zeroWeights = packer.zeroWeights();
    Optional<PackedKeys> validation = Optional.empty();
    if (!indicator.isEmpty()) {
      packer = gather(partitions, p -> p.validation, indicator + " is true in no row");
      validation = Optional.of(packer.pack());
      TrainingRows.requireWeights(validation.get().numKeys(), packer.zeroWeights());
      zeroWeights += packer.zeroWeights();
    }
    MemoryStore all = new MemoryStore(keys);
    MemoryStore learned = all;
    if (before.isPresent()) {
      learned = new MemoryStore(keys.before(before.getAsLong()));
      if (learned.keys().numKeys() == 0) {
        throw new DataException(
            "no training row is earlier than fitBefore %s".formatted(params.getFitBefore()));
      }
    }
    return new TrainingRows(
        all, before, learned, validation, choice, rows, rejected, zeroWeights, maskless);
  }

  /** All vectors are as long as the first. */
  private static void requireOneSize(List<PartitionRows> partitions) {
    int dim = partitions.stream().mapToInt(p -> p.dim).filter(d -> d > 0).findFirst().orElseThrow();
    for (PartitionRows partition : partitions) {
      TrainingRows.requireSize(dim, partition.dim > 0 ? partition.dim : dim);
      TrainingRows.requireSize(dim, partition.otherSize > 0 ? partition.otherSize : dim);
    }
  }

  private static KeyPacker gather(
      List<PartitionRows> partitions, Function<PartitionRows, RowChunk> part, String none) {
    List<RowChunk> filled = partitions.stream().map(part).filter(Objects::nonNull).toList();
    if (filled.isEmpty()) {
      throw new DataException("validationIndicatorCol " + none + " that can be used");
    }
    KeyPacker packer = new KeyPacker(filled.get(0).dim());
    filled.forEach(packer::addAll);
    return packer;
  }

  /** The rows of one partition. */
  private static final class PartitionRows implements Serializable {
    private static final long serialVersionUID = 1;

    private RowChunk keys;
    private RowChunk validation;
    private int dim; // of the first vector; 0 for none
    private long rows;
    private long rejected;
    private long maskless;
    private String firstRejected;
    private int otherSize; // of a vector unlike the first; 0 for none

    static Iterator<PartitionRows> read(Iterator<Row> rows, boolean grouped, boolean timed) {
      PartitionRows partition = new PartitionRows();
      rows.forEachRemaining(row -> partition.add(row, grouped, timed));
      if (partition.keys != null) {
        partition.keys.trimmed();
      }
      return List.of(partition).iterator();
    }

    private void add(Row row, boolean grouped, boolean timed) {
      rows++;
      Vector features = row.getAs(0);
      Double label = row.getAs(1);
      Double weight = row.getAs(2);
      Long fold = row.getAs(3);
      Boolean held = row.getAs(4);
      RowTags tags = new RowTags(fold == null ? 0 : fold, row.getAs(5), row.getAs(6), row.getAs(7));
      String problem = TrainingRows.problem(features, label, weight);
      if (problem == null && (fold == null || held == null)) {
        problem = fold == null ? "its fold (leaveOut) is null" : "validationIndicatorCol is null";
      }
      if (problem != null) {
        rejected++;
        if (firstRejected == null) {
          firstRejected = problem;
        }
        return;
      }
      dim = dim == 0 ? features.size() : dim;
      if (features.size() != dim) {
        otherSize = features.size();
        return;
      }
      if ((grouped && tags.group() == null) || (timed && tags.time() == null)) {
        maskless++;
        return;
      }
      if (held) {
        validation = validation == null ? new RowChunk(dim) : validation;
        validation.add(features.toArray(), label, weight, tags);
      } else {
        keys = keys == null ? new RowChunk(dim) : keys;
        keys.add(features.toArray(), label, weight, tags);
      }
    }
  }
}
