package ml.regard.engine;

import java.util.Arrays;
import ml.regard.kernel.LeaveOneOut;
import ml.regard.kernel.LossSums;
import ml.regard.kernel.PackedKeys;
import ml.regard.kernel.PooledState;
import ml.regard.kernel.TrainingQueries;
import ml.regard.optim.LossRequest;

/**
 * Losses of rows that come in ascending order of their positions, from all blocks of {@link
 * PackedKeys#BLOCK_SIZE} positions or some consecutive ones: added row after row within a block,
 * and along the {@link BlockTree} over blocks. One sum for each candidate.
 */
final class PositionSums {
  private final int endBlock;
  private final LossRequest request;
  private final BlockTree<LossSums> tree;
  private LossSums[] open;
  private int block;

  /** Sums over the blocks first to end - 1 of numBlocks. */
  PositionSums(int firstBlock, int endBlock, int numBlocks, LossRequest request) {
    this.block = firstBlock;
    this.endBlock = endBlock;
    this.request = request;
    this.tree = new BlockTree<>(numBlocks);
    this.open = request.noSums();
  }

  /** Adds rows with the state of their queries for each candidate. */
  void add(TrainingQueries rows, PooledState[] states) {
    PooledState[] met = Arrays.stream(states).map(rows::met).toArray(PooledState[]::new);
    for (int i = 0; i < rows.size(); i++) {
      closeUntil(rows.position(i) / PackedKeys.BLOCK_SIZE);
      for (int c = 0; c < met.length; c++) {
        LeaveOneOut.add(rows, i, met[c], open[c]);
      }
    }
  }

  /** The tree with the sums of its blocks; nothing can be added afterwards. */
  BlockTree<LossSums> tree() {
    closeUntil(endBlock);
    return tree;
  }

  private void closeUntil(int next) {
    for (; block < next; block++) {
      tree.add(block, open);
      open = request.noSums();
    }
  }
}
