package ml.regard.kernel;

/**
 * The loop over pairs of query and key. Implementations give the same bits: lanes are queries, keys
 * run in order, one accumulator per lane and sum. They trust their arguments; the door is {@link
 * AttentionPooling}. Stateless and safe for many threads.
 */
interface PoolingSupport {
  /** "scalar" or "simd", as manifests and benchmarks report it. */
  String name();

  /**
   * Adds one block of keys to the states of a block of queries, leaving out each query's own row.
   *
   * @param inverseWidths length 1 (shared) or dim
   */
  void accumulate(KeyBlock keys, QueryBlock queries, double[] inverseWidths, PooledState state);

  /**
   * The attention logits of query i over one block of keys, -infinity for its own row; returns
   * their maximum.
   */
  double logits(KeyBlock keys, QueryBlock queries, int i, double[] inverseWidths, double[] logits);
}
