package ml.regard.kernel;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.function.IntPredicate;

/**
 * All keys {@code [numKeys x dim]} with their values and importance weights, in canonical order and
 * cut into blocks of {@link #BLOCK_SIZE}.
 *
 * <p>The canonical order is the total order by (group, time, fold, place on a space-filling curve,
 * features, value, weight, id), so the packed form depends on the set of rows and not on the order
 * in which they arrived, and the keys of a block are near each other; the <em>position</em> of a
 * key is its index in it, and identifies a training row in leave-one-out. Features, values and
 * weights are kept as given. Immutable; safe for many threads; made by {@link KeyPacker}.
 *
 * <p>Memory: at most 8 dim + 36 bytes a key, and its id where it has one.
 */
public final class PackedKeys implements Keys, Serializable {
  private static final long serialVersionUID = 1;

  /** Keys per block, and positions per block of a leave-one-out sum. */
  public static final int BLOCK_SIZE = 1024;

  private final int dim;
  private final int numKeys;
  private final double valueCentre;
  private final KeyBlock[] blocks;
  private final int[] foldStarts;
  private final AttentionMask mask;
  private final SpaceOrder order;
  private final List<BlockSummary> summaries;

  /**
   * Keys in canonical order.
   *
   * @param foldStarts the positions at which runs of equal group, time and fold begin, ascending
   *     from 0
   */
  PackedKeys(
      int dim,
      int numKeys,
      KeyBlock[] blocks,
      int[] foldStarts,
      AttentionMask mask,
      double valueCentre,
      SpaceOrder order) {
    this.dim = dim;
    this.numKeys = numKeys;
    this.blocks = blocks;
    this.foldStarts = foldStarts;
    this.mask = mask;
    this.valueCentre = valueCentre;
    this.order = order;
    // Kryo does not know the lists of streams.
    this.summaries = new ArrayList<>(Arrays.stream(blocks).map(KeyBlock::summary).toList());
  }

  /** Number of features d. */
  @Override
  public int dim() {
    return dim;
  }

  /** Number of keys n: training rows with positive weight. */
  @Override
  public int numKeys() {
    return numKeys;
  }

  /** Number of blocks, ceil(n / {@link #BLOCK_SIZE}). */
  public int numBlocks() {
    return blocks.length;
  }

  /**
   * The weighted mean of the values, sum c v / sum c: what average pooling predicts for every
   * query. NaN when there are no keys.
   */
  @Override
  public double valueCentre() {
    return valueCentre;
  }

  @Override
  public List<BlockSummary> summaries() {
    return summaries;
  }

  /**
   * The same keys with further values beside the first: they are pooled with the same attention
   * ({@link PooledState#pooled(int, int)}) for one multiplication each. A tolerance is in units of
   * the deviation of the first value, also for these.
   *
   * @param others {@code [others x numKeys]}, by position
   * @throws IllegalArgumentException if a length differs or a value is not {@link Checks#usable}
   */
  public PackedKeys with(double[][] others) {
    for (double[] values : others) {
      Checks.length("a further value", numKeys, values.length);
      for (double value : values) {
        Checks.requireUsable("value", value);
      }
    }
    KeyBlock[] blocks = new KeyBlock[this.blocks.length];
    for (int b = 0; b < blocks.length; b++) {
      int first = b * BLOCK_SIZE;
      int end = first + this.blocks[b].size();
      blocks[b] =
          this.blocks[b].with(
              Arrays.stream(others)
                  .map(values -> Arrays.copyOfRange(values, first, end))
                  .toArray(double[][]::new));
    }
    return new PackedKeys(dim, numKeys, blocks, foldStarts, mask, valueCentre, order);
  }

  @Override
  public int numOthers() {
    return blocks.length == 0 ? 0 : blocks[0].others.length;
  }

  @Override
  public long code(double[] point) {
    return order.code(point);
  }

  /** Feature f of the key at a position. */
  public double feature(int position, int f) {
    KeyBlock block = blockOf(position);
    return block.feature(position - block.firstPosition, f);
  }

  /** The value of the key at a position. */
  public double value(int position) {
    KeyBlock block = blockOf(position);
    return block.values[position - block.firstPosition];
  }

  /** The importance weight of the key at a position, &gt; 0. */
  public double weight(int position) {
    KeyBlock block = blockOf(position);
    return block.weights[position - block.firstPosition];
  }

  /** What the user calls the key at a position; null where that is not known. */
  public String id(int position) {
    KeyBlock block = blockOf(position);
    return block.id(position - block.firstPosition);
  }

  /** Number of sites: keys with equal features, of one fold and one block, are one. */
  public int numSites() {
    return Arrays.stream(blocks).mapToInt(KeyBlock::sites).sum();
  }

