package ml.regard.lattice;

import java.util.Arrays;
import ml.regard.kernel.Checks;
import ml.regard.kernel.Terms;

/**
 * The lattice for given widths: where its nodes are, what it costs, or why there is none.
 *
 * <pre>
 *   nodes     prod_f (range_f / (spacing h_f) + order), up to whole tiles ({@link Tiling})
 *   numbers   nodes times 3 spread + (2 for each of S, T_g, U_gh + 3 for the bound) + d - 1 scratch
 *             where SPREAD has one more of the first and three of the second, a multiple of 8
 *   cost      (3 sites + (numbers of a query) queries) order^d + nodes (lengths of all kernels)
 * </pre>
 *
 * <p>Of the pairs of spacing and order that can certify the tolerance where keys are dense, it is
 * the cheapest one within the budget.
 *
 * <p>Where none is, three features may have a {@link #sparse} lattice: only of the tiles that have
 * keys within a stencil, as many as the budget has room for, and with answers only to queries in
 * these, all training rows among them. How many there will be is known when keys are added: the
 * state may overflow.
 *
 * <p>A plan that has {@link #declined} says why, with the numbers; it has no nodes. Immutable; safe
 * for many threads.
 */
public final class LatticePlan implements NodePlan {
  private static final long serialVersionUID = 1;

  /** Numbers over all lattices of a plan, unless the caller knows better: half a gigabyte. */
  public static final long BUDGET = 1L << 26;

  /** The most features of a lattice. */
  public static final int MAX_FEATURES = 3;

  /**
   * The bound of a query amid many keys is about A_d 2^(d/2) standard deviations; twice that leaves
   * room for where keys thin out.
   */
  private static final double ROOM = 2;

  private final double[] inverseWidths;
  private final Terms terms;
  private final double tolerance;
  private final Moments moments;
  private final long budget;
  private final Grid grid;
  private final String sentence;

  private LatticePlan(
      double[] inverseWidths,
      Terms terms,
      double tolerance,
      Moments moments,
      long budget,
      Grid grid,
      String sentence) {
    this.inverseWidths = inverseWidths;
    this.terms = terms;
    this.tolerance = tolerance;
    this.moments = moments;
    this.budget = budget;
    this.grid = grid;
    this.sentence = sentence;
  }

  /**
   * The cheapest lattice that serves, or a plan that has declined.
   *
   * @param box the smallest and the largest of each feature, {@code [2 x d]}: keys outside are
   *     summed one by one, so it should hold all but a few; queries outside have no answer
   * @param inverseWidths length 1 (shared) or d
   * @param tolerance of a pooled value, as a share of the standard deviation of the values
   * @param sites about how many sites will be added
   * @param queries about how many queries will ask
   * @param budget the most numbers over all lattices, {@link #BUDGET} as a rule
   * @throws IllegalArgumentException if shapes differ, the box or an inverse width is not finite,
   *     or the tolerance is not positive
   */
  public static LatticePlan of(
      double[][] box,
      double[] inverseWidths,
      Terms terms,
      double tolerance,
      long sites,
      long queries,
      long budget) {
    check(box, inverseWidths, tolerance);
    int dim = box[0].length;
    double[] widths = inverseWidths.clone();
    if (dim > MAX_FEATURES) {
      String sentence = "a lattice has at most %d features, and there are %d";
      sentence = sentence.formatted(MAX_FEATURES, dim);
      return new LatticePlan(widths, terms, tolerance, null, budget, null, sentence);
    }
    Moments moments = new Moments(dim, widths.length, terms);
    Grid best = null;
    double least = Double.POSITIVE_INFINITY;
    double finest = Double.POSITIVE_INFINITY;
    for (Spacing spacing : Spacing.values()) {
      double certifies = certifies(spacing, dim);
      finest = Math.min(finest, certifies);
      if (certifies <= tolerance && (!moments.spread || counts(spacing, dim))) {
        Grid grid = new Grid(spacing, box, widths, moments, sites, queries, budget);
        least = Math.min(least, grid.numbers);
        best = grid.fits(budget) && better(grid, best) ? grid : best;
      }
    }
    String sentence =
        best != null
            ? best.toString()
            : finest > tolerance
                ? "a lattice of %d features certifies %s of the standard deviation at best, not %s"
                    .formatted(dim, Grid.number(finest), Grid.number(tolerance))
                : "a lattice of %s numbers exceeds the budget of %s: %s features between %s, at the inverse widths %s"
                    .formatted(
                        Grid.number(least),
                        Grid.number(budget),
                        dim,
                        Arrays.deepToString(box),
                        Arrays.toString(widths));
    return new LatticePlan(widths, terms, tolerance, moments, budget, best, sentence);
  }

