package ml.regard.lattice;

import ml.regard.kernel.PooledState;

/**
 * The sums of a block of queries as nodes have them. Exact sums must answer for those that are not
 * {@link #certified}. Immutable; safe for many threads.
 */
public interface NodeAnswers {
  /**
   * The sums as a near state. Those of queries that are not certified are of no use, and may have
   * any sign.
   */
  PooledState state();

  /**
   * Whether the pooled value of query i is certain to be within the plan's tolerance.
   *
   * @param ownWeight sum c over keys at the place of the query that are added to its sums ({@link
   *     ml.regard.kernel.TrainingQueries#met}), 0 without
   * @param ownValue sum c (v - centre) over them
   */
  boolean certified(int i, double ownWeight, double ownValue);

  /** By how much the pooled value of query i may be off; infinite where nothing is certain. */
  double errorBound(int i);
}
