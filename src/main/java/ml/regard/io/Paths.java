package ml.regard.io;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import java.util.Properties;
import java.util.Set;
import ml.regard.DataException;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.ChecksumFileSystem;
import org.apache.hadoop.fs.FileContext;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.spark.sql.SparkSession;

/** What the jobs do with single files and folders, all through Hadoop's FileSystem. */
public final class Paths {
  /** Where a rename is a copy of every object, and so neither atomic nor exclusive. */
  private static final Set<String> OBJECT_STORES =
      Set.of(
          "s3", "s3a", "s3n", "gs", "abfs", "abfss", "wasb", "wasbs", "adl", "oss", "cos", "cosn",
          "obs", "swift", "oci");

  private Paths() {}

  /** The scheme of a path when it names an object store, in which nothing is ever renamed. */
  public static Optional<String> objectStore(SparkSession spark, String path) {
    String scheme = new Path(path).toUri().getScheme();
    if (scheme == null) {
      Configuration conf = spark.sparkContext().hadoopConfiguration();
      scheme = FileSystem.getDefaultUri(conf).getScheme();
    }
    return Optional.ofNullable(scheme).filter(OBJECT_STORES::contains);
  }

  /** The folder around a path, qualified. */
  public static String parent(SparkSession spark, String path) {
    try {
      return fileSystem(spark, path).makeQualified(new Path(path)).getParent().toString();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * The settings of a file of Java properties.
   *
   * @throws DataException if it cannot be read
   */
  public static Properties properties(SparkSession spark, String path) {
    Properties properties = new Properties();
    try (InputStream in = fileSystem(spark, path).open(new Path(path))) {
      properties.load(in);
    } catch (IOException | IllegalArgumentException e) {
      throw new DataException("the properties %s cannot be read: %s".formatted(path, e), e);
    }
    return properties;
  }

  /** The file system of a path, without the checksum files that Hadoop adds on local disks. */
  static FileSystem fileSystem(SparkSession spark, String path) throws IOException {
    FileSystem files = new Path(path).getFileSystem(spark.sparkContext().hadoopConfiguration());
    return files instanceof ChecksumFileSystem checked ? checked.getRawFileSystem() : files;
  }

  static Optional<String> read(FileSystem files, Path path) throws IOException {
    try (InputStream in = files.open(path)) {
      return Optional.of(new String(in.readAllBytes(), StandardCharsets.UTF_8));
    } catch (FileNotFoundException e) {
      return Optional.empty();
    }
  }

  static void write(FileSystem files, Path path, String text) throws IOException {
    try (OutputStream out = files.create(path, true)) {
      out.write(text.getBytes(StandardCharsets.UTF_8));
    }
  }

  /** What a folder holds; nothing when there is no folder. */
  static List<Path> list(FileSystem files, Path folder) throws IOException {
    try {
      return List.of(files.listStatus(folder)).stream().map(FileStatus::getPath).toList();
    } catch (FileNotFoundException e) {
      return List.of();
    }
  }

  /** Renames, and refuses a target that exists, where FileSystem.rename would move into it. */
  static void rename(FileSystem files, Path from, Path to) throws IOException {
    FileContext.getFileContext(files.getUri(), files.getConf()).rename(from, to);
  }
}
