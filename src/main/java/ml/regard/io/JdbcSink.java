package ml.regard.io;

import static org.apache.spark.sql.functions.lit;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import ml.regard.DataException;
import org.apache.hadoop.fs.Path;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;

/**
 * One or two tables of a database, whole or one date of them, which the column run_date tells. The
 * rows go into staging tables named with the run, and from there in one transaction:
 *
 * <pre>
 *   the lock's row updated (it must still be this run's)
 *   for each table: CREATE TABLE when it is missing, DELETE of the date, INSERT ... SELECT
 * </pre>
 *
 * <p>Readers see the old rows or the new ones. What runs that died have left, staging tables and
 * work folders, goes when the next run of the same table starts.
 */
public final class JdbcSink implements RowSink {
  private static final String COLUMN = "run_date";

  private final SparkSession spark;
  private final Database database;
  private final Map<Part, String> tables;
  private final Optional<LocalDate> date;
  private final boolean overwrite;
  private final Path workFolder;
  private final String runId = UUID.randomUUID().toString().replace("-", "").substring(0, 20);
  private final List<RowLock> locks = new ArrayList<>();
  private final Map<Part, StructType> staged = new EnumMap<>(Part.class);

  /**
   * Takes the locks and removes what dead runs have left.
   *
   * @param tables the table of each part
   * @param date the date whose rows are replaced; without one, the whole table
   * @param overwrite whether a table may exist, when there is no date
   * @param workFolder a folder that every executor reaches, for the rows as Parquet
   * @throws DataException if another run writes this, or a table exists and is not to be
   *     overwritten
   */
  public JdbcSink(
      SparkSession spark,
      Database database,
      Map<Part, String> tables,
      Optional<LocalDate> date,
      boolean overwrite,
      String workFolder,
      LockTimes times) {
    this.spark = spark;
    this.database = database;
    this.tables = tables;
    this.date = date;
    this.overwrite = overwrite;
    this.workFolder = new Path(workFolder, ".regard");
    String day = date.map(LocalDate::toString).orElse("all");
    try (Connection connection = database.connect()) {
      requireReplaceable(connection);
      for (String table : tables.values()) {
        RowLock lock = new RowLock(database, table, day, runId, times);
        lock.acquire(connection, run -> removeStaged(connection, run));
        locks.add(lock);
      }
    } catch (SQLException | RuntimeException e) {
      close(e);
      throw e instanceof SQLException fault ? Database.failure(fault) : (RuntimeException) e;
    }
  }

  private void requireReplaceable(Connection connection) throws SQLException {
    for (String table : tables.values()) {
      if (date.isPresent() || !database.exists(connection, table)) {
        continue;
      }
      if (!overwrite) {
        throw new DataException(
            "table %s exists already; --overwrite replaces its rows".formatted(table));
      }
      if (database.hasColumn(connection, table, COLUMN)) {
        throw new DataException(
            "table %s holds rows of run dates; without --run-date all of them would be replaced"
                .formatted(table));
      }
    }
  }

  @Override
  public String workPath() {
    return new Path(workFolder, runId).toString();
  }

  @Override
  public String path(Part part) {
    return tables.get(part);
  }

  private String stagingTable(Part part, String run) {
    return RowLock.beside(tables.get(Part.OUT), "regard_%s_%s".formatted(run, part.label()));
  }

  @Override
  public void stage(Part part, Dataset<Row> rows, long count) {
    Dataset<Row> dated =
        date.map(d -> rows.withColumn(COLUMN, lit(d).cast(DataTypes.DateType))).orElse(rows);
    String table = stagingTable(part, runId);
    staged.put(part, dated.schema());
    database.write(dated, table);
    try (Connection connection = database.connect();
        Statement statement = connection.createStatement();
        ResultSet found = statement.executeQuery("SELECT COUNT(*) FROM " + table)) {
      found.next();
      Tables.requireCount(table, count, found.getLong(1));
    } catch (SQLException e) {
      throw Database.failure(e);
    }
  }

  /** The manifest has no place in a database. */
  @Override
  public void commit(Map<String, Object> manifest) {
    try (Connection connection = database.connect()) {
      connection.setAutoCommit(false);
      boolean done = false;
      try {
        for (RowLock lock : locks) {
          lock.requireMine(connection);
        }
        for (Part part : tables.keySet()) {
          replace(connection, part);
        }
        connection.commit();
        done = true;
      } finally {
        if (!done) {
          connection.rollback();
        }
      }
    } catch (SQLException e) {
      throw Database.failure(e);
    }
  }

  private void replace(Connection connection, Part part) throws SQLException {
    String table = tables.get(part);
    StructType schema = staged.get(part);
    if (!existsAside(table)) {
      Database.update(connection, database.creating(table, schema));
    } else if (date.isPresent()) {
      String delete = "DELETE FROM %s WHERE %s = ?".formatted(table, database.quoted(COLUMN));
      Database.update(connection, delete, java.sql.Date.valueOf(date.get()));
    } else {
      requireReplaceable(connection);
      Database.update(connection, "DELETE FROM " + table);
    }
    String columns = database.columns(schema);
    Database.update(
        connection,
        "INSERT INTO %s (%s) SELECT %s FROM %s"
            .formatted(table, columns, columns, stagingTable(part, runId)));
  }

  /** Asked on a connection of its own: a query that fails would end a transaction. */
  private boolean existsAside(String table) throws SQLException {
    try (Connection connection = database.connect()) {
      return database.exists(connection, table);
    }
  }

  private void removeStaged(Connection connection, String run) throws SQLException {
    for (Part part : Part.values()) {
      Database.update(connection, "DROP TABLE IF EXISTS " + stagingTable(part, run));
    }
    try {
      Path work = new Path(workFolder, run);
      Paths.fileSystem(spark, work.toString()).delete(work, true);
      MissingParents.deleteIfEmpty(Paths.fileSystem(spark, work.toString()), workFolder);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void close() {
    locks.forEach(RowLock::close);
    try (Connection connection = database.connect()) {
      removeStaged(connection, runId);
      for (RowLock lock : locks) {
        lock.release(connection);
      }
    } catch (SQLException e) {
      throw Database.failure(e);
    }
  }

  private void close(Exception e) {
    try {
      close();
    } catch (RuntimeException second) {
      e.addSuppressed(second);
    }
  }
}
