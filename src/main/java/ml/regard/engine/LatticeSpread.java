package ml.regard.engine;

import java.util.Iterator;
import java.util.List;
import ml.regard.kernel.KeyBlock;
import ml.regard.lattice.LatticePlan;
import ml.regard.lattice.LatticeState;
import org.apache.spark.api.java.JavaRDD;

/**
 * Spreads keys to the nodes of a lattice: each segment of keys by itself, and these partial
 * lattices are added along the {@link BlockTree}, so no bit depends on the number of tasks.
 */
final class LatticeSpread {
  private LatticeSpread() {}

  /**
   * The whole lattice, on the driver.
   *
   * @param blocks all blocks of the files in order, each partition with whole segments
   */
  static LatticeState of(JavaRDD<KeyBlock> blocks, KeyFiles files, LatticePlan plan) {
    return blocks
        .mapPartitions(some -> List.of(tree(some, files, plan)).iterator())
        .treeReduce(BlockTree::merge)
        .root()[0];
  }

  private static BlockTree<LatticeState> tree(
      Iterator<KeyBlock> blocks, KeyFiles files, LatticePlan plan) {
    BlockTree<LatticeState> tree = new BlockTree<>(files.numSegments());
    LatticeState state = null;
    while (blocks.hasNext()) {
      KeyBlock block = blocks.next();
      state = state == null ? new LatticeState(plan, files.valueCentre()) : state;
      state.add(block);
      if (files.endsSegment(block)) {
        tree.add(KeyRange.segment(block), new LatticeState[] {state});
        state = null;
      }
    }
    return tree;
  }
}
