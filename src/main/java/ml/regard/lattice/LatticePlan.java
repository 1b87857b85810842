package ml.regard.lattice;

import java.io.Serializable;
import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;
import ml.regard.kernel.Checks;
import ml.regard.kernel.Terms;

/**
 * The lattice for given widths: where its nodes are, what it costs, or why there is none.
 *
 * <pre>
 *   nodes     prod_f (range_f / (spacing h_f) + order)
 *   numbers   nodes times 3 spread + 2 for each of S, T_g, U_gh + 3 for the bound + d - 1 scratch
 *   cost      (3 sites + (numbers of a query) queries) order^d + nodes (lengths of all kernels)
 * </pre>
 *
 * <p>Of the pairs of spacing and order that can certify the tolerance where keys are dense, it is
 * the cheapest one within the budget. A plan that has {@link #declined} says why, with the numbers;
 * it has no nodes. Immutable; safe for many threads.
 */
public final class LatticePlan implements Serializable {
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
  private final Spacing spacing;
  private final Axis[] axes;
  private final double cost;
  private final String sentence;

  private LatticePlan(
      double[] inverseWidths,
      Terms terms,
      double tolerance,
      Moments moments,
      Spacing spacing,
      Axis[] axes,
      double cost,
      String sentence) {
    this.inverseWidths = inverseWidths;
    this.terms = terms;
    this.tolerance = tolerance;
    this.moments = moments;
    this.spacing = spacing;
    this.axes = axes;
    this.cost = cost;
    this.sentence = sentence;
  }

  /**
   * The cheapest lattice that serves, or a plan that has declined.
   *
   * @param box the smallest and the largest of each feature, {@code [2 x d]}: keys outside are
   *     summed one by one, so it should hold all but a few; queries outside have no answer
   * @param inverseWidths length 1 (shared) or d
   * @param terms VALUE, WIDTHS or CURVATURE
   * @param tolerance of a pooled value, as a share of the standard deviation of the values
   * @param sites about how many sites will be added
   * @param queries about how many queries will ask
   * @param budget the most numbers over all lattices, {@link #BUDGET} as a rule
   * @throws IllegalArgumentException if shapes differ, the box or an inverse width is not finite,
   *     the tolerance is not positive, or the terms are SPREAD
   */
  public static LatticePlan of(
      double[][] box,
      double[] inverseWidths,
      Terms terms,
      double tolerance,
      long sites,
      long queries,
      long budget) {
    check(box, inverseWidths, terms, tolerance);
    int dim = box[0].length;
    double[] widths = inverseWidths.clone();
    if (dim > MAX_FEATURES) {
      String sentence = "a lattice has at most %d features, and there are %d";
      return declined(widths, terms, tolerance, null, sentence.formatted(MAX_FEATURES, dim));
    }
    Moments moments = new Moments(dim, widths.length, terms);
    LatticePlan best = null;
    double least = Double.POSITIVE_INFINITY;
    double finest = Double.POSITIVE_INFINITY;
    for (Spacing spacing : Spacing.values()) {
      double certifies = certifies(spacing, dim);
      finest = Math.min(finest, certifies);
      if (certifies <= tolerance) {
        Axis[] axes = axes(box, widths, spacing);
        double numbers = nodes(axes) * arrays(moments);
        least = Math.min(least, numbers);
        double cost = cost(moments, spacing, nodes(axes), sites, queries);
        if (numbers <= budget && (best == null || cost < best.cost)) {
          String sentence = accepted(axes, spacing, numbers, cost);
          best = new LatticePlan(widths, terms, tolerance, moments, spacing, axes, cost, sentence);
        }
      }
    }
    if (best != null) {
      return best;
    }
    String sentence =
        finest > tolerance
            ? "a lattice of %d features certifies %s of the standard deviation at best, not %s"
                .formatted(dim, number(finest), number(tolerance))
            : "a lattice of %s numbers exceeds the budget of %s: %s features between %s, at the inverse widths %s"
                .formatted(
                    number(least),
                    number(budget),
                    dim,
                    Arrays.deepToString(box),
                    Arrays.toString(widths));
    return declined(widths, terms, tolerance, moments, sentence);
  }

  private static void check(double[][] box, double[] inverseWidths, Terms terms, double tolerance) {
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
    if (terms == Terms.SPREAD) {
      throw new IllegalArgumentException("a lattice does not form the sums " + terms);
    }
  }

