package ml.regard.engine;

import java.util.Iterator;
import java.util.List;
import java.util.Spliterator;
import java.util.Spliterators;
import java.util.function.Predicate;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import ml.regard.kernel.AttentionMask;
import ml.regard.kernel.BlockSummary;
import ml.regard.kernel.KeyBlock;
import ml.regard.kernel.Keys;

/** Keys with further values, which each block gets when it is read. */
final class KeysBeside implements Keys {
  private final Keys keys;
  private final Beside further;

  KeysBeside(Keys keys, Beside further) {
    this.keys = keys;
    this.further = further;
  }

  @Override
  public int dim() {
    return keys.dim();
  }

  @Override
  public int numKeys() {
    return keys.numKeys();
  }

  @Override
  public double valueCentre() {
    return keys.valueCentre();
  }

  @Override
  public List<BlockSummary> summaries() {
    return keys.summaries();
  }

  @Override
  public int numOthers() {
    return further.numOthers();
  }

  @Override
  public AttentionMask mask() {
    return keys.mask();
  }

  @Override
  public long code(double[] point) {
    return keys.code(point);
  }

  @Override
  public Iterator<KeyBlock> blocks() {
    return beside(keys.blocks());
  }

  /** Only blocks that are wanted get further values, wherever they come from. */
  @Override
  public Iterator<KeyBlock> blocks(Predicate<BlockSummary> wanted) {
    return stream(keys.blocks(wanted))
        .filter(block -> wanted.test(block.summary()))
        .map(further::beside)
        .iterator();
  }

  /** These blocks with the further values. */
  Iterator<KeyBlock> beside(Iterator<KeyBlock> blocks) {
    return stream(blocks).map(further::beside).iterator();
  }

  private static Stream<KeyBlock> stream(Iterator<KeyBlock> blocks) {
    return StreamSupport.stream(
        Spliterators.spliteratorUnknownSize(blocks, Spliterator.ORDERED), false);
  }
}
