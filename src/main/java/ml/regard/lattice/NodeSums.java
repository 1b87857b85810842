package ml.regard.lattice;

import java.io.Serializable;

/** The sums over all sites at the nodes. Immutable; safe for many threads. */
public interface NodeSums extends Serializable {
  /**
   * The answers to some queries, each without what it leaves out at its own place. What is left out
   * must have been added as sites with exactly these features, in however many parts.
   *
   * @param queries a row each {@code [m x (d + 3)]}: features and, over the keys that are left out,
   *     sum c, sum c (v - centre) and sum c (v - centre)^2; zeros leave nothing out
   */
  NodeAnswers answers(double[] queries);
}
