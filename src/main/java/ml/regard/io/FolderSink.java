package ml.regard.io;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.EnumMap;
import java.util.Map;
import ml.regard.DataException;
import org.apache.hadoop.fs.Path;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;

/**
 * One or two whole folders, each as {@link OutputFolder} has it. The rejected rows come first: when
 * the output is there, everything is.
 */
public final class FolderSink implements RowSink {
  private final Tables.Format format;
  private final Map<Part, OutputFolder> folders = new EnumMap<>(Part.class);
  private final OutputFolder work;

  /**
   * Prepares the folders.
   *
   * @throws DataException if one exists and is not to be overwritten, or holds dates
   */
  public FolderSink(
      SparkSession spark, Map<Part, String> paths, Tables.Format format, boolean overwrite) {
    this.format = format;
    for (Map.Entry<Part, String> path : paths.entrySet()) {
      requireUndated(spark, path.getValue());
      folders.put(path.getKey(), OutputFolder.stage(spark, path.getValue(), overwrite));
    }
    this.work = OutputFolder.stage(spark, paths.get(Part.OUT), true);
  }

  private static void requireUndated(SparkSession spark, String path) {
    try {
      if (DatedSink.isDated(Paths.fileSystem(spark, path), new Path(path))) {
        throw new DataException(
            "output %s holds a partition for each run date; without --run-date it would be replaced"
                    .formatted(path)
                + " as a whole");
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public String workPath() {
    return work.stagedPath();
  }

  @Override
  public String path(Part part) {
    return folders.get(part).path();
  }

  @Override
  public void stage(Part part, Dataset<Row> rows, long count) {
    Tables.writeCounted(rows, format, folders.get(part).stagedPath(), count);
  }

  @Override
  public void commit(Map<String, Object> manifest) {
    folders.values().forEach(folder -> folder.write(RunManifest.FILE, Json.pretty(manifest)));
    if (folders.containsKey(Part.REJECTED)) {
      folders.get(Part.REJECTED).commit();
    }
    folders.get(Part.OUT).commit();
  }

  @Override
  public void close() {
    work.close();
    folders.values().forEach(OutputFolder::close);
  }
}
