package ml.regard.ml;

import java.io.Serializable;
import java.util.Iterator;
import java.util.List;
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
    List<PartitionRows> partitions = table.toJavaRDD().mapPartitions(PartitionRows::read).collect();
    long rows = partitions.stream().mapToLong(p -> p.rows).sum();
    long rejected = partitions.stream().mapToLong(p -> p.rejected).sum();
    String example =
        partitions.stream()
            .filter(p -> p.rejected > 0)
            .map(p -> p.firstRejected)
            .findFirst()
            .orElse(null);
    TrainingRows.require(params, rows, rejected, example);
    KeyPacker packer = gather(partitions);
    PackedKeys keys = packer.pack();
    TrainingRows.requireWeights(keys.numKeys(), packer.zeroWeights());
    return new TrainingRows(new MemoryStore(keys), choice, rows, rejected, packer.zeroWeights());
  }

  private static KeyPacker gather(List<PartitionRows> partitions) {
    List<PartitionRows> filled = partitions.stream().filter(p -> p.chunk != null).toList();
    int dim = filled.get(0).chunk.dim();
    KeyPacker packer = new KeyPacker(dim);
    for (PartitionRows partition : filled) {
      TrainingRows.requireSize(dim, partition.chunk.dim());
      TrainingRows.requireSize(dim, partition.otherSize > 0 ? partition.otherSize : dim);
      packer.addAll(partition.chunk);
    }
    return packer;
  }

  /** The rows of one partition. */
  private static final class PartitionRows implements Serializable {
    private static final long serialVersionUID = 1;

    private RowChunk chunk;
    private long rows;
    private long rejected;
    private String firstRejected;
    private int otherSize; // of a vector unlike the chunk's; 0 for none

    static Iterator<PartitionRows> read(Iterator<Row> rows) {
      PartitionRows partition = new PartitionRows();
      rows.forEachRemaining(partition::add);
      if (partition.chunk != null) {
        partition.chunk.trimmed();
      }
      return List.of(partition).iterator();
    }

    private void add(Row row) {
      rows++;
      Vector features = row.getAs(0);
      Double label = row.getAs(1);
      Double weight = row.getAs(2);
      String problem = TrainingRows.problem(features, label, weight);
      if (problem != null) {
        rejected++;
        if (firstRejected == null) {
          firstRejected = problem;
        }
        return;
      }
      if (chunk == null) {
        chunk = new RowChunk(features.size());
      }
      if (features.size() == chunk.dim()) {
        chunk.add(features.toArray(), label, weight);
      } else {
        otherSize = features.size();
      }
    }
  }
}