  private static LatticePlan declined(
      double[] inverseWidths, Terms terms, double tolerance, Moments moments, String sentence) {
    return new LatticePlan(
        inverseWidths, terms, tolerance, moments, null, new Axis[0], 0, sentence);
  }

  private static double certifies(Spacing spacing, int dim) {
    return ROOM * StrictMath.pow(2, dim / 2.0) * (StrictMath.pow(1 + spacing.error(), dim) - 1);
  }

  private static Axis[] axes(double[][] box, double[] inverseWidths, Spacing spacing) {
    Axis[] axes = new Axis[box[0].length];
    for (int f = 0; f < axes.length; f++) {
      double w = inverseWidths[inverseWidths.length == 1 ? 0 : f];
      axes[f] = new Axis(box[0][f], box[1][f], w, spacing);
    }
    return axes;
  }

  private static double nodes(Axis[] axes) {
    double nodes = 1;
    for (Axis axis : axes) {
      nodes *= axis.count;
    }
    return nodes;
  }

  private static int arrays(Moments moments) {
    return 3 + 2 * moments.numTargets + 3 + moments.dim - 1;
  }

  private static double cost(
      Moments moments, Spacing spacing, double nodes, long sites, long queries) {
    NodeKernels kernels = spacing.kernels();
    double lengths =
        2.0 * moments.convolutions() * kernels.narrow[0].length
            + 3.0 * moments.dim * kernels.broad.length;
    double stencil = StrictMath.pow(spacing.order(), moments.dim);
    double perQuery = 2 * moments.numTargets + 3;
    return (3.0 * sites + perQuery * queries) * stencil + nodes * lengths;
  }

  private static String accepted(Axis[] axes, Spacing spacing, double numbers, double cost) {
    String counts =
        Arrays.stream(axes)
            .map(axis -> Long.toString((long) axis.count))
            .collect(Collectors.joining(" x "));
    return "a lattice of %s nodes, %s of a width apart, order %d: %s MB, %s multiplications"
        .formatted(
            counts,
            number(spacing.spacing()),
            spacing.order(),
            number(8e-6 * numbers),
            number(cost));
  }

  private static String number(double x) {
    return String.format(Locale.ROOT, "%.3g", x);
  }

  /** Whether there is no lattice. */
  public boolean declined() {
    return spacing == null;
  }

  /** What was chosen, or why nothing was, with the numbers. */
  public String sentence() {
    return sentence;
  }

  /**
   * The same lattice, which declines since the pairs cost less.
   *
   * @param pairs how many pairs of query and key exact sums would form
   */
  public LatticePlan declinedFor(double pairs) {
    String reason = "%s would cost more than %s pairs".formatted(sentence, number(pairs));
    return declined(inverseWidths, terms, tolerance, moments, reason);
  }

  /** Multiplications, as counted. */
  public double cost() {
    return cost;
  }

  /** Bytes of all lattices at their most. */
  public long bytes() {
    return declined() ? 0 : 8L * numNodes() * arrays(moments);
  }

  /** Number of nodes of one lattice. */
  public int numNodes() {
    return declined() ? 0 : (int) nodes(axes);
  }

  public int dim() {
    return axes.length;
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

  /** Whether a point, which begins at an index, is in the box, where queries have an answer. */
  public boolean contains(double[] points, int at) {
    for (int f = 0; f < axes.length; f++) {
      if (!axes[f].contains(points[at + f])) {
        return false;
      }
    }
    return !declined();
  }

  /** Whether the other plan has the same nodes and sums. */
  boolean same(LatticePlan other) {
    boolean same =
        spacing == other.spacing
            && terms == other.terms
            && axes.length == other.axes.length
            && Arrays.equals(inverseWidths, other.inverseWidths);
    for (int f = 0; same && f < axes.length; f++) {
      same = axes[f].lower == other.axes[f].lower && axes[f].upper == other.axes[f].upper;
    }
    return same;
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

  Spacing spacing() {
    return spacing;
  }

  int order() {
    return spacing.order();
  }

  Moments moments() {
    return moments;
  }

  Axis[] axes() {
    return axes;
  }

  /** Number of nodes along the axis of feature f. */
  int count(int f) {
    return (int) axes[f].count;
  }

  /** How far apart neighbours along each axis are in memory. */
  int[] strides() {
    int[] strides = new int[axes.length];
    int stride = 1;
    for (int f = axes.length - 1; f >= 0; f--) {
      strides[f] = stride;
      stride *= count(f);
    }
    return strides;
  }
}
