package ml.regard.ml;

import ml.regard.DataException;
import ml.regard.kernel.BatchedAttention;
import org.apache.spark.ml.Transformer;
import org.apache.spark.ml.linalg.SQLDataTypes;
import org.apache.spark.ml.linalg.Vector;
import org.apache.spark.ml.param.DoubleParam;
import org.apache.spark.ml.param.Param;
import org.apache.spark.ml.param.ParamMap;
import org.apache.spark.ml.param.ParamValidators;
import org.apache.spark.ml.util.DefaultParamsReader;
import org.apache.spark.ml.util.DefaultParamsWritable;
import org.apache.spark.ml.util.Identifiable$;
import org.apache.spark.ml.util.MLReader;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.api.java.UDF3;
import org.apache.spark.sql.functions;
import org.apache.spark.sql.types.ArrayType;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import scala.collection.Seq;

/**
 * Attention pooling where each row brings its own keys and values: candidates fetched for it, say.
 *
 * <pre>
 *   y^_i = sum_j a_ij v_ij      a_ij = softmax_j( -1/2 sum_f ((q_if - k_ijf) / h)^2 )
 * </pre>
 *
 * <p>Columns: queryCol, a vector of d features; keysCol, an array of k such vectors; valuesCol, an
 * array of k doubles; k may differ from row to row. The prediction is null where query, keys,
 * values or one of them is null, and NaN where there are no keys or a number is NaN. Nothing is
 * learned and nothing broadcast. Cost: k exponentials a row. For keys that all queries share use
 * {@link KernelRegression}.
 */
public final class BatchedAttentionPooling extends Transformer implements DefaultParamsWritable {
  private static final long serialVersionUID = 1;

  private final String uid;
  private final Param<String> queryCol;
  private final Param<String> keysCol;
  private final Param<String> valuesCol;
  private final Param<String> predictionCol;
  private final DoubleParam width;

  public BatchedAttentionPooling() {
    this(Identifiable$.MODULE$.randomUID("batchedAttentionPooling"));
  }

  public BatchedAttentionPooling(String uid) {
    this.uid = uid;
    queryCol = new Param<>(uid, "queryCol", "the column of query vectors", String.class);
    keysCol = new Param<>(uid, "keysCol", "the column of arrays of key vectors", String.class);
    valuesCol = new Param<>(uid, "valuesCol", "the column of arrays of values", String.class);
    predictionCol =
        new Param<>(uid, "predictionCol", "the column that takes the prediction", String.class);
    width =
        new DoubleParam(
            uid,
            "width",
            "the width (bandwidth h) of every feature, > 0 and finite",
            ParamValidators.inRange(0, Double.POSITIVE_INFINITY, false, false));
    setDefault(queryCol, "query");
    setDefault(keysCol, "keys");
    setDefault(valuesCol, "values");
    setDefault(predictionCol, "prediction");
    setDefault(width, 1.0);
  }

  @Override
  public String uid() {
    return uid;
  }

  @Override
  public StructType transformSchema(StructType schema) {
    Columns.requireFeatures(schema, getQueryCol(), "queryCol");
    requireArray(schema, getKeysCol(), "keysCol", SQLDataTypes.VectorType());
    requireArray(schema, getValuesCol(), "valuesCol", DataTypes.DoubleType);
    return Columns.append(schema, getPredictionCol(), DataTypes.DoubleType, true);
  }

  @Override
  public Dataset<Row> transform(Dataset<?> dataset) {
    transformSchema(dataset.schema());
    double inverseWidth = 1 / getWidth();
    UDF3<Vector, Seq<Vector>, Seq<Double>, Double> pool =
        (query, keys, values) ->
            query == null || hasNull(keys) || hasNull(values)
                ? null
                : pool(query, keys, values, inverseWidth);
    Column prediction =
        functions
            .udf(pool, DataTypes.DoubleType)
            .apply(
                Columns.named(getQueryCol()),
                Columns.named(getKeysCol()),
                Columns.named(getValuesCol()));
    return dataset.withColumn(getPredictionCol(), prediction);
  }

  private static boolean hasNull(Seq<?> cells) {
    return cells == null || cells.contains(null);
  }

  private static double pool(
      Vector query, Seq<Vector> keys, Seq<Double> values, double inverseWidth) {
    if (keys.size() != values.size()) {
      throw new DataException(
          "a row must have as many values as keys, but has %d and %d"
              .formatted(values.size(), keys.size()));
    }
    double[][] keyRows = new double[keys.size()][];
    double[][] valueRows = new double[keys.size()][];
    for (int j = 0; j < keyRows.length; j++) {
      keyRows[j] = keys.apply(j).toArray();
      valueRows[j] = new double[] {values.apply(j)};
    }
    double[][] pooled =
        BatchedAttention.pool(
            new double[][] {query.toArray()},
            new double[][][] {keyRows},
            new double[][][] {valueRows},
            new double[] {inverseWidth});
    return pooled[0][0];
  }

  private static void requireArray(
      StructType schema, String column, String role, DataType elements) {
    DataType type = Columns.require(schema, column, role).dataType();
    if (!(type instanceof ArrayType array && array.elementType().equals(elements))) {
      throw new DataException(
          "column %s (%s) must be an array of %s, but its type is %s"
              .formatted(column, role, elements.simpleString(), type.simpleString()));
    }
  }

  @Override
  public BatchedAttentionPooling copy(ParamMap extra) {
    return defaultCopy(extra);
  }

  /** Reads a transformer that {@code write().save(path)} saved. */
  public static MLReader<BatchedAttentionPooling> read() {
    return new DefaultParamsReader<>();
  }

  /** Loads a transformer that {@code save(path)} saved. */
  public static BatchedAttentionPooling load(String path) {
    return read().load(path);
  }

  public Param<String> queryCol() {
    return queryCol;
  }

  public String getQueryCol() {
    return getOrDefault(queryCol);
  }

  public BatchedAttentionPooling setQueryCol(String value) {
    set(queryCol, value);
    return this;
  }

  public Param<String> keysCol() {
    return keysCol;
  }

  public String getKeysCol() {
    return getOrDefault(keysCol);
  }

  public BatchedAttentionPooling setKeysCol(String value) {
    set(keysCol, value);
    return this;
  }

  public Param<String> valuesCol() {
    return valuesCol;
  }

  public String getValuesCol() {
    return getOrDefault(valuesCol);
  }

  public BatchedAttentionPooling setValuesCol(String value) {
    set(valuesCol, value);
    return this;
  }

  public Param<String> predictionCol() {
    return predictionCol;
  }

  public String getPredictionCol() {
    return getOrDefault(predictionCol);
  }

  public BatchedAttentionPooling setPredictionCol(String value) {
    set(predictionCol, value);
    return this;
  }

  public DoubleParam width() {
    return width;
  }

  public double getWidth() {
    return (double) getOrDefault(width);
  }

  public BatchedAttentionPooling setWidth(double value) {
    set(width, value);
    return this;
  }
}
