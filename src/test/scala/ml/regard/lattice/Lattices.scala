package ml.regard.lattice

import _root_.ml.regard.kernel.{PackedKeys, Terms}

/** Lattices over keys in memory, in short. */
object Lattices {
  def plan(
      box: Array[Array[Double]],
      inverseWidths: Array[Double],
      terms: Terms = Terms.CURVATURE,
      tolerance: Double = 1e-6,
      budget: Long = 1L << 24
  ): LatticePlan =
    LatticePlan.of(box, inverseWidths, terms, tolerance, 1000, 1000, budget)

  def state(plan: LatticePlan, keys: PackedKeys): LatticeState = {
    val state = new LatticeState(plan, keys.valueCentre)
    keys.blocks.forEachRemaining(state.add(_))
    state
  }

  /** Queries that leave nothing out, as rows. */
  def rows(queries: Array[Array[Double]]): Array[Double] =
    queries.flatMap(_ ++ Array(0.0, 0.0, 0.0))
}
