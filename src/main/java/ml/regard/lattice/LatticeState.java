package ml.regard.lattice;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import ml.regard.kernel.KeyBlock;
import ml.regard.kernel.Terms;

/**
 * The sites met so far, spread to the nodes: three sums at each node, of C, C V and C V2 times the
 * weights of the stencil, where C is the weight of a site, V its mean value minus the centre and V2
 * the mean of their squares; with SPREAD also of the squares of the weights of its keys. Sites
 * outside of the box are kept as they are.
 *
 * <p>{@link #add} blocks of keys, {@link #merge} the states of other blocks, then ask for the
 * {@link #sums}. The order of both is the caller's; a fixed order gives fixed bits. Memory: 24
 * bytes (32) for each node of the tiles ({@link Tiling}) that have sites within a stencil, so the
 * state of keys that are near each other is small. Not safe for many threads.
 */
public final class LatticeState implements NodeState {
  private static final long serialVersionUID = 1;

  private final LatticePlan plan;
  private final double valueCentre;

  /** By the number of the tile, {@code [nodes x columns]}; none once there are too many. */
  private final Map<Integer, double[]> tiles = new HashMap<>();

  private final OutlyingSites outlying;

  /** Sums of the columns over the sites in the box. */
  private final double[] totals;

  private long sites;
  private boolean crowded;
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
    int columns = plan.moments().columns;
    outlying = new OutlyingSites(plan.dim() + columns);
    totals = new double[columns];
  }

  /** The state that {@link #rows} were made of. */
  static LatticeState of(List<NodeRow> rows) {
    NodeRow header = NodeTable.only(rows, NodeTable.LATTICE, 4);
    double[][] ends = NodeTable.axes(rows, 2);
    double[][] box = new double[2][ends.length];
    for (int f = 0; f < ends.length; f++) {
      box[0][f] = ends[f][0];
      box[1][f] = ends[f][1];
    }
    double[] numbers = header.numbers();
    Spacing spacing = Spacing.of(numbers[2], numbers[3]);
    LatticePlan plan = LatticePlan.of(box, NodeTable.inverseWidths(rows), numbers[1], spacing);
    LatticeState state = new LatticeState(plan, numbers[0]);
    state.sites = header.number();
    int columns = plan.moments().columns;
    double[] totals = NodeTable.only(rows, NodeTable.TOTALS, columns).numbers();
    System.arraycopy(totals, 0, state.totals, 0, columns);
    for (NodeRow row : NodeTable.all(rows, NodeTable.TILE)) {
      double[] tile = state.tile(Math.toIntExact(row.number()));
      System.arraycopy(row.numbers(), 0, tile, 0, tile.length);
    }
    int width = state.outlying.columns();
    double[] outer = NodeTable.list(rows, NodeTable.OUTLYING, width);
    for (int at = 0; at < outer.length; at += width) {
      state.outlying.add(outer, at);
    }
    state.limit();
    return state;
  }

  @Override
  public List<NodeRow> rows() {
    if (overflowed() || plan.terms() != Terms.VALUE) {
      throw new IllegalStateException(sentence());
    }
    List<NodeRow> rows = new ArrayList<>();
    Spacing spacing = plan.spacing();
    rows.add(
        new NodeRow(
            NodeTable.LATTICE,
            sites,
            valueCentre,
            plan.tolerance(),
            spacing.spacing(),
            spacing.order()));
    rows.add(new NodeRow(NodeTable.WIDTHS, 0, plan.inverseWidths()));
    for (int f = 0; f < plan.dim(); f++) {
      Axis axis = plan.axes()[f];
      rows.add(new NodeRow(NodeTable.AXIS, f, axis.lower, axis.upper));
    }
    rows.add(new NodeRow(NodeTable.TOTALS, 0, totals));
    tiles.forEach((number, nodes) -> rows.add(new NodeRow(NodeTable.TILE, number, nodes)));
    NodeTable.addList(rows, NodeTable.OUTLYING, outlying.rows(), outlying.columns());
    return rows;
  }

  @Override
  public LatticeState add(KeyBlock block) {
    double[] site = new double[plan.dim() + plan.moments().columns];
    for (int s = 0; s < block.sites(); s++) {
      block.readSite(s, site);
      if (plan.moments().spread) {
        site[plan.dim() + 3] = block.squaredWeight(s);
      }
      add(site, 0);
    }
    return this;
  }

  /**
   * Adds one site.
   *
   * @param rows features and, over its keys, sum c, sum c (v - centre) and sum c (v - centre)^2,
   *     and with SPREAD sum c^2
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
    sites++;
    if (crowded) {
      return;
    }
    int terms = at + plan.dim();
    footprint.spread(this::tile, rows, terms, plan.moments().columns);
    for (int t = 0; t < totals.length; t++) {
      totals[t] += rows[terms + t];
    }
    limit();
  }

  private double[] tile(int number) {
    double[] tile = tiles.get(number);
    if (tile == null) {
      tile = new double[Tiling.NODES * plan.moments().columns];
      tiles.put(number, tile);
    }
    return tile;
  }

  /** Forgets all tiles when there are too many. */
  private void limit() {
    if (tiles.size() > plan.mostTiles()) {
      crowded = true;
      tiles.clear();
    }
  }

  /**
   * Adds the sites of another state, node by node.
   *
   * @throws IllegalArgumentException if its plan or centre is another
   */
  @Override
  public LatticeState merge(NodeState state) {
    LatticeState other = (LatticeState) state;
    if (!plan.same(other.plan) || Double.compare(valueCentre, other.valueCentre) != 0) {
      throw new IllegalArgumentException("only states of one plan can be merged");
    }
    crowded |= other.crowded;
    if (crowded) {
      tiles.clear();
    } else {
      other.tiles.forEach(this::add);
      limit();
    }
    for (int t = 0; t < totals.length; t++) {
      totals[t] += other.totals[t];
    }
    outlying.addAll(other.outlying);
    sites += other.sites;
    return this;
  }

  private void add(int number, double[] theirs) {
    double[] mine = tile(number);
    for (int i = 0; i < mine.length; i++) {
      mine[i] += theirs[i];
    }
  }

  /** Number of sites in the box. */
  public long sites() {
    return sites;
  }

  /** Number of sites outside of the box. */
  public long outlying() {
    return outlying.size();
  }

  /** Number of tiles that hold nodes. */
  public int tiles() {
    return tiles.size();
  }

  /**
   * Whether more sites are outside of the box than are kept, or those in it lie in more tiles than
   * the budget has room for: there are no sums. For a sparse plan this looks at all tiles.
   */
  @Override
  public boolean overflowed() {
    return crowded || outlying.overflowed() || numbers() > plan.budget();
  }

  /** Numbers that the sums need at their most, this state included. */
  long numbers() {
    Moments moments = plan.moments();
    return plan.sparse()
        ? (long) tiles.size() * Tiling.NODES * (moments.columns + moments.width)
            + separable(new Tiles(tiles, moments.columns)).scratch()
        : plan.bytes() / Double.BYTES;
  }

  private Separable separable(Tiles spread) {
    return new Separable(plan, spread.numbers, wanted(spread));
  }

  private int[] wanted(Tiles spread) {
    return plan.sparse() ? spread.numbers : plan.tiling().all();
  }

  @Override
  public String sentence() {
    if (outlying.overflowed()) {
      return "at most %d sites may be outside of the box, but %d are"
          .formatted(OutlyingSites.LIMIT, outlying.size());
    }
    if (crowded) {
      return "%d sites lie in more than the %d tiles of %d nodes that a budget of %d numbers has room for"
          .formatted(sites, plan.mostTiles(), Tiling.NODES, plan.budget());
    }
    return "%d sites lie in %d tiles of %d nodes, and %d outside of the box: sums need %d numbers, and the budget is %d"
        .formatted(sites, tiles.size(), Tiling.NODES, outlying.size(), numbers(), plan.budget());
  }

  /**
   * The sums at all nodes, for queries to be interpolated from; of a {@link LatticePlan#sparse}
   * plan only in the tiles that hold nodes. Uses all cores, with the same bits whatever their
   * number. Memory: {@link LatticePlan#bytes} at most, this state included; the numbers at a node
   * are held one by one at first and side by side at last, tile by tile, never both of all.
   *
   * @throws IllegalStateException if it has overflowed
   */
  @Override
  public LatticeSums sums() {
    if (overflowed()) {
      throw new IllegalStateException(sentence());
    }
    Tiles spread = new Tiles(tiles, plan.moments().columns);
    Separable separable = separable(spread);
    Tiles[] numbers = new Tiles[plan.moments().numNumbers];
    int targets = plan.moments().numTargets;
    for (int column = 0; column < 2; column++) {
      Tiles[] narrow = separable.narrow(spread, column);
      System.arraycopy(narrow, 0, numbers, column * targets, targets);
    }
    for (int column = 0; column < 3; column++) {
      numbers[2 * targets + column] = separable.broad(spread, column);
    }
    if (plan.moments().spread) {
      numbers[2 * targets + 3] = separable.narrow(spread, 2)[0];
      numbers[2 * targets + 4] = separable.squared(spread, 3);
      numbers[2 * targets + 5] = separable.broad(spread, 3);
    }
    ExactSums exact = new ExactSums(plan, outlying);
    ErrorBound bound = new ErrorBound(plan, totals, sites, exact);
    return new LatticeSums(plan, valueCentre, sideBySide(numbers, wanted(spread)), exact, bound);
  }

  /** The numbers of each node next to each other; takes the tiles away from where they were. */
  private Tiles sideBySide(Tiles[] numbers, int[] wanted) {
    Tiles all = new Tiles(wanted, plan.moments().width);
    IntStream.range(0, wanted.length)
        .parallel()
        .forEach(
            i -> {
              double[] nodes = new double[Tiling.NODES * all.width];
              for (int n = 0; n < numbers.length; n++) {
                double[] one = numbers[n].arrays[i];
                numbers[n].arrays[i] = null;
                for (int node = 0; one != null && node < one.length; node++) {
                  nodes[node * all.width + n] = one[node];
                }
              }
              all.arrays[i] = nodes;
            });
    return all;
  }
}
