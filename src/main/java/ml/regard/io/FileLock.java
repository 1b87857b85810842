package ml.regard.io;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.StandardOpenOption;
import java.util.Optional;
import java.util.UUID;
import ml.regard.DataException;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.RawLocalFileSystem;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One writer at a time, by a file that only one can create. The file says who holds it, and its
 * modification time is the holder's last heartbeat: a holder that was killed leaves it behind, and
 * it is taken over once it is stale, by renaming it, which again only one can do.
 *
 * <p>A holder that was only stopped for a while may wake up without its lock; hence {@link
 * #requireMine} right before what must not be done twice.
 */
final class FileLock implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(FileLock.class);
  private static final int ATTEMPTS = 5;

  private final FileSystem files;
  private final Path path;
  private final String what;
  private final LockTimes times;
  private final LockHolder me;
  private final Heartbeat heartbeat;

  private FileLock(FileSystem files, Path path, String what, LockTimes times, LockHolder me) {
    this.files = files;
    this.path = path;
    this.what = what;
    this.times = times;
    this.me = me;
    this.heartbeat = new Heartbeat(times.heartbeat(), this::beat);
  }

  /**
   * Takes the lock.
   *
   * @param what it protects, for the sentences
   * @throws DataException if another run holds it
   */
  static FileLock acquire(FileSystem files, Path path, String what, String runId, LockTimes times)
      throws IOException {
    LockHolder me = LockHolder.me(runId, times.clock().instant());
    for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
      if (create(files, path, me.json())) {
        FileLock lock = new FileLock(files, path, what, times, me);
        lock.tryBeat();
        return lock;
      }
      clear(files, path, what, times);
    }
    throw new IOException("the lock %s comes and goes".formatted(path));
  }

  /** Moves a stale lock out of the way; throws the sentence that names a living holder. */
  private static void clear(FileSystem files, Path path, String what, LockTimes times)
      throws IOException {
    Optional<String> seen = Paths.read(files, path);
    Optional<FileStatus> status = status(files, path);
    if (seen.isEmpty() || status.isEmpty()) {
      return; // released in the meantime
    }
    long heard = status.get().getModificationTime();
    if (!times.isStale(heard)) {
      throw LockHolder.parse(seen.get()).holds(what, times.silence(heard));
    }
    Path aside = path.suffix(".stale-" + UUID.randomUUID());
    try {
      Paths.rename(files, path, aside);
    } catch (FileNotFoundException e) {
      return; // another run was faster
    }
    Optional<String> moved = Paths.read(files, aside);
    if (!moved.equals(seen)) { // another run was faster, and this is its new lock
      putBack(files, aside, path);
      throw LockHolder.parse(moved.orElse("")).holds(what, times.silence(heard));
    }
    files.delete(aside, false);
  }

  /** If a third run holds the lock by now, the second will learn that before its commit. */
  private static void putBack(FileSystem files, Path aside, Path path) throws IOException {
    try {
      Paths.rename(files, aside, path);
    } catch (org.apache.hadoop.fs.FileAlreadyExistsException e) {
      files.delete(aside, false);
    }
  }

  /** Local disks are asked themselves: Hadoop only looks before it creates. */
  private static boolean create(FileSystem files, Path path, String text) throws IOException {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    files.mkdirs(path.getParent());
    if (files instanceof RawLocalFileSystem local) {
      try {
        Files.write(local.pathToFile(path).toPath(), bytes, StandardOpenOption.CREATE_NEW);
        return true;
      } catch (FileAlreadyExistsException e) {
        return false;
      }
    }
    try (OutputStream out = files.create(path, false)) {
      out.write(bytes);
      return true;
    } catch (IOException e) {
      if (files.exists(path)) {
        return false;
      }
      throw e;
    }
  }

  private static Optional<FileStatus> status(FileSystem files, Path path) throws IOException {
    try {
      return Optional.of(files.getFileStatus(path));
    } catch (FileNotFoundException e) {
      return Optional.empty();
    }
  }

  /** The lock may have been mistaken for the stale one at this moment; then it is lost. */
  private void tryBeat() throws IOException {
    try {
      beat();
    } catch (FileNotFoundException | NoSuchFileException e) {
      LOG.debug("{} was moved away", path);
    }
  }

  void beat() throws IOException {
    if (isMine()) {
      files.setTimes(path, times.clock().millis(), -1);
    }
  }

  /**
   * Checks that no other run has taken the lock over.
   *
   * @throws DataException if one has
   */
  void requireMine() throws IOException {
    if (!isMine()) {
      throw LockHolder.parse(Paths.read(files, path).orElse("")).hasTaken(what);
    }
  }

  private boolean isMine() throws IOException {
    return Paths.read(files, path).filter(me.json()::equals).isPresent();
  }

  /** Ends the heartbeat. */
  void stop() {
    heartbeat.close();
  }

  @Override
  public void close() {
    stop();
    try {
      if (isMine()) {
        files.delete(path, false);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
