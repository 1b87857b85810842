package ml.regard.io;

import java.util.Map;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;

/**
 * Where the rows of a run go: staged first, all of them seen at once, or none. In this order:
 * {@link #workPath} is written once and counted, each part is staged from it, and {@link #commit}
 * shows them. Closed without a commit, nothing stays behind.
 */
public interface RowSink extends AutoCloseable {
  /** What a run puts out. */
  enum Part {
    OUT,
    REJECTED;

    String label() {
      return this == OUT ? "out" : "rejected";
    }
  }

  /** A folder for the rows as Parquet, which goes with the run. */
  String workPath();

  /** The name that a part will have, qualified. */
  String path(Part part);

  /**
   * Writes the rows of a part to where nobody looks.
   *
   * @param count how many they are; where a format tells it, what was written is counted again
   */
  void stage(Part part, Dataset<Row> rows, long count);

  /**
   * Shows the staged parts, each with the manifest beside it where there is a place for one.
   *
   * @throws ml.regard.DataException if another run has taken the place over
   */
  void commit(Map<String, Object> manifest);

  @Override
  void close();
}
