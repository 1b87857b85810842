package ml.regard.ml;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Function;
import ml.regard.DataException;
import ml.regard.engine.EngineChoice;
import ml.regard.engine.MemoryStore;
import ml.regard.kernel.KeyPacker;
import ml.regard.kernel.PackedKeys;
import ml.regard.kernel.RowChunk;
import org.apache.spark.ml.linalg.Vector;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;

/** Training rows collected to the driver, each partition once, and packed there. */
final class PackedTraining {
  private PackedTraining() {}

  static TrainingRows read(Dataset<Row> table, EngineChoice choice, KernelRegressionParams params) {
    HeldOut heldOut = HeldOut.of(params);
    List<PartitionRows> partitions =
        table.toJavaRDD().mapPartitions(part -> PartitionRows.read(part, heldOut)).collect();
    long rows = partitions.stream().mapToLong(p -> p.rows).sum();
    long rejected = partitions.stream().mapToLong(p -> p.rejected).sum();
    String example =
        partitions.stream()
            .filter(p -> p.rejected > 0)
            .map(p -> p.firstRejected)
            .findFirst()
            .orElse(null);
    TrainingRows.require(params, rows, rejected, example);
    requireOneSize(partitions);
    String indicator = params.getValidationIndicatorCol();
    List<RowChunk> held = partitions.stream().flatMap(p -> p.heldOut.stream()).toList();
    long heldOutRows = held.stream().mapToLong(RowChunk::size).sum();
    if (heldOutRows > 0 && partitions.stream().allMatch(p -> p.keys == null)) {
      throw HeldOut.noKeys(heldOutRows);
    }
    KeyPacker packer = gather(partitions, p -> p.keys, indicator + " is true in every row");
    PackedKeys keys = packer.pack();
    TrainingRows.requireKeys(keys.numKeys(), packer.zeroWeights(), heldOutRows);
    long zeroWeights = packer.zeroWeights();
    Optional<PackedKeys> validation = Optional.empty();
    if (!indicator.isEmpty()) {
      packer = gather(partitions, p -> p.validation, indicator + " is true in no row");
      validation = Optional.of(packer.pack());
      TrainingRows.requireKeys(validation.get().numKeys(), packer.zeroWeights(), 0);
      zeroWeights += packer.zeroWeights();
    }
    return new TrainingRows(
        new MemoryStore(keys),
        validation,
        heldOut.any() ? Optional.of(HeldOut.spread(table, held)) : Optional.empty(),
        choice,
        rows,
        rejected,
        zeroWeights,
        heldOutRows);
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
    private final List<RowChunk> heldOut = new ArrayList<>(); // a block each
    private int dim; // of the first vector; 0 for none
    private long rows;
    private long rejected;
    private String firstRejected;
    private int otherSize; // of a vector unlike the first; 0 for none

    static Iterator<PartitionRows> read(Iterator<Row> rows, HeldOut heldOut) {
      PartitionRows partition = new PartitionRows();
      rows.forEachRemaining(row -> partition.add(row, heldOut));
      if (partition.keys != null) {
        partition.keys.trimmed();
      }
      return List.of(partition).iterator();
    }

    private void add(Row row, HeldOut calibration) {
      rows++;
      Vector features = row.getAs(0);
      Double label = row.getAs(1);
      Double weight = row.getAs(2);
      Long fold = row.getAs(3);
      Boolean held = row.getAs(4);
      String id = row.getAs(5);
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
      if (held) {
        validation = validation == null ? new RowChunk(dim) : validation;
        validation.add(features.toArray(), label, weight);
      } else if (calibration.holds(features.toArray(), label, weight, id)) {
        HeldOut.add(heldOut, features.toArray(), label, weight);
      } else {
        keys = keys == null ? new RowChunk(dim) : keys;
        keys.add(features.toArray(), label, weight, fold, id);
      }
    }
  }
}
