package ml.regard.ml;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.UUID;
import ml.regard.DataException;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.spark.SparkContext;

/**
 * A folder of its own for the keys of a fit that leaves them in files, which driver and executors
 * must reach: in stagingDir, else in the checkpoint directory of the SparkContext, else, in local
 * mode, among the temporary files. It is needed as long as the model is used without having been
 * saved and loaded, and is deleted when the application ends in an orderly way.
 */
final class StagingFolder {
  private final FileSystem files;
  private final Path path;

  private StagingFolder(FileSystem files, Path path) {
    this.files = files;
    this.path = path;
  }

  /** Whether there is a place that executors are known to reach. */
  static boolean isKnown(SparkContext spark, String stagingDir) {
    return !stagingDir.isEmpty() || spark.getCheckpointDir().isDefined() || spark.isLocal();
  }

  /**
   * Chooses the folder.
   *
   * @throws DataException if there is no place that executors are known to reach
   */
  static StagingFolder of(SparkContext spark, String stagingDir) {
    String parent = stagingDir;
    if (parent.isEmpty() && spark.getCheckpointDir().isDefined()) {
      parent = spark.getCheckpointDir().get();
    } else if (parent.isEmpty() && spark.isLocal()) {
      parent = System.getProperty("java.io.tmpdir");
    } else if (parent.isEmpty()) {
      throw new DataException(
          "an engine that leaves keys in files needs stagingDir, a folder that driver and executors reach, on master "
              + spark.master());
    }
    try {
      Path path = new Path(parent, "regard-keys-" + UUID.randomUUID());
      FileSystem files = path.getFileSystem(spark.hadoopConfiguration());
      path = files.makeQualified(path);
      files.deleteOnExit(path);
      return new StagingFolder(files, path);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  String path(String name) {
    return new Path(path, name).toString();
  }

  void delete(String name) {
    delete(new Path(path, name));
  }

  void delete() {
    delete(path);
  }

  private void delete(Path what) {
    try {
      files.delete(what, true);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