  /** Whether folds part rows that would else be neighbours. */
  public boolean isFolded() {
    return foldStarts.length > mask.numRuns();
  }

  @Override
  public AttentionMask mask() {
    return mask;
  }

  @Override
  public long tiedKeys(boolean alike) {
    return BlockSummary.tiedKeys(summaries, alike, mask::beginsRun);
  }

  @Override
  public long contentHash() {
    return Keys.super.contentHash() + mask.contentHash();
  }

  /** The same rows in one fold. */
  public PackedKeys withoutFolds() {
    return new KeyPacker(dim).addAll(rows(position -> true)).pack();
  }

  /** By position among {@link #withoutFolds}, the position that each key has here. */
  public int[] orderWithoutFolds() {
    return new KeyPacker(dim).addAll(rows(position -> true)).order();
  }

  /** Those earlier than a time, in the order that they have here, without folds. */
  public PackedKeys before(long time) {
    return new KeyPacker(dim).addAll(rows(position -> mask.time(position) < time)).pack(order);
  }

  /** The keys of group g as keys on their own, without a group. */
  public PackedKeys group(int g) {
    RowChunk rows = new RowChunk(dim);
    for (int position = mask.groupFirst(g); position < mask.groupEnd(g); position++) {
      KeyBlock block = blockOf(position);
      int j = position - block.firstPosition;
      RowTags tags = new RowTags(0, block.id(j), null, mask.time(position));
      rows.add(block.key(j), block.values[j], block.weights[j], tags);
    }
    return new KeyPacker(dim).addAll(rows).pack();
  }

  /** By position, that of each key among those {@link #before} a time; negative for the others. */
  public int[] orderBefore(long time) {
    int[] order = new int[numKeys];
    int next = 0;
    for (int position = 0; position < numKeys; position++) {
      order[position] = mask.time(position) < time ? next++ : -1;
    }
    return order;
  }

  private RowChunk rows(IntPredicate wanted) {
    RowChunk rows = new RowChunk(dim);
    for (KeyBlock block : blocks) {
      for (int j = 0; j < block.size(); j++) {
        int position = block.firstPosition + j;
        if (wanted.test(position)) {
          RowTags tags = mask.tags(position, block.id(j));
          rows.add(block.key(j), block.values[j], block.weights[j], tags);
        }
      }
    }
    return rows;
  }

  /** The first position that the row at a position leaves out. */
  int leftOutFirst(int position, LeaveOut leaveOut) {
    return switch (leaveOut) {
      case TIES -> tiesFirst(position);
      case FOLD -> foldStarts[fold(position)];
      case ROW, NONE -> position;
    };
  }

  /** The position behind the last one that the row at a position leaves out. */
  int leftOutEnd(int position, LeaveOut leaveOut) {
    switch (leaveOut) {
      case TIES:
        return tiesEnd(position);
      case FOLD:
        int next = fold(position) + 1;
        return next < foldStarts.length ? foldStarts[next] : numKeys;
      case ROW:
        return position + 1;
      default:
        return position;
    }
  }

  /**
   * The first of the neighbours with equal features, site by site: of other blocks and folds too.
   */
  private int tiesFirst(int position) {
    int first = siteFirst(position);
    while (first > 0 && !mask.beginsRun(first) && tied(first - 1, first)) {
      first = siteFirst(first - 1);
    }
    return first;
  }

  private int tiesEnd(int position) {
    int end = siteEnd(position);
    while (end < numKeys && !mask.beginsRun(end) && tied(end, end - 1)) {
      end = siteEnd(end);
    }
    return end;
  }

  private int siteFirst(int position) {
    KeyBlock block = blockOf(position);
    return block.firstPosition + block.starts[block.site(position - block.firstPosition)];
  }

  private int siteEnd(int position) {
    KeyBlock block = blockOf(position);
    return block.firstPosition + block.starts[block.site(position - block.firstPosition) + 1];
  }

  private boolean tied(int position, int other) {
    for (int f = 0; f < dim; f++) {
      if (feature(position, f) != feature(other, f)) {
        return false;
      }
    }
    return true;
  }

  private int fold(int position) {
    int found = Arrays.binarySearch(foldStarts, position);
    return found >= 0 ? found : -found - 2;
  }

  /** Block b, which begins at position b {@link #BLOCK_SIZE}. */
  public KeyBlock block(int b) {
    return blocks[b];
  }

  @Override
  public Iterator<KeyBlock> blocks() {
    return Arrays.asList(blocks).iterator();
  }

  private KeyBlock blockOf(int position) {
    if (position < 0 || position >= numKeys) {
      throw new IndexOutOfBoundsException(
          "position must be in [0, %d), but was %d".formatted(numKeys, position));
    }
    return blocks[position / BLOCK_SIZE];
  }
}
