package ml.regard.lattice;

import java.io.Serializable;
import java.util.List;
import ml.regard.kernel.KeyBlock;
import ml.regard.kernel.Mergeable;

/**
 * The sites met so far, added up at nodes. {@link #add} blocks of keys, {@link #merge} the states
 * of other blocks, then ask for the {@link #sums}. The order of both is the caller's; a fixed order
 * gives fixed bits. Not safe for many threads.
 */
public interface NodeState extends Mergeable<NodeState>, Serializable {
  /** Adds the sites of a block of keys. */
  NodeState add(KeyBlock block);

  /** Whether more sites or nodes came than are kept: there are no sums. */
  boolean overflowed();

  /** Whether its sites lie on the same nodes at all widths, so that it is worth keeping. */
  default boolean fixed() {
    return false;
  }

  /** What is held, or why there are no sums, with the numbers. */
  String sentence();

  /**
   * The sums over all sites at the nodes.
   *
   * @throws IllegalStateException if it has overflowed
   */
  NodeSums sums();

  /**
   * All of it as rows that {@link NodeTable#state} makes a state of again.
   *
   * @throws IllegalStateException unless the terms are VALUE, or if it has overflowed
   */
  List<NodeRow> rows();
}
