package ml.regard.io;

import static org.apache.spark.sql.functions.coalesce;
import static org.apache.spark.sql.functions.concat;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.substring;
import static org.apache.spark.sql.functions.when;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.DataFrameReader;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.types.ArrayType;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.MapType;
import org.apache.spark.sql.types.StringType;
import org.apache.spark.sql.types.StructField;
import org.apache.spark.sql.types.StructType;

/**
 * A table read with the types of columns that were seen before, none inferred anew.
 *
 * <p>Csv and json have no types of their own. Their cells are read as text and cast with {@code
 * try_cast}: a cell that is not of its column's type is null, and its row has a problem that names
 * column and cell, where a plain cast would end the job. Columns that were not seen before stay
 * text. So do, in csv, arrays, structs and maps; in json they are read as they are, and a line in
 * which one does not fit has a problem as a whole, as has a line that is no row at all.
 */
public final class TypedTable {
  private static final String LINE = "_regard_line"; // the text of a line that is no row
  private static final int MAX_SHOWN = 80;

  private final Dataset<Row> raw;
  private final StructType known;
  private final boolean text;

  private TypedTable(Dataset<Row> raw, StructType known, boolean text) {
    this.raw = raw;
    this.known = known;
    this.text = text;
  }

  /** A table of files or of a database, which has its own types. */
  public static TypedTable of(Dataset<Row> table) {
    return new TypedTable(table, new StructType(), false);
  }

  /** A csv or json table. */
  static TypedTable text(DataFrameReader reader, String path, boolean json, StructType known) {
    reader
        .option("columnNameOfCorruptRecord", LINE)
        .option("primitivesAsString", true)
        .option("columnPruning", false); // without it, a csv line of too few cells is noticed
    StructType cells = new StructType();
    for (StructField field : reader.load(path).schema().fields()) {
      if (!field.name().equals(LINE)) {
        DataType type = byName(known, field.name()).orElse(field).dataType();
        cells = cells.add(field.name(), json ? text(type) : DataTypes.StringType);
      }
    }
    for (StructField field : known.fields()) { // json leaves out what is null
      if (json && byName(cells, field.name()).isEmpty()) {
        cells = cells.add(field.name(), text(field.dataType()));
      }
    }
    StructType schema = cells.add(LINE, DataTypes.StringType);
    return new TypedTable(reader.schema(schema).load(path), known, true);
  }

  /** All columns. */
  public Dataset<Row> table() {
    return raw.select(names().stream().map(name -> typed(name).as(name)).toArray(Column[]::new));
  }

  /**
   * Some columns, and behind them what is wrong with the row: a text that names the first of these
   * columns whose cell could not be read, null where there is none.
   */
  public Dataset<Row> select(Collection<String> columns, String problem) {
    List<Column> selected = new ArrayList<>();
    List<Column> problems = new ArrayList<>();
    if (text) {
      problems.add(
          when(
              Tables.named(LINE).isNotNull(),
              concat(lit("line '"), shown(Tables.named(LINE)), lit("' cannot be read as a row"))));
    }
    for (String name : names()) {
      if (columns.contains(name)) {
        selected.add(typed(name).as(name));
        type(name).ifPresent(type -> problems.add(problem(name, type)));
      }
    }
    problems.add(lit(null).cast(DataTypes.StringType));
    selected.add(coalesce(problems.toArray(Column[]::new)).as(problem));
    return raw.select(selected.toArray(Column[]::new));
  }

  private List<String> names() {
    return Arrays.stream(raw.columns()).filter(name -> !(text && name.equals(LINE))).toList();
  }

  private Column typed(String name) {
    Column cell = Tables.named(name);
    return type(name).map(cell::try_cast).orElse(cell);
  }

  /** The type that a text becomes, for a column that is cast. */
  private Optional<DataType> type(String name) {
    return raw.schema().apply(name).dataType() instanceof StringType
        ? byName(known, name)
            .map(StructField::dataType)
            .filter(type -> !(type instanceof StringType || nested(type)))
        : Optional.empty();
  }

  private static Column problem(String name, DataType type) {
    Column cell = Tables.named(name);
    return when(
        cell.isNotNull().and(cell.try_cast(type).isNull()),
        concat(
            lit("column " + name + " is '"),
            shown(cell),
            lit("', which is no " + type.simpleString())));
  }

  private static Column shown(Column text) {
    return substring(text, 1, MAX_SHOWN);
  }

  private static DataType text(DataType type) {
    return nested(type) ? type : DataTypes.StringType;
  }

  private static boolean nested(DataType type) {
    return type instanceof ArrayType || type instanceof StructType || type instanceof MapType;
  }

  /** Names are compared as Spark compares them by default. */
  private static Optional<StructField> byName(StructType schema, String name) {
    return Arrays.stream(schema.fields()).filter(f -> f.name().equalsIgnoreCase(name)).findFirst();
  }
}
