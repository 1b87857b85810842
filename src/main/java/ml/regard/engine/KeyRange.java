package ml.regard.engine;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.function.Predicate;
import ml.regard.kernel.BlockSummary;
import ml.regard.kernel.KeyBlock;

/** Consecutive segments of {@link KeyFiles}, the part of the keys that one task visits. */
final class KeyRange implements Serializable {
  private static final long serialVersionUID = 1;

  private final int first;
  private final int end;

  private KeyRange(int first, int end) {
    this.first = first;
    this.end = end;
  }

  /** All segments that hold one of the positions from to to - 1, in at most so many ranges. */
  static List<KeyRange> split(long from, long to, int parts) {
    int first = (int) (from / KeyFiles.SEGMENT_SIZE);
    int end = (int) ((to + KeyFiles.SEGMENT_SIZE - 1) / KeyFiles.SEGMENT_SIZE);
    int ranges = Math.min(parts, end - first);
    List<KeyRange> split = new ArrayList<>(ranges);
    for (int r = 0; r < ranges; r++) {
      split.add(new KeyRange(bound(first, end, r, ranges), bound(first, end, r + 1, ranges)));
    }
    return split;
  }

  private static int bound(int first, int end, int r, int ranges) {
    return first + (int) ((long) (end - first) * r / ranges);
  }

  /** Its first segment. */
  int first() {
    return first;
  }

  /** The segment behind its last one. */
  int end() {
    return end;
  }

  Iterator<KeyBlock> blocks(KeyFiles files, Predicate<BlockSummary> wanted) {
    return files.blocks(first, end, wanted);
  }

  static int segment(KeyBlock block) {
    return block.firstPosition() / KeyFiles.SEGMENT_SIZE;
  }
}
