package ml.regard.io;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import ml.regard.DataException;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The partition {@code run_date=D} of one or two folders, replaced as a whole; other dates are not
 * touched. A run has a lock on its date and stages in {@code .regard/<date>_<run id>} of each
 * folder, which readers pass over. Before anything else it settles what runs that died have left:
 * {@link PartitionSwap} says how.
 */
public final class DatedSink implements RowSink {
  private static final Logger LOG = LoggerFactory.getLogger(DatedSink.class);
  private static final String HIDDEN = ".regard";
  private static final String COLUMN = "run_date=";

  private final SparkSession spark;
  private final Tables.Format format;
  private final LocalDate date;
  private final LockTimes times;
  private final String runId = UUID.randomUUID().toString();
  private final Map<Part, Path> roots = new EnumMap<>(Part.class);
  private final List<MissingParents> missing = new ArrayList<>();
  private final List<FileLock> locks = new ArrayList<>();
  private final PartitionSwap swap;

  /**
   * Takes the locks and settles what earlier runs have left.
   *
   * @param folders the folder of each part, on a file system whose renames are atomic
   * @throws DataException if another run writes this date, or a folder is an output without dates
   */
  public DatedSink(
      SparkSession spark,
      Map<Part, String> folders,
      Tables.Format format,
      LocalDate date,
      LockTimes times) {
    this.spark = spark;
    this.format = format;
    this.date = date;
    this.times = times;
    try {
      for (Map.Entry<Part, String> folder : folders.entrySet()) {
        if (RunManifest.isIn(spark, folder.getValue())) {
          throw new DataException(
              "output %s exists already, without dates; --run-date needs another folder"
                  .formatted(folder.getValue()));
        }
        FileSystem files = Paths.fileSystem(spark, folder.getValue());
        Path root = files.makeQualified(new Path(folder.getValue()));
        roots.put(folder.getKey(), root);
        missing.add(new MissingParents(files, root));
      }
      this.swap = new PartitionSwap(spark, run(Part.OUT), moves());
      open();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void open() throws IOException {
    try {
      lock(date.toString(), locks);
      settle();
      swap.plan();
    } catch (IOException | RuntimeException e) {
      try {
        close();
      } catch (RuntimeException second) {
        e.addSuppressed(second);
      }
      throw e;
    }
  }

  /** Whether a folder holds dates, or a run that writes one. */
  static boolean isDated(FileSystem files, Path folder) throws IOException {
    return Paths.list(files, folder).stream()
        .map(Path::getName)
        .anyMatch(name -> name.startsWith(COLUMN) || name.equals(HIDDEN));
  }

  private void lock(String day, List<FileLock> taken) throws IOException {
    for (Path root : roots.values()) {
      Path file = new Path(new Path(root, HIDDEN), day + ".lock");
      String what = "%s%s of %s".formatted(COLUMN, day, root);
      taken.add(FileLock.acquire(files(root), file, what, runId, times));
    }
  }

  /** Completes or removes what runs of any date left that are dead: their locks can be had. */
  private void settle() throws IOException {
    Path root = roots.get(Part.OUT);
    Set<String> alive = new HashSet<>();
    for (Path run : Paths.list(files(root), new Path(root, HIDDEN))) {
      int end = run.getName().indexOf('_');
      if (end < 0) {
        continue; // a lock
      }
      String day = run.getName().substring(0, end);
      if (day.equals(date.toString())) {
        settle(run);
      } else if (!alive.contains(day)) {
        List<FileLock> taken = new ArrayList<>();
        try {
          lock(day, taken);
          settle(run);
        } catch (DataException e) {
          alive.add(day);
        } finally {
          taken.forEach(FileLock::close);
        }
      }
    }
  }

  private void settle(Path run) throws IOException {
    PartitionSwap left = PartitionSwap.of(spark, run);
    if (left.isDecided()) {
      LOG.info("the commit that a dead run left in {} is completed", run);
      left.forward();
    } else {
      LOG.info("what a dead run left in {} is removed", run);
      left.abandon();
    }
  }

  private List<PartitionSwap.Move> moves() {
    return roots.keySet().stream()
        .map(part -> new PartitionSwap.Move(staged(part), new Path(path(part))))
        .toList();
  }

  private Path run(Part part) {
    return new Path(new Path(roots.get(part), HIDDEN), date + "_" + runId);
  }

  private Path staged(Part part) {
    return new Path(run(part), part.label());
  }

  @Override
  public String workPath() {
    return new Path(run(Part.OUT), "work").toString();
  }

  @Override
  public String path(Part part) {
    return new Path(roots.get(part), COLUMN + date).toString();
  }

  @Override
  public void stage(Part part, Dataset<Row> rows, long count) {
    Tables.writeCounted(rows, format, staged(part).toString(), count);
  }

  @Override
  public void commit(Map<String, Object> manifest) {
    try {
      for (Part part : roots.keySet()) {
        Path file = new Path(staged(part), RunManifest.FILE);
        Paths.write(files(file), file, Json.pretty(manifest));
      }
      for (FileLock lock : locks) {
        lock.requireMine();
      }
      swap.decide();
      swap.forward();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** A decision that could not be carried out is left to the next run. */
  @Override
  public void close() {
    locks.forEach(FileLock::stop); // whatever fails below, a lock must go stale
    try {
      if (!swap.isDecided()) {
        swap.abandon();
      }
      for (FileLock lock : locks) {
        lock.close();
      }
      for (Path root : roots.values()) {
        deleteHiddenIfEmpty(root);
      }
      for (MissingParents parents : missing) {
        parents.deleteEmpty();
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Another run may put its lock there at this moment. */
  private void deleteHiddenIfEmpty(Path root) {
    try {
      MissingParents.deleteIfEmpty(files(root), new Path(root, HIDDEN));
    } catch (IOException e) {
      LOG.debug("{} is not empty", root);
    }
  }

  private FileSystem files(Path path) throws IOException {
    return Paths.fileSystem(spark, path.toString());
  }
}
