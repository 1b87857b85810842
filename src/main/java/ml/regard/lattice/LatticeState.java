package ml.regard.lattice;

import java.io.Serializable;
import ml.regard.kernel.KeyBlock;
import ml.regard.kernel.Mergeable;

/**
 * The sites met so far, spread to the nodes: three sums at each node, of C, C V and C V2 times the
 * weights of the stencil, where C is the weight of a site, V its mean value minus the centre and V2
 * the mean of their squares. Sites outside of the box are kept as they are.
 *
 * <p>{@link #add} blocks of keys, {@link #merge} the states of other blocks, then ask for the
 * {@link #sums}. The order of both is the caller's; a fixed order gives fixed bits. Memory: 24
 * bytes a node. Not safe for many threads.
 */
public final class LatticeState implements Mergeable<LatticeState>, Serializable {
  private static final long serialVersionUID = 1;

  private final LatticePlan plan;
  private final double valueCentre;
  final double[][] nodes;
  private final OutlyingSites outlying;

  /** Sums of C, C V and C V2 over the sites in the box. */
  private final double[] totals = new double[3];

  private long sites;
  private transient Footprint footprint;

  /**
   * The state before any site.
   *
   * @param valueCentre what values are centred by, that of the keys
   * @throws IllegalStateException if the plan has declined
   */
  public LatticeState(LatticePlan plan, double valueCentre) {
    this.plan = plan.required();
    this.valueCentre = valueCentre;
    nodes = new double[3][plan.numNodes()];
    outlying = new OutlyingSites(plan.dim() + 3);
  }

  /** Adds the sites of a block of keys. */
  public LatticeState add(KeyBlock block) {
    double[] site = new double[plan.dim() + 3];
    for (int s = 0; s < block.sites(); s++) {
      block.readSite(s, site);
      add(site, 0);
    }
    return this;
  }

  /**
   * Adds one site.
   *
   * @param rows features and, over its keys, sum c, sum c (v - centre) and sum c (v - centre)^2
   * @param at where its row begins
   */
  public void add(double[] rows, int at) {
    if (footprint == null) {
      footprint = new Footprint(plan);
    }
    if (!footprint.move(rows, at)) {
      outlying.add(rows, at);
      return;
    }
    int terms = at + plan.dim();
    footprint.spread(nodes, rows[terms], rows[terms + 1], rows[terms + 2]);
    for (int t = 0; t < totals.length; t++) {
      totals[t] += rows[terms + t];
    }
    sites++;
  }

  /**
   * Adds the sites of another state.
   *
   * @throws IllegalArgumentException if its plan or centre is another
   */
  @Override
  public LatticeState merge(LatticeState other) {
    if (!plan.same(other.plan) || Double.compare(valueCentre, other.valueCentre) != 0) {
      throw new IllegalArgumentException("only states of one plan can be merged");
    }
    for (int a = 0; a < nodes.length; a++) {
      double[] mine = nodes[a];
      double[] theirs = other.nodes[a];
      for (int i = 0; i < mine.length; i++) {
        mine[i] += theirs[i];
      }
      totals[a] += other.totals[a];
    }
    outlying.addAll(other.outlying);
    sites += other.sites;
    return this;
  }

  /** Number of sites in the box. */
  public long sites() {
    return sites;
  }

  /** Number of sites outside of the box. */
  public long outlying() {
    return outlying.size();
  }

  /** Whether more sites are outside of the box than are kept: there are no sums. */
  public boolean overflowed() {
    return outlying.overflowed();
  }

  /**
   * The sums at all nodes, for queries to be interpolated from.
   *
   * @throws IllegalStateException if it has overflowed
   */
  public LatticeSums sums() {
    if (overflowed()) {
      throw new IllegalStateException(
          "at most %d sites may be outside of the box, but %d are"
              .formatted(OutlyingSites.LIMIT, outlying.size()));
    }
    Separable separable = new Separable(plan);
    double[][] plain = separable.narrow(nodes[0]);
    double[][] valued = separable.narrow(nodes[1]);
    double[][] broad = new double[nodes.length][];
    for (int a = 0; a < nodes.length; a++) {
      broad[a] = separable.broad(nodes[a]);
    }
    ExactSums exact = new ExactSums(plan, outlying);
    ErrorBound bound = new ErrorBound(plan, totals, sites, exact);
    return new LatticeSums(plan, valueCentre, plain, valued, broad, exact, bound);
  }
}