  /**
   * The lattice of a spacing, of the terms VALUE, within {@link #BUDGET}.
   *
   * @param box as of {@link #of}
   * @throws IllegalArgumentException as {@link #of}, or if it exceeds the budget
   */
  static LatticePlan of(double[][] box, double[] inverseWidths, double tolerance, Spacing spacing) {
    check(box, inverseWidths, tolerance);
    double[] widths = inverseWidths.clone();
    Moments moments = new Moments(box[0].length, widths.length, Terms.VALUE);
    Grid grid = new Grid(spacing, box, widths, moments, 0, 0, BUDGET);
    if (!grid.fits(BUDGET)) {
      throw new IllegalArgumentException("%s exceeds the budget".formatted(grid));
    }
    return new LatticePlan(widths, Terms.VALUE, tolerance, moments, BUDGET, grid, grid.toString());
  }

  /** Sparse only where there is none that is not, then cheaper. */
  private static boolean better(Grid grid, Grid best) {
    return best == null || (grid.sparse == best.sparse ? grid.cost < best.cost : best.sparse);
  }

  private static void check(double[][] box, double[] inverseWidths, double tolerance) {
    int dim = box.length == 2 ? box[0].length : 0;
    if (dim == 0 || box[1].length != dim) {
      throw new IllegalArgumentException(
          "box must be [2 x d], but was " + Arrays.deepToString(box));
    }
    for (int f = 0; f < dim; f++) {
      if (!(box[0][f] <= box[1][f] && Checks.usable(box[0][f]) && Checks.usable(box[1][f]))) {
        throw new IllegalArgumentException(
            "feature %d must be between finite bounds, but was between %s and %s"
                .formatted(f, box[0][f], box[1][f]));
      }
    }
    if (inverseWidths.length != 1 && inverseWidths.length != dim) {
      throw new IllegalArgumentException(
          "inverse widths must be one or one per feature (%d), but were %d"
              .formatted(dim, inverseWidths.length));
    }
    for (double w : inverseWidths) {
      if (!Checks.usable(w)) {
        throw new IllegalArgumentException("inverse width must be finite, but was " + w);
      }
    }
    if (!(tolerance > 0 && tolerance < Double.POSITIVE_INFINITY)) {
      throw new IllegalArgumentException(
          "tolerance must be positive and finite, but was " + tolerance);
    }
  }

  /** Whether effective keys are certified amid many keys, with the same room. */
  private static boolean counts(Spacing spacing, int dim) {
    double error = StrictMath.pow(1 + spacing.envelope().squaredError, dim) - 1;
    return ROOM * StrictMath.pow(2, dim) * error <= LatticeAnswers.EFFECTIVE_KEYS;
  }

  private static double certifies(Spacing spacing, int dim) {
    return ROOM * StrictMath.pow(2, dim / 2.0) * (StrictMath.pow(1 + spacing.error(), dim) - 1);
  }

  @Override
  public boolean declined() {
    return grid == null;
  }

  @Override
  public String sentence() {
    return sentence;
  }

  /** Whether only queries near keys have an answer, and the state may overflow. */
  public boolean sparse() {
    return !declined() && grid.sparse;
  }

  @Override
  public LatticeState noSites(double valueCentre) {
    return new LatticeState(this, valueCentre);
  }

  @Override
  public double cost() {
    return declined() ? 0 : grid.cost;
  }

  /**
   * Bytes of all tiles at their most, while {@link LatticeState#sums} runs: what was spread, every
   * number of the nodes, and one lattice for every axis but the last. Every thread has less than a
   * megabyte on top.
   */
  public long bytes() {
    return declined() ? 0 : (long) grid.bytes();
  }

  /** Number of nodes of one lattice, at most. */
  public long numNodes() {
    return declined() ? 0 : (long) grid.mostTiles * Tiling.NODES;
  }

  public int dim() {
    return declined() ? 0 : grid.axes.length;
  }

  public Terms terms() {
    return terms;
  }

  /** The tolerance of a pooled value, as a share of the standard deviation of the values. */
  public double tolerance() {
    return tolerance;
  }

  /** The inverse widths, length 1 or d, a copy. */
  public double[] inverseWidths() {
    return inverseWidths.clone();
  }

  /**
   * Whether a point, which begins at an index, is in the box. Queries there have an answer, if the
   * lattice is not {@link #sparse}.
   */
  public boolean contains(double[] points, int at) {
    for (int f = 0; f < dim(); f++) {
      if (!grid.axes[f].contains(points[at + f])) {
        return false;
      }
    }
    return !declined();
  }

  /** Whether the other plan has the same nodes and sums. */
  boolean same(LatticePlan other) {
    return terms == other.terms
        && grid.same(other.grid)
        && Arrays.equals(inverseWidths, other.inverseWidths);
  }

  LatticePlan required() {
    if (declined()) {
      throw new IllegalStateException("there is no lattice: " + sentence);
    }
    return this;
  }

  double inverseWidth(int f) {
    return inverseWidths[inverseWidths.length == 1 ? 0 : f];
  }

  long budget() {
    return budget;
  }

  long mostTiles() {
    return (long) grid.mostTiles;
  }

  Spacing spacing() {
    return grid.spacing;
  }

  int order() {
    return grid.spacing.order();
  }

  Moments moments() {
    return moments;
  }

  Axis[] axes() {
    return grid.axes;
  }

  Tiling tiling() {
    return grid.tiling;
  }
}
