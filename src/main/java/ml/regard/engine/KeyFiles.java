package ml.regard.engine;

import java.io.IOException;
import java.io.Serializable;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.Iterator;
import java.util.List;
import ml.regard.DataException;
import ml.regard.kernel.KeyBlock;
import ml.regard.kernel.Keys;
import ml.regard.kernel.PackedKeys;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.Path;
import org.apache.parquet.column.statistics.LongStatistics;
import org.apache.parquet.hadoop.ParquetFileReader;
import org.apache.parquet.hadoop.metadata.BlockMetaData;
import org.apache.parquet.hadoop.metadata.ColumnChunkMetaData;
import org.apache.parquet.hadoop.util.HadoopInputFile;
import org.apache.spark.util.SerializableConfiguration;

/**
 * The keys in the Parquet files of a {@link KeyTable}: an index of their row groups by position.
 * Keys are read as they are asked for, a row group at a time, by whichever process asks; nothing is
 * kept. A <em>segment</em> is {@link #SEGMENT_SIZE} consecutive positions, the unit in which sums
 * over keys are formed and merged, whatever tasks there are.
 */
final class KeyFiles implements Keys, Serializable {
  private static final long serialVersionUID = 1;
  static final int SEGMENT_SIZE = 16 * PackedKeys.BLOCK_SIZE;

  /** Where consecutive keys are. */
  static final class RowGroup implements Serializable {
    private static final long serialVersionUID = 1;

    final String file;
    final int index;
    final long first;
    final long rows;

    RowGroup(String file, int index, long first, long rows) {
      this.file = file;
      this.index = index;
      this.first = first;
      this.rows = rows;
    }

    long end() {
      return first + rows;
    }
  }

  private final int dim;
  private final int numKeys;
  private final double valueCentre;
  private final List<RowGroup> groups;
  private final SerializableConfiguration hadoop;

  private KeyFiles(
      int dim,
      int numKeys,
      double valueCentre,
      List<RowGroup> groups,
      SerializableConfiguration hadoop) {
    this.dim = dim;
    this.numKeys = numKeys;
    this.valueCentre = valueCentre;
    this.groups = groups;
    this.hadoop = hadoop;
  }

  /**
   * Reads the footers of a key table's files, but no key.
   *
   * @throws DataException if a file is no key table, or positions are missing or come twice
   */
  static KeyFiles open(Configuration hadoop, String folder, int dim, double valueCentre) {
    List<RowGroup> groups = new ArrayList<>();
    try {
      Path path = new Path(folder);
      for (FileStatus file : path.getFileSystem(hadoop).listStatus(path)) {
        String name = file.getPath().getName();
        if (!name.startsWith("_") && !name.startsWith(".") && file.isFile()) {
          groups.addAll(rowGroups(hadoop, file.getPath()));
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    groups.sort(Comparator.comparingLong((RowGroup group) -> group.first));
    long next = 0;
    for (RowGroup group : groups) {
      if (group.first != next) {
        throw new DataException(
            "the keys at %s are damaged: position %d should come next, but %s begins with %d"
                .formatted(folder, next, group.file, group.first));
      }
      next = group.end();
    }
    return new KeyFiles(
        dim,
        Math.toIntExact(next),
        valueCentre,
        groups,
        new SerializableConfiguration(new Configuration(hadoop)));
  }

  private static List<RowGroup> rowGroups(Configuration hadoop, Path file) throws IOException {
    List<RowGroup> groups = new ArrayList<>();
    try (ParquetFileReader reader =
        ParquetFileReader.open(HadoopInputFile.fromPath(file, hadoop))) {
      List<BlockMetaData> found = reader.getRowGroups();
      for (int i = 0; i < found.size(); i++) {
        LongStatistics positions = positions(file, found.get(i));
        long rows = found.get(i).getRowCount();
        if (positions.getMax() - positions.getMin() + 1 != rows) {
          throw new DataException(
              "the keys in %s are damaged: %d rows have the positions %d to %d"
                  .formatted(file, rows, positions.getMin(), positions.getMax()));
        }
        groups.add(new RowGroup(file.toString(), i, positions.getMin(), rows));
      }
    } catch (RuntimeException e) {
      if (e instanceof DataException) {
        throw e;
      }
      throw new DataException("%s cannot be read: %s".formatted(file, e.getMessage()), e);
    }
    return groups;
  }

  private static LongStatistics positions(Path file, BlockMetaData group) {
    for (ColumnChunkMetaData column : group.getColumns()) {
      if (Arrays.equals(column.getPath().toArray(), new String[] {"position"})
          && column.getStatistics() instanceof LongStatistics statistics) {
        return statistics;
      }
    }
    throw new DataException("%s has no column of positions".formatted(file));
  }

  /** The same files with the weighted mean of their values. */
  KeyFiles centredAt(double centre) {
    return new KeyFiles(dim, numKeys, centre, groups, hadoop);
  }

  @Override
  public int dim() {
    return dim;
  }

  @Override
  public int numKeys() {
    return numKeys;
  }

  @Override
  public double valueCentre() {
    return valueCentre;
  }

  int numSegments() {
    return (numKeys + SEGMENT_SIZE - 1) / SEGMENT_SIZE;
  }

  @Override
  public Iterator<KeyBlock> blocks() {
    return blocks(0, numSegments());
  }

  /** The blocks of the segments first to end - 1, in order, read once. */
  Iterator<KeyBlock> blocks(int first, int end) {
    long from = (long) first * SEGMENT_SIZE;
    long to = Math.min((long) end * SEGMENT_SIZE, numKeys);
    List<RowGroup> touched =
        groups.stream().filter(group -> group.end() > from && group.first < to).toList();
    return new KeyBlockReader(hadoop.value(), touched, dim, valueCentre, from, to);
  }
}
