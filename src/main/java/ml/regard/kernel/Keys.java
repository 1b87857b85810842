package ml.regard.kernel;

import java.util.Iterator;
import java.util.List;
import java.util.function.Predicate;

/**
 * Keys with their values and weights, to be read block by block in canonical order: all in memory
 * ({@link PackedKeys}), or read as they are asked for.
 *
 * <p>Every block but the last holds {@link PackedKeys#BLOCK_SIZE} keys, and the first position of
 * each is a multiple of it. So the sums of a query have the same bits wherever the keys come from.
 */
public interface Keys {
  /** Number of features d. */
  int dim();

  /** Number of keys n. */
  int numKeys();

  /**
   * What values are centred by in every sum: the weighted mean of the values of all keys of the
   * model, also where these are a part of them. NaN when there are none.
   */
  double valueCentre();

  /** What is known of each block without reading it, in their order; none where nothing is. */
  default List<BlockSummary> summaries() {
    return List.of();
  }

  /**
   * The standard deviation of the values as a share of their range, by which a tolerance in units
   * of the former becomes one in units of the latter; 0 where it is not known.
   */
  default double valueShare() {
    return BlockSummary.valueShare(summaries());
  }

  /** The standard deviation of the values, the unit of a tolerance; NaN where it is not known. */
  default double valueDeviation() {
    return BlockSummary.valueDeviation(summaries());
  }

  /** How many values a key has beside the first. */
  default int numOthers() {
    return 0;
  }

  /**
   * How many keys have the features of another key, where all are of one fold.
   *
   * @param alike whether their values must be equal too
   */
  default long tiedKeys(boolean alike) {
    return BlockSummary.tiedKeys(summaries(), alike, position -> false);
  }

  /** Which of them a query may attend to: all, as a rule. */
  default AttentionMask mask() {
    return AttentionMask.none(numKeys());
  }

  /** A hash of all keys with their positions, to the last bit; 0 where it is not known. */
  default long contentHash() {
    return summaries().stream().mapToLong(BlockSummary::contentHash).sum();
  }

  /** Where a point {@code [d]} is in the order of the keys; 0 where keys are not in space order. */
  default long code(double[] point) {
    return 0;
  }

  /** The blocks in the order of their positions, read once. */
  Iterator<KeyBlock> blocks();

  /** The same blocks, but perhaps without some that are not wanted: those that cost a reading. */
  default Iterator<KeyBlock> blocks(Predicate<BlockSummary> wanted) {
    return blocks();
  }
}
