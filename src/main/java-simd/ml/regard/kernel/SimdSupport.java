package ml.regard.kernel;

import jdk.incubator.vector.DoubleVector;
import jdk.incubator.vector.VectorSpecies;

/** The place of the loops in the Vector API: for now the scalar ones, under the name "simd". */
final class SimdSupport implements PoolingSupport {
  /** Fails where the module of the Vector API is not there. */
  static final VectorSpecies<Double> SPECIES = DoubleVector.SPECIES_PREFERRED;

  private final PoolingSupport loops = new ScalarSupport();

  @Override
  public String name() {
    return "simd";
  }

  @Override
  public void accumulate(
      KeyBlock keys, QueryBlock queries, double[] inverseWidths, PooledState state) {
    loops.accumulate(keys, queries, inverseWidths, state);
  }

  @Override
  public double logits(
      KeyBlock keys, QueryBlock queries, int i, double[] inverseWidths, double[] logits) {
    return loops.logits(keys, queries, i, inverseWidths, logits);
  }
}
