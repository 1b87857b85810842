package ml.regard.lattice;

import ml.regard.kernel.AttentionPooling;

/**
 * The loops of queries and sites, over a {@link Plane} of nodes: rows b of neighbours c with
 * numbers t. Implementations give the same bits: every number has sums of its own, nodes run in
 * order, and every product is fused with an addition.
 *
 * <pre>
 *   gather      sums_t = sum_b rows_b sum_c along_c nodes_bct
 *   scatter     nodes_bct += weight rows_b terms_ct
 * </pre>
 *
 * <p>They trust their arguments. Stateless and safe for many threads.
 */
abstract class RowSupport {
  /** Numbers of a node that is gathered are a multiple of this. */
  static final int STEP = 8;

  /** Of the kind that {@link AttentionPooling#support} has chosen. */
  static RowSupport pick() {
    return AttentionPooling.support().equals("simd") ? loadSimd() : new ScalarRows();
  }

  private static RowSupport loadSimd() {
    try {
      return Class.forName("ml.regard.lattice.SimdRows")
          .asSubclass(RowSupport.class)
          .getDeclaredConstructor()
          .newInstance();
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException("the support simd cannot be loaded", e);
    }
  }

  /**
   * Writes what is interpolated from a plane.
   *
   * @param sums {@code [width]}, a multiple of {@link #STEP}
   */
  abstract void gather(Plane plane, double[] sums);

  /**
   * Adds terms to a plane.
   *
   * @param terms {@code [nodes of a row x width]}
   */
  abstract void scatter(Plane plane, double weight, double[] terms);
}
