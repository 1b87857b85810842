package ml.regard.io;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import ml.regard.DataException;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.execution.datasources.jdbc.JDBCOptions;
import org.apache.spark.sql.execution.datasources.jdbc.JdbcUtils;
import org.apache.spark.sql.jdbc.JdbcDialect;
import org.apache.spark.sql.jdbc.JdbcDialects;
import org.apache.spark.sql.types.StructType;
import scala.Option;
import scala.jdk.javaapi.CollectionConverters;

/**
 * A database that Spark reaches through JDBC. The driver of the database is on Spark's class path,
 * brought by the user ({@code --jars}).
 */
public final class Database {
  private static final Pattern TABLE = Pattern.compile("\\w+(\\.\\w+)*");
  private static final Pattern SECRET =
      Pattern.compile("(?i)(password|passwd|pwd|secret)=|//[^/@]*:[^/@]*@|thin:[^/@]+/[^@]+@");

  private static final List<String> DATA_STATES = List.of("22", "23", "28", "3D", "3F", "42");

  private final SparkSession spark;
  private final String url;
  private final Map<String, String> properties;
  private final JdbcDialect dialect;

  /**
   * A database.
   *
   * @param properties what Spark's JDBC source and the driver take: user, password, driver,
   *     partitionColumn and so on
   */
  public Database(SparkSession spark, String url, Map<String, String> properties) {
    this.spark = spark;
    this.url = url;
    this.properties = new TreeMap<>(properties);
    this.dialect = JdbcDialects.get(url);
  }

  /** Whether a text is a table's name, maybe behind that of a schema, without quotes. */
  public static boolean isTableName(String table) {
    return TABLE.matcher(table).matches();
  }

  /** Whether a URL holds a password, which would end in manifests and logs. */
  public static boolean holdsSecret(String url) {
    return SECRET.matcher(url).find();
  }

  /**
   * A table, with the types that the database gives it.
   *
   * @throws DataException if there is none
   */
  public Dataset<Row> read(String table) {
    try {
      return spark.read().format("jdbc").options(options(table)).load();
    } catch (Exception e) { // Spark declares none, and throws the driver's own or wraps it
      for (Throwable cause = e; cause != null; cause = cause.getCause()) {
        if (cause instanceof SQLException fault) {
          throw failure(fault);
        }
      }
      throw new IllegalStateException(Tables.firstLine(e), e);
    }
  }

  /** Faults of values, constraints, accounts and names are the user's; others may pass. */
  static RuntimeException failure(SQLException e) {
    String state = e.getSQLState() == null ? "" : e.getSQLState();
    String said = "the database says: " + Tables.firstLine(e);
    return DATA_STATES.contains(state.substring(0, Math.min(2, state.length())))
        ? new DataException(said, e)
        : new IllegalStateException(said, e);
  }

  /** Creates a table and fills it; a task that runs twice may write its rows twice. */
  void write(Dataset<Row> rows, String table) {
    rows.write().format("jdbc").options(options(table)).save();
  }

  Connection connect() throws SQLException {
    JDBCOptions options =
        new JDBCOptions(
            scala.collection.immutable.Map.from(CollectionConverters.asScala(options("unused"))));
    return dialect.createConnectionFactory(options).apply(-1);
  }

  private Map<String, String> options(String table) {
    Map<String, String> options = new TreeMap<>(properties);
    options.put("url", url);
    options.put("dbtable", table);
    return options;
  }

  boolean exists(Connection connection, String table) {
    try (Statement statement = connection.createStatement()) {
      statement.executeQuery(dialect.getTableExistsQuery(table)).close();
      return true;
    } catch (SQLException e) {
      return false;
    }
  }

  boolean hasColumn(Connection connection, String table, String column) throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet rows = statement.executeQuery(dialect.getSchemaQuery(table))) {
      for (int c = 1; c <= rows.getMetaData().getColumnCount(); c++) {
        if (rows.getMetaData().getColumnName(c).equalsIgnoreCase(column)) {
          return true;
        }
      }
      return false;
    }
  }

  /** CREATE TABLE with the types that Spark would choose. */
  String creating(String table, StructType schema) {
    boolean caseSensitive = Boolean.parseBoolean(spark.conf().get("spark.sql.caseSensitive"));
    String columns = JdbcUtils.schemaString(dialect, schema, caseSensitive, Option.empty());
    return "CREATE TABLE %s (%s)".formatted(table, columns);
  }

  /** The columns, quoted and joined. */
  String columns(StructType schema) {
    return Arrays.stream(schema.fieldNames())
        .map(dialect::quoteIdentifier)
        .collect(Collectors.joining(", "));
  }

  String quoted(String column) {
    return dialect.quoteIdentifier(column);
  }

  /** One statement with its values; the number of rows that it changed. */
  static int update(Connection connection, String sql, Object... values) throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(sql)) {
      for (int i = 0; i < values.length; i++) {
        statement.setObject(i + 1, values[i]);
      }
      return statement.executeUpdate();
    }
  }
}
