package ml.regard.ml;

import static org.apache.spark.sql.functions.lit;

import java.io.Serializable;
import java.util.Iterator;
import java.util.List;
import ml.regard.DataException;
import ml.regard.kernel.KeyPacker;
import ml.regard.kernel.PackedKeys;
import ml.regard.kernel.RowChunk;
import org.apache.spark.ml.linalg.Vector;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.types.DataTypes;

/**
 * The training rows of a dataset, read once, checked, counted and packed on the driver.
 *
 * @param keys the rows of positive weight in canonical order
 * @param rows all rows read
 * @param rejected rows that were dropped because a cell cannot be used
 * @param zeroWeights rows that were dropped because their weight is zero
 */
record TrainingRows(PackedKeys keys, long rows, long rejected, long zeroWeights) {

  /**
   * Reads and packs.
   *
   * @throws DataException if there are no rows, the vectors differ in size, no weight is positive,
   *     or, with handleInvalid error, a row cannot be used
   */
  static TrainingRows read(Dataset<?> dataset, KernelRegressionParams params) {
    List<PartitionRows> partitions =
        dataset
            .select(
                Columns.named(params.getFeaturesCol()),
                Columns.named(params.getLabelCol()).cast(DataTypes.DoubleType),
                weight(params).cast(DataTypes.DoubleType))
            .toJavaRDD()
            .mapPartitions(PartitionRows::read)
            .collect();
    long rows = partitions.stream().mapToLong(p -> p.rows).sum();
    long rejected = partitions.stream().mapToLong(p -> p.rejected).sum();
    if (rows == 0) {
      throw new DataException("the training data has no rows");
    }
    if (rejected > 0 && params.getHandleInvalid().equals("error")) {
      String example =
          partitions.stream().filter(p -> p.rejected > 0).findFirst().orElseThrow().firstRejected;
      throw new DataException(
          "%d of %d training rows cannot be used; the first: %s (handleInvalid is error)"
              .formatted(rejected, rows, example));
    }
    return pack(partitions, rows, rejected);
  }

  private static TrainingRows pack(List<PartitionRows> partitions, long rows, long rejected) {
    KeyPacker packer = null;
    int dim = 0;
    for (PartitionRows partition : partitions) {
      if (partition.chunk == null) {
        continue;
      }
      if (packer == null) {
        dim = partition.chunk.dim();
        packer = new KeyPacker(dim);
      }
      requireSize(dim, partition.chunk.dim());
      requireSize(dim, partition.otherSize > 0 ? partition.otherSize : dim);
      packer.addAll(partition.chunk);
    }
    if (packer == null) {
      throw new DataException("none of the %d training rows can be used".formatted(rows));
    }
    PackedKeys keys = packer.pack();
    if (keys.numKeys() == 0) {
      throw new DataException("all %d weights are zero".formatted(rows - rejected));
    }
    return new TrainingRows(keys, rows, rejected, packer.zeroWeights());
  }

  private static void requireSize(int dim, int size) {
    if (size != dim) {
      throw new DataException(
          "all training rows must have %d features, as the first has, but one has %d"
              .formatted(dim, size));
    }
  }

  private static Column weight(KernelRegressionParams params) {
    return params.getWeightCol().isEmpty() ? lit(1.0) : Columns.named(params.getWeightCol());
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
      String problem = problem(features, label, weight);
      if (problem != null) {
        rejected++;
        if (firstRejected == null) {
          firstRejected =
              "features %s, label %s, weight %s: %s".formatted(features, label, weight, problem);
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

    private static String problem(Vector features, Double label, Double weight) {
      String problem = Columns.problem(features);
      if (problem == null && features.size() == 0) {
        problem = "it has no features";
      }
      if (problem == null) {
        problem = Columns.problem("label", label);
      }
      if (problem == null) {
        problem = Columns.problem("weight", weight);
      }
      if (problem == null && weight < 0) {
        problem = "weight is negative";
      }
      return problem;
    }
  }
}
