package ml.regard.lattice;

import java.io.Serializable;
import java.util.Optional;

/**
 * A way to have the sums of all queries without their pairs, for given widths: by way of nodes, on
 * a regular lattice ({@link LatticePlan}) or where features have few values ({@link
 * ValueGridPlan}). Immutable; safe for many threads.
 */
public interface NodePlan extends Serializable {
  /** Whether there are no nodes. */
  boolean declined();

  /** What was chosen, or why nothing was, with the numbers. */
  String sentence();

  /** Multiplications, as counted. */
  double cost();

  /**
   * The state before any site.
   *
   * @param valueCentre what values are centred by, that of the keys
   * @throws IllegalStateException if the plan has declined
   */
  NodeState noSites(double valueCentre);

  /**
   * The sites of a state that was formed for other widths, where they lie on the same nodes and
   * need not be added anew; empty where they do not. The bits are those of adding them again.
   */
  default Optional<NodeState> again(NodeState earlier) {
    return Optional.empty();
  }
}
