package ml.regard.engine;

import java.util.Iterator;
import java.util.List;
import java.util.function.Predicate;
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
  public long code(double[] point) {
    return keys.code(point);
  }

  @Override
  public Iterator<KeyBlock> blocks() {
    return beside(keys.blocks());
  }

  @Override
  public Iterator<KeyBlock> blocks(Predicate<BlockSummary> wanted) {
    return beside(keys.blocks(wanted));
  }

  /** These blocks with the further values. */
  Iterator<KeyBlock> beside(Iterator<KeyBlock> blocks) {
    return new Iterator<>() {
      @Override
      public boolean hasNext() {
        return blocks.hasNext();
      }

      @Override
      public KeyBlock next() {
        return further.beside(blocks.next());
      }
    };
  }
}
