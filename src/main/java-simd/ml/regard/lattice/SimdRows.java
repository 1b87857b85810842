package ml.regard.lattice;

import jdk.incubator.vector.DoubleVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * The loops with the Vector API: as many numbers at a time as a vector of this processor has lanes,
 * each loop the twin of {@link ScalarRows}'s.
 */
final class SimdRows extends RowSupport {
  private static final VectorSpecies<Double> LANE = species();
  private static final int LANES = LANE.length();

  private static VectorSpecies<Double> species() {
    VectorSpecies<Double> preferred = DoubleVector.SPECIES_PREFERRED;
    return preferred.length() <= STEP ? preferred : DoubleVector.SPECIES_512;
  }

  /** Made by name, where the module is there. */
  SimdRows() {}

  @Override
  void gather(Plane plane, double[] sums) {
    int t = 0;
    for (; t + 2 * LANES <= plane.width; t += 2 * LANES) {
      two(plane, sums, t);
    }
    if (t < plane.width) {
      one(plane, sums, t);
    }
  }

  private static void one(Plane plane, double[] sums, int t) {
    double[] nodes = plane.nodes;
    double[] along = plane.along;
    int width = plane.width;
    DoubleVector sum = DoubleVector.zero(LANE);
    for (int b = plane.firstRow; b < plane.endRow; b++) {
      int row = plane.base + b * plane.step + t;
      DoubleVector part = DoubleVector.zero(LANE);
      for (int c = plane.first; c < plane.end; c++) {
        DoubleVector w = DoubleVector.broadcast(LANE, along[c]);
        part = w.fma(read(nodes, row + c * width), part);
      }
      sum = DoubleVector.broadcast(LANE, plane.rows[b]).fma(part, sum);
    }
    sum.intoArray(sums, t);
  }

  private static void two(Plane plane, double[] sums, int t) {
    double[] nodes = plane.nodes;
    double[] along = plane.along;
    int width = plane.width;
    DoubleVector sum0 = DoubleVector.zero(LANE);
    DoubleVector sum1 = DoubleVector.zero(LANE);
    for (int b = plane.firstRow; b < plane.endRow; b++) {
      int row = plane.base + b * plane.step + t;
      DoubleVector part0 = DoubleVector.zero(LANE);
      DoubleVector part1 = DoubleVector.zero(LANE);
      for (int c = plane.first; c < plane.end; c++) {
        DoubleVector w = DoubleVector.broadcast(LANE, along[c]);
        part0 = w.fma(read(nodes, row + c * width), part0);
        part1 = w.fma(read(nodes, row + c * width + LANES), part1);
      }
      DoubleVector of = DoubleVector.broadcast(LANE, plane.rows[b]);
      sum0 = of.fma(part0, sum0);
      sum1 = of.fma(part1, sum1);
    }
    sum0.intoArray(sums, t);
    sum1.intoArray(sums, t + LANES);
  }

  @Override
  void scatter(Plane plane, double weight, double[] terms) {
    double[] nodes = plane.nodes;
    int end = plane.end * plane.width;
    for (int b = plane.firstRow; b < plane.endRow; b++) {
      int row = plane.base + b * plane.step;
      double w = weight * plane.rows[b];
      DoubleVector of = DoubleVector.broadcast(LANE, w);
      int i = plane.first * plane.width;
      for (; i + LANES <= end; i += LANES) {
        of.fma(read(terms, i), read(nodes, row + i)).intoArray(nodes, row + i);
      }
      for (; i < end; i++) {
        nodes[row + i] = Math.fma(w, terms[i], nodes[row + i]);
      }
    }
  }

  private static DoubleVector read(double[] from, int at) {
    return DoubleVector.fromArray(LANE, from, at);
  }
}
