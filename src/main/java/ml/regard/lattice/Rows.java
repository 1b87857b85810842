package ml.regard.lattice;

/**
 * The loop that queries spend their time in: over neighbouring nodes c of a row, and the numbers t
 * that each of them has,
 *
 * <pre>
 *   sum_t += weight sum_c along_c nodes_ct
 * </pre>
 *
 * <p>Eight numbers at a time are in registers: as many sums as keep two units for multiplication
 * busy.
 */
final class Rows {
  /** Numbers of a node are a multiple of this. */
  static final int STEP = 8;

  private Rows() {}

  /**
   * Adds a row, times its weight.
   *
   * @param nodes {@code [nodes x width]}
   * @param row where the numbers of the node of weight 0 are, or would be
   * @param from the first and the last weight but one
   */
  static void add(
      double[] nodes,
      int row,
      double[] along,
      int from,
      int to,
      double weight,
      int width,
      double[] sums) {
    for (int t = 0; t < width; t += STEP) {
      double s0 = 0;
      double s1 = 0;
      double s2 = 0;
      double s3 = 0;
      double s4 = 0;
      double s5 = 0;
      double s6 = 0;
      double s7 = 0;
      int i = row + from * width + t;
      for (int c = from; c < to; c++) {
        double w = along[c];
        s0 = Math.fma(w, nodes[i], s0);
        s1 = Math.fma(w, nodes[i + 1], s1);
        s2 = Math.fma(w, nodes[i + 2], s2);
        s3 = Math.fma(w, nodes[i + 3], s3);
        s4 = Math.fma(w, nodes[i + 4], s4);
        s5 = Math.fma(w, nodes[i + 5], s5);
        s6 = Math.fma(w, nodes[i + 6], s6);
        s7 = Math.fma(w, nodes[i + 7], s7);
        i += width;
      }
      sums[t] = Math.fma(weight, s0, sums[t]);
      sums[t + 1] = Math.fma(weight, s1, sums[t + 1]);
      sums[t + 2] = Math.fma(weight, s2, sums[t + 2]);
      sums[t + 3] = Math.fma(weight, s3, sums[t + 3]);
      sums[t + 4] = Math.fma(weight, s4, sums[t + 4]);
      sums[t + 5] = Math.fma(weight, s5, sums[t + 5]);
      sums[t + 6] = Math.fma(weight, s6, sums[t + 6]);
      sums[t + 7] = Math.fma(weight, s7, sums[t + 7]);
    }
  }
}
