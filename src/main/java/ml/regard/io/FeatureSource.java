package ml.regard.io;

import static org.apache.spark.sql.functions.array;
import static org.apache.spark.sql.functions.coalesce;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.expr;
import static org.apache.spark.sql.functions.lit;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.stream.IntStream;
import ml.regard.DataException;
import org.apache.spark.sql.AnalysisException;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.NumericType;
import org.apache.spark.sql.types.StructField;
import org.apache.spark.sql.types.StructType;

/**
 * How the features of a model come from a table: SQL expressions, the types of the training table's
 * columns, and the session time zone they were computed in. Saved with the model, so that scoring
 * computes the same features from new data and never infers a type anew.
 *
 * @param expressions the select list, such as {@code hour(date) * 60 + minute(date) as minute,
 *     distance}, split by Spark's own parser
 * @param names the name of each feature
 * @param schema the columns of the training table
 * @param timeZone the session time zone
 */
public record FeatureSource(
    String expressions, List<String> names, StructType schema, String timeZone) {
  private static final String FILE = "source.json";

  /**
   * Resolves the expressions against a training table.
   *
   * @throws DataException if they do not parse, name a missing column, or one is no number
   */
  public static FeatureSource resolve(Dataset<Row> table, String expressions) {
    SparkSession spark = table.sparkSession();
    String view = "regard_" + UUID.randomUUID().toString().replace("-", "");
    table.createOrReplaceTempView(view);
    try {
      StructType features = spark.sql("SELECT %s FROM %s".formatted(expressions, view)).schema();
      for (StructField feature : features.fields()) {
        requireNumeric("feature", feature);
      }
      return new FeatureSource(
          expressions,
          List.of(features.fieldNames()),
          table.schema(),
          spark.conf().get("spark.sql.session.timeZone"));
    } catch (Exception e) {
      throw unresolved("features", expressions, table, e);
    } finally {
      spark.catalog().dropTempView(view);
    }
  }

  /**
   * The table with one more column, the features as an array of doubles; null becomes NaN.
   *
   * @throws DataException if the table lacks a column that the expressions name, or one is no
   *     number
   */
  public Dataset<Row> withFeatures(Dataset<Row> table, String column) {
    try {
      Dataset<Row> computed = table.withColumn(column, expr("struct(" + expressions + ")"));
      StructType struct = (StructType) computed.schema().apply(column).dataType();
      StructType numbered = new StructType();
      for (StructField field : struct.fields()) {
        requireNumeric("feature", field);
        numbered = numbered.add("f" + numbered.size(), field.dataType());
      }
      Column features = col(column).cast(numbered);
      Column[] cells =
          IntStream.range(0, numbered.size())
              .mapToObj(f -> features.getField("f" + f).cast(DataTypes.DoubleType))
              .map(cell -> coalesce(cell, lit(Double.NaN)))
              .toArray(Column[]::new);
      return computed.withColumn(column, array(cells));
    } catch (Exception e) {
      throw unresolved("features", expressions, table, e);
    }
  }

  /**
   * A numeric SQL expression over a table, such as a column's name.
   *
   * @param what it is, for the sentence: "label"
   * @throws DataException if it does not parse, names a missing column or is no number
   */
  public static Column number(Dataset<Row> table, String what, String expression) {
    try {
      Column column = expr(expression);
      requireNumeric(what, table.select(column).schema().fields()[0]);
      return column.cast(DataTypes.DoubleType);
    } catch (Exception e) {
      throw unresolved(what, expression, table, e);
    }
  }

  /** Saves into a model's folder. */
  public void save(OutputFolder folder) {
    Map<String, Object> fields = new LinkedHashMap<>();
    fields.put("features", expressions);
    fields.put("names", names);
    fields.put("timeZone", timeZone);
    fields.put("schema", Json.parse(schema.json(), "the schema"));
    folder.write(FILE, Json.pretty(fields));
  }

  /**
   * Loads from a model's folder.
   *
   * @throws DataException if the folder does not hold one
   */
  public static FeatureSource load(SparkSession spark, String model) {
    String text =
        OutputFolder.read(spark, model, FILE)
            .orElseThrow(
                () ->
                    new DataException(
                        "the model at %s has no %s, which says how its features are computed"
                            .formatted(model, FILE)));
    JsonNode fields = Json.parse(text, "%s of the model at %s".formatted(FILE, model));
    List<String> names = new ArrayList<>();
    fields.path("names").forEach(name -> names.add(name.asText()));
    return new FeatureSource(
        fields.path("features").asText(),
        names,
        (StructType) DataType.fromJson(fields.path("schema").toString()),
        fields.path("timeZone").asText());
  }

  private static void requireNumeric(String what, StructField field) {
    if (!(field.dataType() instanceof NumericType)) {
      throw new DataException(
          "%s %s must be a number, but its type is %s"
              .formatted(what, field.name(), field.dataType().simpleString()));
    }
  }

  private static RuntimeException unresolved(
      String what, String expression, Dataset<Row> table, Exception e) {
    if (e instanceof DataException data) {
      return data;
    }
    if (e instanceof AnalysisException) {
      return new DataException(
          "%s \"%s\" cannot be computed from the columns %s: %s"
              .formatted(
                  what,
                  expression,
                  String.join(", ", Arrays.asList(table.columns())),
                  Tables.firstLine(e)),
          e);
    }
    return new IllegalStateException(e);
  }
}
