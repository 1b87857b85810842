package ml.regard.io;

import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.UUID;
import ml.regard.DataException;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.spark.sql.SparkSession;

/**
 * A folder that appears whole or not at all: everything is written under a temporary name beside
 * it, and {@link #commit} renames that into place. Closed without a commit, nothing stays behind.
 * With overwrite the old folder is moved aside first and deleted last; between the two renames the
 * name is absent for an instant.
 *
 * <p>The temporary names start with a dot, which Spark's readers pass over. On object stores a
 * rename is a copy and not atomic.
 */
public final class OutputFolder implements AutoCloseable {
  private final FileSystem files;
  private final Path target;
  private final Path staged;
  private final boolean overwrite;
  private final MissingParents missing;
  private boolean committed;

  private OutputFolder(FileSystem files, Path target, boolean overwrite) throws IOException {
    if (target.getParent() == null) {
      throw new DataException("output %s is no folder that can be made".formatted(target));
    }
    this.files = files;
    this.missing = new MissingParents(files, target.getParent());
    this.target = target;
    this.staged = sibling("staged");
    this.overwrite = overwrite;
  }

  /**
   * Prepares an output.
   *
   * @throws DataException if the path exists and is not to be overwritten
   */
  public static OutputFolder stage(SparkSession spark, String path, boolean overwrite) {
    try {
      FileSystem files = Paths.fileSystem(spark, path);
      OutputFolder folder = new OutputFolder(files, files.makeQualified(new Path(path)), overwrite);
      folder.requireAbsent();
      return folder;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Where to write until the commit; it does not exist at first. */
  public String stagedPath() {
    return staged.toString();
  }

  /** The path that the output will have, qualified. */
  public String path() {
    return target.toString();
  }

  /** Writes one file of text into the staged folder. */
  public void write(String name, String text) {
    write(name, text.getBytes(StandardCharsets.UTF_8));
  }

  /** Writes one file into the staged folder. */
  public void write(String name, byte[] bytes) {
    try (OutputStream out = files.create(new Path(staged, name), false)) {
      out.write(bytes);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * Makes the staged folder the output. The rename refuses a target that another run has made in
   * the meantime, and an old output comes back when the new one cannot take its place.
   *
   * @throws DataException if the path exists by now and is not to be overwritten
   */
  public void commit() {
    try {
      requireAbsent();
      Path old = sibling("old");
      boolean replaced = files.exists(target);
      if (replaced) {
        Paths.rename(files, target, old);
      }
      try {
        Paths.rename(files, staged, target);
      } catch (IOException e) {
        if (replaced) {
          Paths.rename(files, old, target);
        }
        throw e;
      }
      committed = true;
      if (replaced) {
        files.delete(old, true);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void close() {
    if (committed) {
      return;
    }
    try {
      files.delete(staged, true);
      missing.deleteEmpty();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Whether one path is the other or lies in it. */
  public static boolean contains(SparkSession spark, String outer, String inner) {
    try {
      Path whole = Paths.fileSystem(spark, outer).makeQualified(new Path(outer));
      Path part = Paths.fileSystem(spark, inner).makeQualified(new Path(inner));
      while (part != null && !part.equals(whole)) {
        part = part.getParent();
      }
      return part != null;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Removes one file, if it is there. */
  public static void deleteFile(SparkSession spark, String path) {
    try {
      Paths.fileSystem(spark, path).delete(new Path(path), false);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The text of one file of a folder, if it is there. */
  public static Optional<String> read(SparkSession spark, String folder, String name) {
    try {
      return Paths.read(Paths.fileSystem(spark, folder), new Path(folder, name));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Writes one file of text, replacing what is there. */
  public static void writeFile(SparkSession spark, String path, String text) {
    try {
      Paths.write(Paths.fileSystem(spark, path), new Path(path), text);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private Path sibling(String role) {
    String name = ".%s.%s.%s".formatted(target.getName(), role, UUID.randomUUID());
    return new Path(target.getParent(), name);
  }

  private void requireAbsent() throws IOException {
    if (!overwrite && files.exists(target)) {
      throw new DataException(
          "output %s exists already; --overwrite replaces it".formatted(target));
    }
  }
}
