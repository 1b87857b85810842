package ml.regard.engine;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.stream.IntStream;
import ml.regard.DataException;
import ml.regard.engine.Calibration.Kind;
import org.apache.hadoop.fs.Path;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;

/**
 * A {@link Calibration} as Parquet files in the folder of a model.
 *
 * <pre>
 *   residuals   position, residual (NaN where it is not defined), score of that key: null with
 *               split, and not there before format version 4
 *   scores      position, score: with split, of the rows that are no keys, ascending
 * </pre>
 */
public final class CalibrationFiles {
  private static final int ROWS_PER_FILE = 1 << 20;
  private static final String RESIDUALS = "residuals";
  private static final String SCORES = "scores";
  private static final StructType OF_ROWS =
      new StructType()
          .add("position", DataTypes.LongType, false)
          .add("score", DataTypes.DoubleType, false);
  private static final StructType OF_KEYS =
      new StructType()
          .add("position", DataTypes.LongType, false)
          .add("residual", DataTypes.DoubleType, false)
          .add("score", DataTypes.DoubleType, true);

  private CalibrationFiles() {}

  /** The row of a table at a position. */
  private interface RowOf extends Serializable {
    Row at(Calibration calibration, int position);
  }

  /** Writes the tables into the folder of a model. */
  public static void save(SparkSession session, Calibration calibration, String model) {
    boolean ofRows = calibration.kind() == Kind.SPLIT;
    boolean ofKeys = calibration.hasScores() && !ofRows;
    int keys = calibration.residuals().size();
    RowOf key =
        (all, p) ->
            RowFactory.create((long) p, all.residuals().value(p), ofKeys ? all.scores()[p] : null);
    write(session, calibration, keys, key, OF_KEYS, new Path(model, RESIDUALS));
    if (ofRows) {
      RowOf row = (all, p) -> RowFactory.create((long) p, all.scores()[p]);
      int rows = calibration.scores().length;
      write(session, calibration, rows, row, OF_ROWS, new Path(model, SCORES));
    }
  }

  private static void write(
      SparkSession session,
      Calibration calibration,
      int size,
      RowOf row,
      StructType schema,
      Path path) {
    JavaSparkContext spark = JavaSparkContext.fromSparkContext(session.sparkContext());
    Broadcast<Calibration> shared = spark.broadcast(calibration);
    int files = 1 + size / ROWS_PER_FILE;
    try {
      JavaRDD<Row> rows =
          spark
              .parallelize(IntStream.range(0, files).boxed().toList(), files)
              .flatMap(file -> rows(shared.value(), file, size, row));
      session.createDataFrame(rows, schema).write().parquet(path.toString());
    } finally {
      shared.destroy();
    }
  }

  private static Iterator<Row> rows(Calibration calibration, int file, int size, RowOf row) {
    int first = file * ROWS_PER_FILE;
    return IntStream.range(first, Math.min(first + ROWS_PER_FILE, size))
        .mapToObj(position -> row.at(calibration, position))
        .iterator();
  }

  /**
   * Reads residuals without scores, as models have them before format version 4.
   *
   * @throws DataException if the table is none, or not of so many keys
   */
  public static Calibration open(
      SparkSession session, String model, int numKeys, double meanSquare) {
    double[] residuals = read(session, new Path(model, RESIDUALS), OF_KEYS, numKeys, 1)[0];
    return new Calibration(Kind.LOO, 0, new Residuals(residuals, meanSquare), null);
  }

  /**
   * Reads what {@link #save} wrote.
   *
   * @param seed of the folds of cv+
   * @param numScores of keys, or with split of the rows held out
   * @throws DataException if a table is none, or not of so many keys or rows
   */
  public static Calibration open(
      SparkSession session,
      String model,
      int numKeys,
      double meanSquare,
      Kind kind,
      long seed,
      int numScores) {
    boolean ofRows = kind == Kind.SPLIT;
    double[][] keys = read(session, new Path(model, RESIDUALS), OF_KEYS, numKeys, ofRows ? 1 : 2);
    double[] scores =
        ofRows ? read(session, new Path(model, SCORES), OF_ROWS, numScores, 1)[0] : keys[1];
    return new Calibration(kind, seed, new Residuals(keys[0], meanSquare), scores);
  }

  /** The columns behind the position, by position. */
  private static double[][] read(
      SparkSession session, Path path, StructType schema, int size, int columns) {
    String name = path.getName();
    double[][] values = new double[columns][size];
    long found = 0;
    try {
      List<double[][]> parts =
          session
              .read()
              .schema(schema)
              .parquet(path.toString())
              .toJavaRDD()
              .mapPartitions(rows -> read(rows, columns))
              .collect();
      for (double[][] part : parts) {
        for (double[] row : part) {
          for (int c = 0; c < columns; c++) {
            values[c][(int) row[0]] = row[1 + c];
          }
        }
        found += part.length;
      }
    } catch (Exception e) { // also the checked ones that Scala does not declare
      throw new DataException("the %s at %s cannot be read".formatted(name, path), e);
    }
    if (found != size) {
      throw new DataException(
          "the %s at %s are damaged: there should be %d, but there are %d"
              .formatted(name, path, size, found));
    }
    return values;
  }

  private static Iterator<double[][]> read(Iterator<Row> rows, int columns) {
    List<double[]> read = new ArrayList<>();
    rows.forEachRemaining(
        row -> {
          double[] cells = new double[1 + columns];
          Arrays.setAll(cells, c -> c == 0 ? row.getLong(0) : row.getDouble(c));
          read.add(cells);
        });
    return List.<double[][]>of(read.toArray(double[][]::new)).iterator();
  }
}
