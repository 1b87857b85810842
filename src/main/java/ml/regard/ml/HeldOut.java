package ml.regard.ml;

import java.io.Serializable;
import java.util.Arrays;
import java.util.List;
import ml.regard.DataException;
import ml.regard.kernel.Hash;
import ml.regard.kernel.PackedKeys;
import ml.regard.kernel.RowChunk;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;

/**
 * Which rows calibration split holds out: about one in five, by a hash of the seed and of all that
 * is in a row, so that it depends on no other row, nor on how rows are partitioned. Equal rows fall
 * together.
 */
final class HeldOut implements Serializable {
  private static final long serialVersionUID = 1;
  private static final int ONE_IN = 5;

  private final boolean split;
  private final long seed;

  private HeldOut(boolean split, long seed) {
    this.split = split;
    this.seed = seed;
  }

  static HeldOut of(KernelRegressionParams params) {
    return new HeldOut(params.getCalibration().equals("split"), params.getSeed());
  }

  /** Whether any rows are held out. */
  boolean any() {
    return split;
  }

  /** Whether this row is; one of weight zero never is. */
  boolean holds(double[] features, double value, double weight, String id) {
    if (!split || weight == 0) {
      return false;
    }
    double[] equal = Arrays.stream(features).map(x -> x + 0.0).toArray(); // no -0.0
    return Long.remainderUnsigned(Hash.row(seed, equal, value + 0.0, weight, id), ONE_IN) == 0;
  }

  /** Adds a row to blocks of rows. */
  static void add(List<RowChunk> blocks, double[] features, double value, double weight) {
    int last = blocks.size() - 1;
    if (last < 0 || blocks.get(last).size() == PackedKeys.BLOCK_SIZE) {
      blocks.add(new RowChunk(features.length));
      last++;
    }
    blocks.get(last).add(features, value, weight);
  }

  /** The blocks on the cluster that a table is on. */
  static JavaRDD<RowChunk> spread(Dataset<Row> table, List<RowChunk> blocks) {
    JavaSparkContext spark = JavaSparkContext.fromSparkContext(table.sparkSession().sparkContext());
    int tasks = Math.min(blocks.size(), 3 * spark.defaultParallelism());
    return spark.parallelize(blocks, Math.max(1, tasks));
  }

  static DataException noKeys(long heldOut) {
    return new DataException(
        "calibration split holds out %d rows and leaves no key: it needs more rows"
            .formatted(heldOut));
  }
}
