package ml.regard.io;

import static org.apache.spark.sql.functions.array;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.expr;
import static org.apache.spark.sql.functions.lit;

import com.fasterxml.jackson.databind.JsonNode;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.UUID;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import ml.regard.DataException;
import org.apache.spark.sql.AnalysisException;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.functions;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.NumericType;
import org.apache.spark.sql.types.StructField;
import org.apache.spark.sql.types.StructType;
import scala.jdk.javaapi.CollectionConverters;

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
 * @param group a SQL expression for the group whose keys a row attends to; null for none
 * @param time a SQL expression for the time before which it does; null for none
 */
public record FeatureSource(
    String expressions,
    List<String> names,
    StructType schema,
    String timeZone,
    String group,
    String time) {
  private static final String FILE = "source.json";

  /**
   * Resolves the expressions against a training table.
   *
   * @throws DataException if they do not parse, name a missing column, one is no number, or two
   *     have the same name
   */
  public static FeatureSource resolve(Dataset<Row> table, String expressions) {
    SparkSession spark = table.sparkSession();
    String view = "regard_" + UUID.randomUUID().toString().replace("-", "");
    table.createOrReplaceTempView(view);
    try {
      String select = "SELECT %s FROM %s".formatted(expressions, view);
      StructType features = spark.sql(select).schema();
      table.withColumn(view, lit(0)).createOrReplaceTempView(view);
      if (spark.sql(select).schema().size() != features.size()) {
        throw new DataException(
            "features \"%s\" must name the columns: a star would take the label too"
                .formatted(expressions));
      }
      Set<String> seen = new HashSet<>();
      for (StructField feature : features.fields()) {
        requireNumeric("feature", feature);
        if (!seen.add(feature.name())) {
          throw new DataException(
              "features \"%s\" name %s twice".formatted(expressions, feature.name()));
        }
      }
      return new FeatureSource(
          expressions,
          List.of(features.fieldNames()),
          table.schema(),
          spark.conf().get("spark.sql.session.timeZone"),
          null,
          null);
    } catch (Exception e) {
      throw unresolved("features", expressions, table, e);
    } finally {
      spark.catalog().dropTempView(view);
    }
  }

  /** The same with what says which keys a row attends to; null for none. */
  public FeatureSource masked(String byGroup, String byTime) {
    return new FeatureSource(expressions, names, schema, timeZone, byGroup, byTime);
  }

  /**
   * The columns of a table that the features, the group and the time are made of.
   *
   * @throws DataException if the table lacks a column that the expressions name
   */
  public Set<String> inputs(Dataset<Row> table) {
    try {
      Dataset<Row> features =
          table.select(
              Stream.of("struct(" + expressions + ")", group, time)
                  .filter(Objects::nonNull)
                  .map(functions::expr)
                  .toArray(Column[]::new));
      Set<String> inputs = new HashSet<>();
      CollectionConverters.asJava(
              ((org.apache.spark.sql.classic.Dataset<Row>) features)
                  .queryExecution()
                  .analyzed()
                  .references()
                  .iterator())
          .forEachRemaining(column -> inputs.add(column.name()));
      return inputs;
    } catch (Exception e) {
      throw unresolved("features", expressions, table, e);
    }
  }

  /**
   * The table with one more column, the features as an array of doubles, in which null stands for a
   * feature that is null.
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

  /**
   * A column or SQL expression of any type.
   *
   * @throws DataException if the table does not have what it names
   */
  public static Column any(Dataset<Row> table, String what, String expression) {
    try {
      table.select(expr(expression)).schema();
      return expr(expression);
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
    if (group != null) {
      fields.put("group", group);
    }
    if (time != null) {
      fields.put("time", time);
    }
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
    String where = "%s of the model at %s".formatted(FILE, model);
    JsonNode fields = Json.parse(text, where);
    try {
      List<String> names = new ArrayList<>();
      fields.required("names").forEach(name -> names.add(name.asText()));
      return new FeatureSource(
          fields.required("features").asText(),
          names,
          (StructType) DataType.fromJson(fields.required("schema").toString()),
          ZoneId.of(fields.required("timeZone").asText()).getId(),
          fields.path("group").asText(null),
          fields.path("time").asText(null));
    } catch (RuntimeException e) {
      throw new DataException(where + " is damaged: " + Tables.firstLine(e), e);
    }
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
