package ml.regard.engine;

import java.util.Iterator;
import ml.regard.kernel.KeyBlock;
import ml.regard.lattice.NodePlan;
import ml.regard.lattice.NodeState;
import org.apache.spark.api.java.JavaRDD;

/**
 * Spreads keys to the nodes of a lattice: each segment of keys by itself, and these partial
 * lattices are added along the {@link BlockTree}, so no bit depends on the number of tasks.
 */
final class LatticeSpread {
  private LatticeSpread() {}

  /** The whole lattice, on the driver. */
  static NodeState of(JavaRDD<KeyPart> parts, KeyFiles files, NodePlan plan) {
    return parts
        .map(part -> tree(part.blocks(), files, plan))
        .treeReduce(BlockTree::merge)
        .root()[0];
  }

  private static BlockTree<NodeState> tree(
      Iterator<KeyBlock> blocks, KeyFiles files, NodePlan plan) {
    BlockTree<NodeState> tree = new BlockTree<>(files.numSegments());
    NodeState state = null;
    while (blocks.hasNext()) {
      KeyBlock block = blocks.next();
      state = state == null ? plan.noSites(files.valueCentre()) : state;
      state.add(block);
      if (files.endsSegment(block)) {
        tree.add(KeyRange.segment(block), new NodeState[] {state});
        state = null;
      }
    }
    return tree;
  }
}
