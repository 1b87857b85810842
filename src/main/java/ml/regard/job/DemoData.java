package ml.regard.job;

import static org.apache.spark.sql.functions.coalesce;
import static org.apache.spark.sql.functions.lit;

import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;
import ml.regard.DataException;
import ml.regard.io.FeatureSource;
import ml.regard.io.SyntheticData;
import ml.regard.io.Tables;
import org.apache.spark.ml.linalg.SQLDataTypes;
import org.apache.spark.ml.linalg.Vectors;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;

/**
 * The data of the walk, in the order of the files: training rows (x, y) and test queries with the
 * truth at them.
 */
record DemoData(double[] x, double[] y, double[] queries, double[] truth) {

  /** Training and test set from csv files with the columns x, y and x, truth. */
  static DemoData read(SparkSession spark, String train, String test) {
    double[][] training = columns(spark, train, "x", "y");
    double[][] testing = columns(spark, test, "x", "truth");
    return new DemoData(training[0], training[1], testing[0], testing[1]);
  }

  /** The textbook's data drawn anew, with its 50 test inputs. */
  static DemoData generate(SparkSession spark, int rows, long seed) {
    double[][] training = collect(SyntheticData.training(spark, rows, seed));
    double[] queries = SyntheticData.testInputs();
    double[] truth = Arrays.stream(queries).map(SyntheticData::truth).toArray();
    return new DemoData(training[0], training[1], queries, truth);
  }

  /** Columns features (a vector) and label. */
  Dataset<Row> trainingTable(SparkSession spark) {
    List<Row> rows =
        IntStream.range(0, x.length)
            .mapToObj(i -> RowFactory.create(Vectors.dense(x[i]), y[i]))
            .toList();
    StructType schema =
        new StructType()
            .add("features", SQLDataTypes.VectorType())
            .add("label", DataTypes.DoubleType);
    return spark.createDataFrame(rows, schema);
  }

  /** Columns query (its number in the file) and features, split into the given partitions. */
  Dataset<Row> queryTable(SparkSession spark, int partitions) {
    List<Row> rows =
        IntStream.range(0, queries.length)
            .mapToObj(i -> RowFactory.create(i, Vectors.dense(queries[i])))
            .toList();
    StructType schema =
        new StructType()
            .add("query", DataTypes.IntegerType)
            .add("features", SQLDataTypes.VectorType());
    return spark.createDataFrame(rows, schema).repartition(partitions);
  }

  /** For each training row of the file its position among the packed keys, sorted by x, then y. */
  int[] positions() {
    List<Integer> canonical =
        IntStream.range(0, x.length)
            .boxed()
            .sorted(Comparator.<Integer>comparingDouble(i -> x[i]).thenComparingDouble(i -> y[i]))
            .toList();
    int[] positions = new int[x.length];
    for (int j = 0; j < positions.length; j++) {
      positions[canonical.get(j)] = j;
    }
    return positions;
  }

  /** Rows that belong to the queries of the file, in ascending order of the queries. */
  double[][] sortedByQuery(double[][] rows) {
    return IntStream.range(0, rows.length)
        .boxed()
        .sorted(Comparator.comparingDouble(i -> queries[i]))
        .map(i -> rows[i])
        .toArray(double[][]::new);
  }

  private static double[][] columns(SparkSession spark, String path, String... names) {
    Dataset<Row> table = Tables.read(spark, path, Tables.Format.CSV);
    double[][] columns =
        collect(
            table.select(
                Arrays.stream(names)
                    .map(n -> coalesce(FeatureSource.number(table, "column", n), lit(Double.NaN)))
                    .toArray(Column[]::new)));
    if (columns[0].length == 0) {
      throw new DataException("%s has no rows".formatted(path));
    }
    return columns;
  }

  private static double[][] collect(Dataset<Row> twoColumns) {
    List<Row> rows = twoColumns.collectAsList();
    return new double[][] {
      rows.stream().mapToDouble(r -> r.getDouble(0)).toArray(),
      rows.stream().mapToDouble(r -> r.getDouble(1)).toArray()
    };
  }
}
