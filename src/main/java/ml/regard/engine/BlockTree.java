package ml.regard.engine;

import java.io.Serializable;
import java.util.HashMap;
import java.util.Map;
import ml.regard.kernel.Mergeable;

/**
 * Sums over blocks of rows or keys, added along a fixed binary tree over the block numbers whatever
 * the order in which blocks arrive.
 *
 * <p>Node (level l, index i) covers the blocks [i 2^l, (i + 1) 2^l). Invariant: the map never holds
 * both children of a node; as soon as two siblings meet they are added, left to right, and become
 * their parent. A node without a right sibling rises as it is. So additions happen between the same
 * operands in every run, and the root has the same bits.
 *
 * <p>{@link #add} each block once, {@link #merge} trees over other blocks, then {@link #root}.
 * Holds at most O(log blocks) nodes when blocks come in order. A node has several sums side by
 * side, as many as the blocks have.
 */
final class BlockTree<S extends Mergeable<S>> implements Serializable {
  private static final long serialVersionUID = 1;

  private final int numBlocks;
  private final Map<Long, S[]> nodes = new HashMap<>();

  BlockTree(int numBlocks) {
    this.numBlocks = numBlocks;
  }

  BlockTree<S> add(int block, S[] sums) {
    insert(0, block, sums);
    return this;
  }

  BlockTree<S> merge(BlockTree<S> other) {
    other.nodes.forEach((node, sums) -> insert(level(node), index(node), sums));
    return this;
  }

  /** The sums over all blocks; throws when blocks are missing. */
  S[] root() {
    S[] root = nodes.get(node(rootLevel(), 0));
    if (root == null) {
      throw new IllegalStateException("blocks are missing from the tree of " + numBlocks);
    }
    return root;
  }

  private void insert(int level, int index, S[] sums) {
    if (level == rootLevel()) {
      put(level, index, sums);
      return;
    }
    int sibling = index ^ 1;
    boolean siblingExists = (long) sibling << level < numBlocks;
    if (!siblingExists) {
      insert(level + 1, index >> 1, sums);
      return;
    }
    S[] other = nodes.remove(node(level, sibling));
    if (other == null) {
      put(level, index, sums);
    } else {
      insert(level + 1, index >> 1, sibling < index ? added(other, sums) : added(sums, other));
    }
  }

  private void put(int level, int index, S[] sums) {
    if (nodes.put(node(level, index), sums) != null) {
      throw new IllegalStateException(
          "node (%d, %d) of the tree was added twice".formatted(level, index));
    }
  }

  private S[] added(S[] left, S[] right) {
    for (int c = 0; c < left.length; c++) {
      left[c] = left[c].merge(right[c]);
    }
    return left;
  }

  private int rootLevel() {
    return 32 - Integer.numberOfLeadingZeros(numBlocks - 1); // 0 for one block
  }

  private static long node(int level, int index) {
    return (long) level << 32 | index;
  }

  private static int level(long node) {
    return (int) (node >>> 32);
  }

  private static int index(long node) {
    return (int) node;
  }
}
