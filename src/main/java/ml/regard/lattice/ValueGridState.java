package ml.regard.lattice;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import ml.regard.kernel.KeyBlock;
import ml.regard.kernel.Terms;

/**
 * Sites at the nodes of a grid of values, in the order in which they came: of each its node, sum c
 * and sum c v. When there are more of them than nodes, those of a node become one. Memory: 20 bytes
 * a site, or 28 a node.
 */
final class ValueGridState implements NodeState {
  private static final long serialVersionUID = 1;

  private final ValueGridPlan plan;
  private final double valueCentre;
  private int size;
  private int[] nodes = new int[16];
  private int[] parts = new int[16];
  private double[] weights = new double[16];
  private double[] values = new double[16];

  /** Sums of c and c v^2. */
  private double weight;

  private double squares;

  ValueGridState(ValueGridPlan plan, double valueCentre) {
    this.plan = plan;
    this.valueCentre = valueCentre;
  }

  /** The sites of a state of another plan with the same nodes. */
  ValueGridState(ValueGridPlan plan, ValueGridState other) {
    this.plan = plan;
    valueCentre = other.valueCentre;
    size = other.size;
    nodes = other.nodes.clone();
    parts = other.parts.clone();
    weights = other.weights.clone();
    values = other.values.clone();
    weight = other.weight;
    squares = other.squares;
  }

  /** Whether the nodes are those of these axes. */
  boolean on(ValueAxis[] axes) {
    boolean same = axes.length == plan.axes().length;
    for (int f = 0; same && f < axes.length; f++) {
      same = Arrays.equals(axes[f].values, plan.axes()[f].values);
    }
    return same;
  }

  /** The state that {@link #rows} were made of. */
  static ValueGridState of(List<NodeRow> rows) {
    double[] header = NodeTable.only(rows, NodeTable.GRID, 2).numbers();
    ValueGridPlan plan =
        ValueGridPlan.of(
            NodeTable.axes(rows, 1),
            NodeTable.inverseWidths(rows),
            Terms.VALUE,
            header[1],
            true,
            LatticePlan.BUDGET);
    ValueGridState state = plan.noSites(header[0]);
    double[] totals = NodeTable.only(rows, NodeTable.TOTALS, 2).numbers();
    state.weight = totals[0];
    state.squares = totals[1];
    double[] sites = NodeTable.list(rows, NodeTable.NODE, 4);
    for (int at = 0; at < sites.length; at += 4) {
      int node = (int) sites[at];
      if (node < 0 || node >= plan.numNodes()) {
        throw new IllegalArgumentException("there is no node " + node);
      }
      state.add(node, (int) sites[at + 1], sites[at + 2], sites[at + 3]);
    }
    return state;
  }

  @Override
  public List<NodeRow> rows() {
    if (plan.terms() != Terms.VALUE) {
      throw new IllegalStateException("only sums of the terms VALUE are saved");
    }
    List<NodeRow> rows = new ArrayList<>();
    rows.add(new NodeRow(NodeTable.GRID, 0, valueCentre, plan.tolerance()));
    rows.add(new NodeRow(NodeTable.WIDTHS, 0, plan.inverseWidths()));
    for (int f = 0; f < plan.axes().length; f++) {
      rows.add(new NodeRow(NodeTable.AXIS, f, plan.axes()[f].values));
    }
    rows.add(new NodeRow(NodeTable.TOTALS, 0, weight, squares));
    gather();
    double[] sites = new double[4 * size];
    for (int s = 0; s < size; s++) {
      sites[4 * s] = nodes[s];
      sites[4 * s + 1] = parts[s];
      sites[4 * s + 2] = weights[s];
      sites[4 * s + 3] = values[s];
    }
    NodeTable.addList(rows, NodeTable.NODE, sites, 4);
    return rows;
  }

  /**
   * Adds the sites of a block of keys.
   *
   * @throws IllegalArgumentException if one has a value that the plan does not know
   */
  @Override
  public NodeState add(KeyBlock block) {
    int dim = plan.axes().length;
    double[] site = new double[dim + 3];
    for (int s = 0; s < block.sites(); s++) {
      block.readSite(s, site);
      int node = plan.node(site, 0);
      if (node < 0) {
        throw new IllegalArgumentException(
            "a key lies on no node: " + Arrays.toString(Arrays.copyOf(site, dim)));
      }
      add(node, 1, site[dim], site[dim + 1]);
      weight += site[dim];
      squares += site[dim + 2];
    }
    return this;
  }

  private void add(int node, int count, double c, double cv) {
    if (size == nodes.length) {
      int capacity = 2 * size;
      nodes = Arrays.copyOf(nodes, capacity);
      parts = Arrays.copyOf(parts, capacity);
      weights = Arrays.copyOf(weights, capacity);
      values = Arrays.copyOf(values, capacity);
    }
    nodes[size] = node;
    parts[size] = count;
    weights[size] = c;
    values[size] = cv;
    size++;
  }

  @Override
  public NodeState merge(NodeState state) {
    ValueGridState other = (ValueGridState) state;
    for (int s = 0; s < other.size; s++) {
      add(other.nodes[s], other.parts[s], other.weights[s], other.values[s]);
    }
    weight += other.weight;
    squares += other.squares;
    if (size > plan.numNodes()) {
      gather();
    }
    return this;
  }

  /** Makes the sites of each node one. */
  private void gather() {
    Gathered all = gathered();
    size = 0;
    for (int node = 0; node < all.parts.length; node++) {
      if (all.parts[node] > 0) {
        add(node, all.parts[node], all.weights[node], all.values[node]);
      }
    }
  }

  /** By node: how many sites, sum c and sum c v. */
  record Gathered(int[] parts, double[] weights, double[] values) {}

  private Gathered gathered() {
    int count = plan.numNodes();
    Gathered all = new Gathered(new int[count], new double[count], new double[count]);
    for (int s = 0; s < size; s++) {
      all.parts[nodes[s]] += parts[s];
      all.weights[nodes[s]] += weights[s];
      all.values[nodes[s]] += values[s];
    }
    return all;
  }

  @Override
  public boolean fixed() {
    return true;
  }

  @Override
  public boolean overflowed() {
    return false;
  }

  @Override
  public String sentence() {
    return "%d sites on a grid of %d nodes".formatted(size, plan.numNodes());
  }

  @Override
  public NodeSums sums() {
    return ValueGridSums.of(plan, valueCentre, gathered(), weight, squares);
  }
}
