package ml.regard.lattice;

import java.util.Arrays;

/**
 * The sums over all sites at every node of a lattice, ready to be interpolated at queries.
 *
 * <p>The numbers of a node are next to each other: sums of c and of c v by target, then the broad
 * sums of c, c v and c v^2, then zeros up to a multiple of {@link RowSupport#STEP}. Memory: 8 bytes
 * for each node and number. Immutable; safe for many threads.
 */
public final class LatticeSums implements NodeSums {
  private static final long serialVersionUID = 1;

  /** What a query has beside the numbers of a node: see {@link #answer}. */
  private static final int MORE = 4;

  /** Where those with SPREAD are, behind the sums by target: of c v^2, c^2 squared and broad. */
  static final int SPREAD = 3 + MORE;

  private final LatticePlan plan;
  private final double valueCentre;
  private final Tiles nodes;
  private final ExactSums exact;
  private final ErrorBound bound;

  LatticeSums(
      LatticePlan plan, double valueCentre, Tiles nodes, ExactSums exact, ErrorBound bound) {
    this.plan = plan;
    this.valueCentre = valueCentre;
    this.nodes = nodes;
    this.exact = exact;
    this.bound = bound;
  }

  public LatticePlan plan() {
    return plan;
  }

  /** The standard deviation of all values, the unit of the tolerance. */
  public double deviation() {
    return bound.deviation;
  }

  /**
   * {@inheritDoc}
   *
   * @throws IllegalArgumentException if something is left out and the terms are SPREAD
   */
  @Override
  public LatticeAnswers answers(double[] queries) {
    int columns = plan.dim() + 3;
    int size = queries.length / columns;
    int stride = plan.moments().numNumbers + MORE;
    double[] sums = new double[size * stride];
    double[] numbers = new double[nodes.width];
    Footprint footprint = new Footprint(plan);
    Own own = new Own(plan);
    boolean spread = plan.moments().spread;
    for (int i = 0; i < size; i++) {
      if (footprint.move(queries, i * columns) && footprint.interpolate(nodes, numbers)) {
        boolean leaves = queries[i * columns + plan.dim()] != 0;
        if (leaves && spread) {
          throw new IllegalArgumentException(
              "query %d leaves keys out, which the sums SPREAD do not".formatted(i));
        }
        own.move(footprint, leaves);
        answer(numbers, own, queries, i * columns, sums, i * stride);
      } else {
        Arrays.fill(sums, i * stride, (i + 1) * stride, Double.NaN);
      }
    }
    return new LatticeAnswers(plan, valueCentre, bound, size, stride, sums);
  }

  /**
   * Writes the sums of c and of c v by target, then the broad sums of c, c v and c v^2; those of c
   * and c v^2 before anything was left out; those of sites outside of the box; then the rest.
   */
  private void answer(
      double[] numbers, Own own, double[] queries, int at, double[] sums, int into) {
    int targets = plan.moments().numTargets;
    int left = at + plan.dim();
    for (int t = 0; t < targets; t++) {
      sums[into + t] = numbers[t] - own.narrow[t] * queries[left];
      sums[into + targets + t] = numbers[targets + t] - own.narrow[t] * queries[left + 1];
    }
    int broad = 2 * targets;
    for (int a = 0; a < 3; a++) {
      sums[into + broad + a] = numbers[broad + a] - own.broad * queries[left + a];
    }
    sums[into + broad + 3] = Math.max(0, numbers[broad]);
    sums[into + broad + 4] = Math.max(0, numbers[broad + 2]);
    int rest = broad + 3;
    System.arraycopy(numbers, rest, sums, into + rest + MORE, plan.moments().numNumbers - rest);
    exact.add(queries, at, sums, into);
  }
}
