package ml.regard.io;

import java.util.SplittableRandom;
import org.apache.spark.api.java.function.MapFunction;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;

/**
 * The textbook's data: x uniform on [0, 5],
 *
 * <pre>
 *   y = f(x) + N(0, 0.5)      f(x) = 2 sin x + x^0.8
 * </pre>
 *
 * <p>Row i depends on the seed and on i alone, so the table has the same bits on any number of
 * partitions. Source: Zhang, Lipton, Li, Smola, Dive into Deep Learning, section 11.2.
 */
public final class SyntheticData {
  private static final double NOISE = 0.5;
  private static final double MAX_X = 5;
  private static final StructType SCHEMA =
      new StructType().add("x", DataTypes.DoubleType, false).add("y", DataTypes.DoubleType, false);

  private SyntheticData() {}

  /** f(x), what the noise is added to. */
  public static double truth(double x) {
    return 2 * StrictMath.sin(x) + StrictMath.pow(x, 0.8);
  }

  /** A table of {@code rows} rows with the columns x and y. */
  public static Dataset<Row> training(SparkSession spark, long rows, long seed) {
    return spark.range(rows).map((MapFunction<Long, Row>) i -> row(seed, i), Encoders.row(SCHEMA));
  }

  /** The textbook's test inputs 0, 0.1, ..., 4.9. */
  public static double[] testInputs() {
    double[] x = new double[50];
    for (int i = 0; i < x.length; i++) {
      x[i] = i / 10.0;
    }
    return x;
  }

  private static Row row(long seed, long i) {
    // Two rounds of splitting: neighbouring rows and neighbouring seeds share no stream.
    SplittableRandom random =
        new SplittableRandom(new SplittableRandom(seed).nextLong() + i).split();
    double x = MAX_X * random.nextDouble();
    return RowFactory.create(x, truth(x) + NOISE * gaussian(random));
  }

  /** Box and Muller's transform, with StrictMath for the same bits everywhere. */
  private static double gaussian(SplittableRandom random) {
    double radius = StrictMath.sqrt(-2 * StrictMath.log(1 - random.nextDouble()));
    return radius * StrictMath.cos(2 * Math.PI * random.nextDouble());
  }
}
