package ml.regard.engine;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.function.Predicate;
import ml.regard.kernel.BlockSummary;
import ml.regard.kernel.KeyBlock;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.storage.StorageLevel;

/** The part of the keys that one task visits: a {@link KeyRange} of {@link KeyFiles}. */
interface KeyPart extends Serializable {
  KeyRange range();

  /** The wanted blocks, in order. */
  Iterator<KeyBlock> blocks(Predicate<BlockSummary> wanted);

  /** All blocks, in order. */
  default Iterator<KeyBlock> blocks() {
    return blocks(block -> true);
  }

  /** All keys in about so many parts, each read whenever it is visited. */
  static JavaRDD<KeyPart> inFiles(JavaSparkContext spark, KeyFiles files, int parts) {
    List<KeyRange> ranges = KeyRange.split(0, files.numKeys(), parts);
    return spark
        .parallelize(ranges, Math.max(1, ranges.size()))
        .map(range -> new InFiles(files, range));
  }

  /**
   * The same, read once and kept on the executors, in memory or where that is short on disk; the
   * caller unpersists it.
   */
  static JavaRDD<KeyPart> kept(JavaSparkContext spark, KeyFiles files, int parts) {
    return inFiles(spark, files, parts)
        .<KeyPart>map(Kept::new)
        .persist(StorageLevel.MEMORY_AND_DISK());
  }

  /** A part that is read when it is visited. */
  final class InFiles implements KeyPart {
    private static final long serialVersionUID = 1;

    private final KeyFiles files;
    private final KeyRange range;

    InFiles(KeyFiles files, KeyRange range) {
      this.files = files;
      this.range = range;
    }

    @Override
    public KeyRange range() {
      return range;
    }

    @Override
    public Iterator<KeyBlock> blocks(Predicate<BlockSummary> wanted) {
      return range.blocks(files, wanted);
    }
  }

  /** A part in memory. */
  final class Kept implements KeyPart {
    private static final long serialVersionUID = 1;

    private final KeyRange range;
    private final List<KeyBlock> keys = new ArrayList<>();

    Kept(KeyPart part) {
      range = part.range();
      part.blocks().forEachRemaining(keys::add);
    }

    @Override
    public KeyRange range() {
      return range;
    }

    @Override
    public Iterator<KeyBlock> blocks(Predicate<BlockSummary> wanted) {
      return keys.stream().filter(block -> wanted.test(block.summary())).iterator();
    }
  }
}
