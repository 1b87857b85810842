package ml.regard.lattice;

import java.io.Serializable;
import java.util.Arrays;

/**
 * The sums over all sites at every node of a lattice, ready to be interpolated at queries.
 *
 * <p>Memory: 8 bytes for each node and sum. Immutable; safe for many threads.
 */
public final class LatticeSums implements Serializable {
  private static final long serialVersionUID = 1;

  /** Numbers of a query beside its sums: see {@link #answer}. */
  private static final int BROAD = 7;

  private final LatticePlan plan;
  private final double valueCentre;
  private final double[][] plain;
  private final double[][] valued;
  private final double[][] broad;
  private final ExactSums exact;
  private final ErrorBound bound;

  LatticeSums(
      LatticePlan plan,
      double valueCentre,
      double[][] plain,
      double[][] valued,
      double[][] broad,
      ExactSums exact,
      ErrorBound bound) {
    this.plan = plan;
    this.valueCentre = valueCentre;
    this.plain = plain;
    this.valued = valued;
    this.broad = broad;
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
   * The answers to some queries, each without what it leaves out at its own place. What is left out
   * must have been added as sites with exactly these features, in however many parts.
   *
   * @param queries a row each {@code [m x (d + 3)]}: features and, over the keys that are left out,
   *     sum c, sum c (v - centre) and sum c (v - centre)^2; zeros leave nothing out
   */
  public LatticeAnswers answers(double[] queries) {
    int columns = plan.dim() + 3;
    int size = queries.length / columns;
    int stride = 2 * plain.length + BROAD;
    double[] sums = new double[size * stride];
    Footprint footprint = new Footprint(plan);
    Own own = new Own(plan);
    for (int i = 0; i < size; i++) {
      if (footprint.move(queries, i * columns)) {
        answer(footprint, own, queries, i * columns, sums, i * stride);
      } else {
        Arrays.fill(sums, i * stride, (i + 1) * stride, Double.NaN);
      }
    }
    return new LatticeAnswers(plan, valueCentre, bound, size, stride, sums);
  }

  /**
   * Writes the sums of c and of c v by target, then the broad sums of c, c v and c v^2; those of c
   * and c v^2 before anything was left out; and those of sites outside of the box.
   */
  private void answer(
      Footprint footprint, Own own, double[] queries, int at, double[] sums, int into) {
    int targets = plain.length;
    int left = at + plan.dim();
    boolean leaves = queries[left] != 0;
    if (leaves) {
      own.move(footprint);
    }
    for (int t = 0; t < targets; t++) {
      double share = leaves ? own.narrow[t] : 0;
      sums[into + t] = footprint.interpolate(plain[t]) - share * queries[left];
      sums[into + targets + t] = footprint.interpolate(valued[t]) - share * queries[left + 1];
    }
    int row = into + 2 * targets;
    double share = leaves ? own.broad : 0;
    for (int a = 0; a < broad.length; a++) {
      double all = footprint.interpolate(broad[a]);
      sums[row + a] = all - share * queries[left + a];
      if (a != 1) {
        sums[row + 3 + a / 2] = Math.max(0, all);
      }
    }
    exact.add(queries, at, sums, into);
  }
}
