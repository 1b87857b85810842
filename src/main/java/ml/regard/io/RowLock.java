package ml.regard.io;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import ml.regard.DataException;

/**
 * One writer at a time for a table and a date, by a row of the table {@code regard_runs} beside it:
 * its primary key lets only one run insert the row, which holds the run and its last heartbeat. A
 * stale row is deleted by a statement that names the run and the heartbeat it was stale with.
 *
 * <p>{@link #requireMine} updates the row inside the transaction that must not be done twice: until
 * that ends nobody else can take the row over.
 */
final class RowLock implements AutoCloseable {
  private static final String TABLE = "regard_runs";
  private static final String COLUMNS =
      "target_table VARCHAR(128) NOT NULL, target_date VARCHAR(10) NOT NULL,"
          + " run_id VARCHAR(40) NOT NULL, run_holder VARCHAR(500) NOT NULL,"
          + " heartbeat_ms BIGINT NOT NULL, PRIMARY KEY (target_table, target_date)";
  private static final String KEY = " WHERE target_table = ? AND target_date = ?";

  /** A row as it was read. */
  private record Seen(String date, String runId, String holder, long heard) {}

  private final Database database;
  private final String runs;
  private final String target;
  private final String date;
  private final String runId;
  private final LockTimes times;
  private Heartbeat heartbeat;

  /** Of a target and a date ("all" for a table without dates); not taken yet. */
  RowLock(Database database, String target, String date, String runId, LockTimes times) {
    this.database = database;
    this.runs = beside(target, TABLE);
    this.target = target;
    this.date = date;
    this.runId = runId;
    this.times = times;
  }

  /** A table's name in the schema of another. */
  static String beside(String table, String name) {
    return table.substring(0, table.lastIndexOf('.') + 1) + name;
  }

  /** What is done with the id of a run that died. */
  interface Removal {
    void of(String runId) throws SQLException;
  }

  /**
   * Takes the lock, and the rows that dead runs left for any date of this target.
   *
   * @param removal removes what such a run has staged; its row goes after that
   * @throws DataException if a living run holds the lock
   */
  void acquire(Connection connection, Removal removal) throws SQLException {
    createTable(connection);
    for (Seen seen : rows(connection)) {
      if (times.isStale(seen.heard)) {
        removal.of(seen.runId);
        takeOver(connection, seen);
      } else if (seen.date.equals(date)) {
        throw LockHolder.parse(seen.holder).holds(what(), times.silence(seen.heard));
      }
    }
    insert(connection);
    heartbeat = new Heartbeat(times.heartbeat(), this::beat);
  }

  private void createTable(Connection connection) throws SQLException {
    if (!database.exists(connection, runs)) {
      try {
        Database.update(connection, "CREATE TABLE %s (%s)".formatted(runs, COLUMNS));
      } catch (SQLException e) {
        if (!database.exists(connection, runs)) { // another run was not faster
          throw e;
        }
      }
    }
  }

  /** The row goes unless its run has said a word again; then the insert will fail. */
  private void takeOver(Connection connection, Seen seen) throws SQLException {
    String delete = "DELETE FROM " + runs + KEY + " AND run_id = ? AND heartbeat_ms = ?";
    Database.update(connection, delete, target, seen.date, seen.runId, seen.heard);
  }

  private void insert(Connection connection) throws SQLException {
    LockHolder me = LockHolder.me(runId, times.clock().instant());
    long now = times.clock().millis();
    try {
      String insert = "INSERT INTO " + runs + " VALUES (?, ?, ?, ?, ?)";
      Database.update(connection, insert, target, date, runId, me.json(), now);
    } catch (SQLException e) {
      for (Seen seen : rows(connection)) {
        if (seen.date.equals(date)) {
          throw LockHolder.parse(seen.holder).holds(what(), times.silence(seen.heard));
        }
      }
      throw e;
    }
  }

  private List<Seen> rows(Connection connection) throws SQLException {
    List<Seen> rows = new ArrayList<>();
    String sql =
        "SELECT target_date, run_id, run_holder, heartbeat_ms FROM %s WHERE target_table = ?";
    try (PreparedStatement statement = connection.prepareStatement(sql.formatted(runs))) {
      statement.setString(1, target);
      try (ResultSet found = statement.executeQuery()) {
        while (found.next()) {
          rows.add(
              new Seen(
                  found.getString(1), found.getString(2), found.getString(3), found.getLong(4)));
        }
      }
    }
    return rows;
  }

  private void beat() throws SQLException {
    try (Connection connection = database.connect()) {
      touch(connection);
    }
  }

  /** False when the row is no longer of this run. */
  private boolean touch(Connection connection) throws SQLException {
    return Database.update(
            connection,
            "UPDATE " + runs + " SET heartbeat_ms = ?" + KEY + " AND run_id = ?",
            times.clock().millis(),
            target,
            date,
            runId)
        == 1;
  }

  /**
   * Holds the row until the connection's transaction ends.
   *
   * @throws DataException if another run has taken it over
   */
  void requireMine(Connection connection) throws SQLException {
    if (!touch(connection)) {
      String holder =
          rows(connection).stream()
              .filter(seen -> seen.date.equals(date))
              .map(Seen::holder)
              .findFirst()
              .orElse("");
      throw LockHolder.parse(holder).hasTaken(what());
    }
  }

  private String what() {
    return "run_date=%s of table %s".formatted(date, target);
  }

  /** Gives the row back, if it was taken. */
  void release(Connection connection) throws SQLException {
    close();
    Database.update(
        connection, "DELETE FROM " + runs + KEY + " AND run_id = ?", target, date, runId);
  }

  /** Stops the heartbeat. */
  @Override
  public void close() {
    if (heartbeat != null) {
      heartbeat.close();
    }
  }
}
