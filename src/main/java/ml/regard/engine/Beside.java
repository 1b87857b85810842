package ml.regard.engine;

import java.io.Serializable;
import ml.regard.kernel.KeyBlock;

/** Further values beside those of keys, by their positions, which tasks put there as they read. */
interface Beside extends Serializable {
  /** How many each key has. */
  int numOthers();

  /** The keys of a block with them. */
  KeyBlock beside(KeyBlock block);

  /** No further values. */
  enum None implements Beside {
    NONE;

    @Override
    public int numOthers() {
      return 0;
    }

    @Override
    public KeyBlock beside(KeyBlock block) {
      return block;
    }
  }
}
