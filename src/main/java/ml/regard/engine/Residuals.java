package ml.regard.engine;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.stream.IntStream;
import ml.regard.DataException;
import ml.regard.kernel.KeyBlock;
import ml.regard.kernel.Keys;
import ml.regard.kernel.LeaveOneOut;
import ml.regard.kernel.TrainingQueries;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;

/**
 * The leave-one-out residuals r_j = v_j - y^_{-j} of all keys, by position, and their mean square
 *
 * <pre>
 *   g = sum c r^2 / sum c
 * </pre>
 *
 * <p>over those that are defined; the others count as g. Sums are added block after block, so they
 * have the same bits from every engine. Memory: 8 bytes a key. Immutable.
 */
public final class Residuals implements Serializable {
  private static final long serialVersionUID = 1;
  private static final int ROWS_PER_FILE = 1 << 20;
  private static final StructType SCHEMA =
      new StructType()
          .add("position", DataTypes.LongType, false)
          .add("residual", DataTypes.DoubleType, false);

  private final double[] values;
  private final double meanSquare;

  /**
   * Residuals that were formed before.
   *
   * @param values by position; NaN where one is not defined
   */
  public Residuals(double[] values, double meanSquare) {
    this.values = values;
    this.meanSquare = meanSquare;
  }

  /** Those of some rows, and their part of the sums. */
  static final class Part implements Serializable {
    private static final long serialVersionUID = 1;

    private final double[] values;
    private double weight;
    private double squares;

    private Part(double[] values) {
      this.values = values;
    }

    /** One pass over the keys; rows are those of a block. */
    static Part of(Keys keys, TrainingQueries rows, double[] inverseWidths, double tolerance) {
      Part part = new Part(LeaveOneOut.residuals(keys, rows, inverseWidths, tolerance));
      for (int i = 0; i < part.values.length; i++) {
        double residual = part.values[i];
        if (!Double.isNaN(residual)) {
          part.weight += rows.weight(i);
          part.squares += rows.weight(i) * residual * residual;
        }
      }
      return part;
    }
  }

  /** Those of all rows, of parts in the order of their positions. */
  static Residuals of(List<Part> parts) {
    double[] values = new double[parts.stream().mapToInt(part -> part.values.length).sum()];
    double weight = 0;
    double squares = 0;
    int at = 0;
    for (Part part : parts) {
      System.arraycopy(part.values, 0, values, at, part.values.length);
      at += part.values.length;
      weight += part.weight;
      squares += part.squares;
    }
    return new Residuals(values, squares / weight);
  }

  /** The residual of the key at a position; NaN where it is not defined. */
  public double value(int position) {
    return values[position];
  }

  public int size() {
    return values.length;
  }

  /** g; NaN where no residual is defined. */
  public double meanSquare() {
    return meanSquare;
  }

  /**
   * The same residuals of keys in another order.
   *
   * @param positions by new position, the old one; negative for a key without a residual
   */
  public Residuals inOrder(int[] positions) {
    double[] moved = new double[positions.length];
    for (int j = 0; j < moved.length; j++) {
      moved[j] = positions[j] < 0 ? Double.NaN : values[positions[j]];
    }
    return new Residuals(moved, meanSquare);
  }

  /**
   * Reads a table that {@link #save} wrote.
   *
   * @throws DataException if it is none, or not of so many keys
   */
  public static Residuals open(SparkSession session, String path, int numKeys, double meanSquare) {
    double[] values = new double[numKeys];
    long found = 0;
    try {
      List<double[][]> parts =
          session
              .read()
              .schema(SCHEMA)
              .parquet(path)
              .toJavaRDD()
              .mapPartitions(Residuals::read)
              .collect();
      for (double[][] part : parts) {
        for (double[] row : part) {
          values[(int) row[0]] = row[1];
        }
        found += part.length;
      }
    } catch (Exception e) { // also the checked ones that Scala does not declare
      throw new DataException("the residuals at %s cannot be read".formatted(path), e);
    }
    if (found != numKeys) {
      throw new DataException(
          "the residuals at %s are damaged: there should be %d, but there are %d"
              .formatted(path, numKeys, found));
    }
    return new Residuals(values, meanSquare);
  }

  private static Iterator<double[][]> read(Iterator<Row> rows) {
    List<double[]> read = new ArrayList<>();
    rows.forEachRemaining(row -> read.add(new double[] {row.getLong(0), row.getDouble(1)}));
    return List.<double[][]>of(read.toArray(double[][]::new)).iterator();
  }

  /** Writes them as Parquet files: position and residual. */
  public void save(SparkSession session, String path) {
    JavaSparkContext spark = JavaSparkContext.fromSparkContext(session.sparkContext());
    Broadcast<Residuals> shared = spark.broadcast(this);
    int files = 1 + values.length / ROWS_PER_FILE;
    try {
      JavaRDD<Row> rows =
          spark
              .parallelize(IntStream.range(0, files).boxed().toList(), files)
              .flatMap(file -> shared.value().rows(file));
      session.createDataFrame(rows, SCHEMA).write().parquet(path);
    } finally {
      shared.destroy();
    }
  }

  private Iterator<Row> rows(int file) {
    int first = file * ROWS_PER_FILE;
    return IntStream.range(first, Math.min(first + ROWS_PER_FILE, values.length))
        .mapToObj(p -> RowFactory.create((long) p, values[p]))
        .iterator();
  }

  /**
   * The keys of a block with r^2 / g beside their values: 1 where r is not defined, 0 where g is 0.
   */
  KeyBlock beside(KeyBlock block) {
    double scale = meanSquare > 0 ? 1 / Math.sqrt(meanSquare) : 0;
    double[] squares = new double[block.size()];
    for (int j = 0; j < squares.length; j++) {
      double residual = values[block.firstPosition() + j] * scale;
      squares[j] = Double.isNaN(residual) ? 1 : residual * residual;
    }
    return block.with(new double[][] {squares});
  }
}
