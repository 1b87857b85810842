package ml.regard.lattice;

import java.util.Arrays;

/**
 * The loops in plain Java. What is gathered is in registers, eight numbers at a time: as many sums
 * as keep two units for multiplication busy.
 */
final class ScalarRows extends RowSupport {
  @Override
  void gather(Plane plane, double[] sums) {
    Arrays.fill(sums, 0, plane.width, 0);
    for (int b = plane.firstRow; b < plane.endRow; b++) {
      int row = plane.base + b * plane.step;
      for (int t = 0; t < plane.width; t += STEP) {
        eight(plane, row + t, plane.rows[b], sums, t);
      }
    }
  }

  private static void eight(Plane plane, int row, double weight, double[] sums, int t) {
    double[] nodes = plane.nodes;
    double[] along = plane.along;
    int width = plane.width;
    int i = row + plane.first * width;
    double s0 = 0;
    double s1 = 0;
    double s2 = 0;
    double s3 = 0;
    double s4 = 0;
    double s5 = 0;
    double s6 = 0;
    double s7 = 0;
    for (int c = plane.first; c < plane.end; c++) {
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

  @Override
  void scatter(Plane plane, double weight, double[] terms) {
    double[] nodes = plane.nodes;
    for (int b = plane.firstRow; b < plane.endRow; b++) {
      int row = plane.base + b * plane.step;
      double w = weight * plane.rows[b];
      for (int i = plane.first * plane.width; i < plane.end * plane.width; i++) {
        nodes[row + i] = Math.fma(w, terms[i], nodes[row + i]);
      }
    }
  }
}
