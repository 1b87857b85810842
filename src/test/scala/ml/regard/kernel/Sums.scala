package ml.regard.kernel

/** What states keep to their package. */
object Sums {

  /** The pooled value minus the centre, its first and then its second derivatives by log widths. */
  def derivatives(state: PooledState, query: Int): Array[Double] = {
    val first = Array.tabulate(state.numWidths)(state.byLogWidth(query, _))
    state.centred(query) +: (first ++ state.secondByLogWidths(query))
  }
}
