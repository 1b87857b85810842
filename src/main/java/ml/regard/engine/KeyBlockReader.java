package ml.regard.engine;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import ml.regard.DataException;
import ml.regard.kernel.KeyBlock;
import ml.regard.kernel.PackedKeys;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.parquet.column.ColumnDescriptor;
import org.apache.parquet.column.ColumnReader;
import org.apache.parquet.column.impl.ColumnReadStoreImpl;
import org.apache.parquet.column.page.PageReadStore;
import org.apache.parquet.example.data.simple.convert.GroupRecordConverter;
import org.apache.parquet.hadoop.ParquetFileReader;
import org.apache.parquet.hadoop.metadata.FileMetaData;
import org.apache.parquet.hadoop.util.HadoopInputFile;
import org.apache.parquet.schema.MessageType;
import org.apache.spark.TaskContext;
import org.apache.spark.util.TaskCompletionListener;

/**
 * Reads blocks of keys from Parquet files, in ascending order. Holds one row group (16 MB as {@link
 * KeyTable} writes them) and one block. A task's reader is closed when the task ends; any reader is
 * closed when its last block has been read.
 */
final class KeyBlockReader implements Iterator<KeyBlock> {
  private static final String[] ID = {"id"};
  private static final String[] FEATURE = {"features", "list", "element"};

  private final Configuration hadoop;
  private final Iterator<KeyFiles.RowGroup> groups;
  private final int dim;
  private final double valueCentre;
  private final long numKeys;
  private final long[] wanted;
  private int next;
  private long position;

  private ParquetFileReader file;
  private String fileName;
  private long groupEnd; // the position behind the open row group
  private ColumnReader positions;
  private ColumnReader features;
  private ColumnReader values;
  private ColumnReader weights;
  private ColumnReader ids; // null in the files of an older model

  /**
   * A reader of some blocks.
   *
   * @param groups all row groups, by position
   * @param wanted the first positions of the blocks, ascending
   */
  KeyBlockReader(
      Configuration hadoop,
      List<KeyFiles.RowGroup> groups,
      int dim,
      double valueCentre,
      long numKeys,
      long[] wanted) {
    this.hadoop = hadoop;
    this.groups = groups.iterator();
    this.dim = dim;
    this.valueCentre = valueCentre;
    this.numKeys = numKeys;
    this.wanted = wanted;
    if (TaskContext.get() != null) {
      TaskContext.get().addTaskCompletionListener((TaskCompletionListener) context -> close());
    }
  }

  @Override
  public boolean hasNext() {
    return next < wanted.length;
  }

  @Override
  public KeyBlock next() {
    if (!hasNext()) {
      throw new NoSuchElementException();
    }
    int first = Math.toIntExact(wanted[next++]);
    int size = (int) Math.min(PackedKeys.BLOCK_SIZE, numKeys - first);
    double[] blockFeatures = new double[Math.multiplyExact(size, dim)];
    double[] blockValues = new double[size];
    double[] blockWeights = new double[size];
    String[] blockIds = null;
    try {
      passOver(first);
      for (int j = 0; j < size; j++, position++) {
        if (position >= groupEnd) {
          openNextGroup();
        }
        readKey(blockFeatures, j);
        blockValues[j] = number(values);
        blockWeights[j] = number(weights);
        String id = id();
        if (id != null) {
          blockIds = blockIds == null ? new String[size] : blockIds;
          blockIds[j] = id;
        }
      }
      if (!hasNext()) {
        close();
      }
      return KeyBlock.of(
          first, dim, blockFeatures, blockValues, blockWeights, blockIds, valueCentre);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (DataException e) {
      throw e;
    } catch (IllegalArgumentException e) {
      throw damaged(e.getMessage());
    }
  }

  private void readKey(double[] blockFeatures, int j) {
    if (positions.getLong() != position) {
      throw damaged("position %d follows %d".formatted(positions.getLong(), position - 1));
    }
    positions.consume();
    for (int f = 0; f < dim; f++) {
      if ((features.getCurrentRepetitionLevel() == 0) != (f == 0)) {
        throw damaged("the key at position %d has not %d features".formatted(position, dim));
      }
      blockFeatures[j * dim + f] = number(features);
    }
  }

  private double number(ColumnReader column) {
    if (!isThere(column)) {
      throw damaged("the key at position %d has a null".formatted(position));
    }
    double number = column.getDouble();
    column.consume();
    return number;
  }

  private String id() {
    if (ids == null) {
      return null;
    }
    boolean named = isThere(ids);
    String id = named ? ids.getBinary().toStringUsingUTF8() : null;
    ids.consume();
    return id;
  }

  private static boolean isThere(ColumnReader column) {
    return column.getCurrentDefinitionLevel() == column.getDescriptor().getMaxDefinitionLevel();
  }

  /** Goes on to a position, past keys of the open row group or past whole row groups. */
  private void passOver(long to) {
    long from = position;
    position = to;
    if (to < groupEnd && from < to) {
      skip(to - from);
    }
  }

  /** Opens the row group that holds the position and passes over its keys before that. */
  private void openNextGroup() throws IOException {
    KeyFiles.RowGroup group = groups.next();
    while (group.end() <= position) {
      group = groups.next();
    }
    if (!group.file.equals(fileName)) {
      close();
      file = open(group.file);
      fileName = group.file;
    }
    FileMetaData about = file.getFooter().getFileMetaData();
    MessageType schema = about.getSchema();
    PageReadStore pages = file.readRowGroup(group.index);
    ColumnReadStoreImpl columns =
        new ColumnReadStoreImpl(
            pages,
            new GroupRecordConverter(schema).getRootConverter(),
            schema,
            about.getCreatedBy());
    positions = columns.getColumnReader(column(schema, "position"));
    features = columns.getColumnReader(column(schema, FEATURE));
    values = columns.getColumnReader(column(schema, "value"));
    weights = columns.getColumnReader(column(schema, "weight"));
    ids = schema.containsPath(ID) ? columns.getColumnReader(column(schema, ID)) : null;
    groupEnd = group.end();
    skip(position - group.first);
  }

  private void skip(long keys) {
    skip(positions, keys);
    skip(features, keys * dim);
    skip(values, keys);
    skip(weights, keys);
    if (ids != null) {
      skip(ids, keys);
    }
  }

  private ParquetFileReader open(String name) throws IOException {
    try {
      return ParquetFileReader.open(HadoopInputFile.fromPath(new Path(name), hadoop));
    } catch (FileNotFoundException e) {
      throw new DataException(
          "the keys in %s are gone: they were deleted or replaced while they were read"
              .formatted(name),
          e);
    }
  }

  private ColumnDescriptor column(MessageType schema, String... path) {
    if (!schema.containsPath(path)) {
      throw damaged("there is no column " + String.join(".", path));
    }
    return schema.getColumnDescription(path);
  }

  private static void skip(ColumnReader column, long numbers) {
    for (long i = 0; i < numbers; i++) {
      if (isThere(column)) {
        column.skip();
      }
      column.consume();
    }
  }

  private DataException damaged(String how) {
    return new DataException("the keys in %s are damaged: %s".formatted(fileName, how));
  }

  private void close() {
    try {
      if (file != null) {
        file.close();
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } finally {
      file = null;
      fileName = null;
    }
  }
}
