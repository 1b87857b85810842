package ml.regard.lattice;

import java.util.Arrays;
import java.util.Optional;
import java.util.stream.Collectors;
import ml.regard.kernel.Terms;

/**
 * Exact sums where features have few values, as hours, ages and counts do: every combination of
 * their values is a node, sites lie on nodes, and the kernel is a product over the features, so its
 * sums at all nodes are convolutions axis by axis:
 *
 * <pre>
 *   S(a, b) = sum_i k(x_a - x_i) sum_j k(y_b - y_j) C_ij
 * </pre>
 *
 * <p>Nothing is spread or interpolated, and the only error beside rounding is what lies farther
 * than {@link ValueAxis#REACH} widths. A query on a node has its answer ready; another one sums the
 * nodes within its reach.
 *
 * <pre>
 *   nodes     prod_f (number of values of f)
 *   numbers   nodes times 2 sums of sites + 2 (d + 1) scratch + 2 for each of S, T_g, U_gh
 *   cost      nodes times, for each axis, its convolutions times the mean number of values in reach
 * </pre>
 */
public final class ValueGridPlan implements NodePlan {
  private static final long serialVersionUID = 1;

  private final double[] inverseWidths;
  private final double tolerance;
  private final boolean everywhere;
  private final Terms terms;
  private final Moments moments;
  private final ValueAxis[] axes;
  private final double cost;
  private final String sentence;

  private ValueGridPlan(
      double[] inverseWidths,
      double tolerance,
      boolean everywhere,
      Terms terms,
      Moments moments,
      ValueAxis[] axes,
      double cost,
      String sentence) {
    this.inverseWidths = inverseWidths.clone();
    this.tolerance = tolerance;
    this.everywhere = everywhere;
    this.terms = terms;
    this.moments = moments;
    this.axes = axes;
    this.cost = cost;
    this.sentence = sentence;
  }

  /**
   * The grid, or a plan that has declined since it is too large.
   *
   * @param values by feature, all values that keys have, ascending
   * @param inverseWidths length 1 (shared) or d
   * @param terms VALUE, WIDTHS or CURVATURE
   * @param tolerance of a pooled value, as a share of the standard deviation of the values
   * @param everywhere whether queries may be at nodes without a key, and not only training rows ask
   * @param budget the most numbers over all arrays, {@link LatticePlan#BUDGET} as a rule
   */
  public static ValueGridPlan of(
      double[][] values,
      double[] inverseWidths,
      Terms terms,
      double tolerance,
      boolean everywhere,
      long budget) {
    int dim = values.length;
    Moments moments = new Moments(dim, inverseWidths.length, terms);
    double nodes = Arrays.stream(values).mapToDouble(v -> v.length).reduce(1, (a, b) -> a * b);
    double numbers = nodes * (2 + 2 * (dim + 1) + 2 * moments.numTargets);
    String counts =
        Arrays.stream(values)
            .map(v -> Integer.toString(v.length))
            .collect(Collectors.joining(" x "));
    if (!(numbers <= budget)) {
      String sentence =
          "a grid of %s values has %s numbers and exceeds the budget of %s"
              .formatted(counts, Grid.number(numbers), Grid.number(budget));
      return new ValueGridPlan(
          inverseWidths, tolerance, everywhere, terms, moments, null, 0, sentence);
    }
    ValueAxis[] axes = new ValueAxis[dim];
    double cost = 0;
    for (int f = 0; f < dim; f++) {
      axes[f] = new ValueAxis(values[f], inverseWidths[inverseWidths.length == 1 ? 0 : f]);
      double perNode = axes[f].pairs() / values[f].length;
      cost += 2 * moments.convolutions(f) * nodes * perNode;
    }
    String sentence =
        "a grid of %s values: %s MB, %s multiplications"
            .formatted(counts, Grid.number(8e-6 * numbers), Grid.number(cost));
    return new ValueGridPlan(
        inverseWidths, tolerance, everywhere, terms, moments, axes, cost, sentence);
  }

  @Override
  public boolean declined() {
    return axes == null;
  }

  @Override
  public String sentence() {
    return sentence;
  }

  @Override
  public double cost() {
    return cost;
  }

  @Override
  public ValueGridState noSites(double valueCentre) {
    if (declined()) {
      throw new IllegalStateException("there is no grid: " + sentence);
    }
    return new ValueGridState(this, valueCentre);
  }

  /** Sites lie on the same nodes whatever the widths. */
  @Override
  public Optional<NodeState> again(NodeState earlier) {
    return !declined() && earlier instanceof ValueGridState state && state.on(axes)
        ? Optional.of(new ValueGridState(this, state))
        : Optional.empty();
  }

  double[] inverseWidths() {
    return inverseWidths.clone();
  }

  double tolerance() {
    return tolerance;
  }

  boolean everywhere() {
    return everywhere;
  }

  Terms terms() {
    return terms;
  }

  Moments moments() {
    return moments;
  }

  ValueAxis[] axes() {
    return axes;
  }

  int numNodes() {
    int nodes = 1;
    for (ValueAxis axis : axes) {
      nodes *= axis.values.length;
    }
    return nodes;
  }

  /** The node of a point that begins at an index; negative if it lies on none. */
  int node(double[] points, int at) {
    int node = 0;
    for (int f = 0; f < axes.length; f++) {
      int place = axes[f].place(points[at + f]);
      if (place < 0) {
        return -1;
      }
      node = node * axes[f].values.length + place;
    }
    return node;
  }
}
