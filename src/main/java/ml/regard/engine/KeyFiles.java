package ml.regard.engine;

import java.io.IOException;
import java.io.Serializable;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.stream.LongStream;
import ml.regard.DataException;
import ml.regard.kernel.BlockSummary;
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
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.util.SerializableConfiguration;
import scala.Tuple2;

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
  private final List<BlockSummary> summaries;
  private final double[][] values;
  private final SerializableConfiguration hadoop;

  private KeyFiles(
      int dim,
      int numKeys,
      double valueCentre,
      List<RowGroup> groups,
      List<BlockSummary> summaries,
      double[][] values,
      SerializableConfiguration hadoop) {
    this.dim = dim;
    this.numKeys = numKeys;
    this.valueCentre = valueCentre;
    this.groups = groups;
    this.summaries = summaries;
    this.values = values;
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
        List.of(),
        null,
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

  /**
   * The same files with the summaries of all blocks and the values of features that have few: one
   * reading of all keys.
   *
   * @throws DataException if a key is damaged
   */
  KeyFiles surveyed(JavaSparkContext spark) {
    int width = dim;
    try {
      List<Tuple2<List<BlockSummary>, FeatureValues>> parts =
          KeyPart.inFiles(spark, this, 3 * spark.defaultParallelism())
              .map(part -> survey(part.blocks(), width))
              .collect();
      List<BlockSummary> found = new ArrayList<>();
      FeatureValues few = new FeatureValues(dim);
      for (Tuple2<List<BlockSummary>, FeatureValues> part : parts) {
        found.addAll(part._1());
        few.merge(part._2());
      }
      double[][] all = few.values().orElse(null);
      return new KeyFiles(dim, numKeys, valueCentre, groups, found, all, hadoop);
    } catch (Exception e) { // Spark throws checked exceptions that it does not declare
      for (Throwable cause = e; cause != null; cause = cause.getCause()) {
        if (cause instanceof DataException) {
          throw new DataException(cause.getMessage(), e);
        }
      }
      throw e;
    }
  }

  private static Tuple2<List<BlockSummary>, FeatureValues> survey(
      Iterator<KeyBlock> blocks, int dim) {
    List<BlockSummary> found = new ArrayList<>();
    FeatureValues few = new FeatureValues(dim);
    while (blocks.hasNext()) {
      KeyBlock block = blocks.next();
      found.add(block.summary());
      few.add(block);
    }
    return new Tuple2<>(found, few);
  }

  /** By feature, all its values, ascending; empty if one has too many. */
  Optional<double[][]> values() {
    return Optional.ofNullable(values);
  }

  /** The same files with the weighted mean of their values, as the summaries say. */
  KeyFiles centred() {
    double centre = BlockSummary.valueCentre(summaries);
    return new KeyFiles(dim, numKeys, centre, groups, summaries, values, hadoop);
  }

  @Override
  public List<BlockSummary> summaries() {
    return summaries;
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

  int numBlocks() {
    return (numKeys + PackedKeys.BLOCK_SIZE - 1) / PackedKeys.BLOCK_SIZE;
  }

  /** Whether a block is the last of its segment. */
  boolean endsSegment(KeyBlock block) {
    int end = block.firstPosition() + PackedKeys.BLOCK_SIZE;
    return end % SEGMENT_SIZE == 0 || end >= numKeys;
  }

  int numSegments() {
    return (numKeys + SEGMENT_SIZE - 1) / SEGMENT_SIZE;
  }

  @Override
  public Iterator<KeyBlock> blocks() {
    return blocks(0, numSegments(), block -> true);
  }

  @Override
  public Iterator<KeyBlock> blocks(Predicate<BlockSummary> wanted) {
    return blocks(0, numSegments(), wanted);
  }

  /** The wanted blocks of the segments first to end - 1, in order, read once. */
  Iterator<KeyBlock> blocks(int first, int end, Predicate<BlockSummary> wanted) {
    long to = Math.min((long) end * SEGMENT_SIZE, numKeys);
    long[] positions =
        LongStream.iterate((long) first * SEGMENT_SIZE, p -> p < to, p -> p + PackedKeys.BLOCK_SIZE)
            .filter(p -> summaries.isEmpty() || wanted.test(summaries.get(block(p))))
            .toArray();
    return new KeyBlockReader(hadoop.value(), groups, dim, valueCentre, numKeys, positions);
  }

  private static int block(long position) {
    return (int) (position / PackedKeys.BLOCK_SIZE);
  }
}
