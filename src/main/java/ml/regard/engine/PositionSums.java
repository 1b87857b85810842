package ml.regard.engine;

import ml.regard.kernel.LeaveOneOut;
import ml.regard.kernel.LossSums;
import ml.regard.kernel.PackedKeys;
import ml.regard.kernel.PooledState;
import ml.regard.kernel.Terms;
import ml.regard.kernel.TrainingQueries;

/**
 * Losses of rows that come in ascending order of their positions: added row after row within a
 * block of {@link PackedKeys#BLOCK_SIZE} positions, and along the {@link BlockTree} over blocks, as
 * the broadcast engine does. One sum for each candidate.
 */
final class PositionSums {
  private final int numBlocks;
  private final double[][] candidates;
  private final Terms terms;
  private final BlockTree<LossSums> tree;
  private LossSums[] open;
  private int block;

  PositionSums(int numRows, double[][] candidates, Terms terms) {
    this.numBlocks = (numRows + PackedKeys.BLOCK_SIZE - 1) / PackedKeys.BLOCK_SIZE;
    this.candidates = candidates;
    this.terms = terms;
    this.tree = new BlockTree<>(numBlocks);
    this.open = empty();
  }

  /** Adds rows with the state of each candidate. */
  void add(TrainingQueries rows, PooledState[] states) {
    for (int i = 0; i < rows.size(); i++) {
      closeUntil(rows.position(i) / PackedKeys.BLOCK_SIZE);
      for (int c = 0; c < candidates.length; c++) {
        LeaveOneOut.add(rows, i, states[c], candidates[c], open[c]);
      }
    }
  }

  /** The sums over all blocks; nothing can be added afterwards. */
  LossSums[] root() {
    closeUntil(numBlocks);
    return tree.root();
  }

  private void closeUntil(int next) {
    for (; block < next; block++) {
      tree.add(block, open);
      open = empty();
    }
  }

  private LossSums[] empty() {
    LossSums[] sums = new LossSums[candidates.length];
    for (int c = 0; c < sums.length; c++) {
      sums[c] = new LossSums(terms == Terms.WIDTHS ? candidates[c].length : 0);
    }
    return sums;
  }
}
