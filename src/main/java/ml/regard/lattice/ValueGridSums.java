package ml.regard.lattice;

import java.util.Arrays;
import java.util.stream.IntStream;

/**
 * The sums of every node of a grid of values over all sites but those on the node itself, which are
 * never in them, and so need not be taken away from what leaves them out:
 *
 * <pre>
 *   full_f  = full_{f-1} + hollow_f       hollow_f: full_{f-1} convolved along axis f without its
 *   other_f = other_{f-1} + hollow_f      middle;  full_0 = the sites, other_0 = 0
 * </pre>
 *
 * <p>Kernels with a factor x^2 have no middle. Memory: 8 bytes for each number of a node; where
 * only training rows ask, of a node with sites.
 */
final class ValueGridSums implements NodeSums {
  private static final long serialVersionUID = 1;

  private final ValueGridPlan plan;
  private final double valueCentre;

  /** By node, where its numbers are; -1 for none. */
  private final int[] slots;

  /** By slot: how many sites there are, and their sums of c and c v. */
  private final int[] parts;

  private final double[] own;

  /** By slot, the sums of c and then those of c v, by target ({@link Moments}). */
  private final double[] others;

  private final double weight;
  private final double squares;

  private ValueGridSums(
      ValueGridPlan plan,
      double valueCentre,
      int[] slots,
      int[] parts,
      double[] own,
      double[] others,
      double weight,
      double squares) {
    this.plan = plan;
    this.valueCentre = valueCentre;
    this.slots = slots;
    this.parts = parts;
    this.own = own;
    this.others = others;
    this.weight = weight;
    this.squares = squares;
  }

  static ValueGridSums of(
      ValueGridPlan plan,
      double valueCentre,
      ValueGridState.Gathered sites,
      double weight,
      double squares) {
    int count = sites.parts().length;
    int[] slots = new int[count];
    int[] wanted =
        IntStream.range(0, count)
            .filter(node -> plan.everywhere() || sites.parts()[node] > 0)
            .toArray();
    Arrays.fill(slots, -1);
    int[] parts = new int[wanted.length];
    double[] own = new double[2 * wanted.length];
    for (int slot = 0; slot < wanted.length; slot++) {
      slots[wanted[slot]] = slot;
      parts[slot] = sites.parts()[wanted[slot]];
      own[2 * slot] = sites.weights()[wanted[slot]];
      own[2 * slot + 1] = sites.values()[wanted[slot]];
    }
    int targets = plan.moments().numTargets;
    double[] others = new double[2 * targets * wanted.length];
    GridConvolution convolution = new GridConvolution(plan);
    for (int column = 0; column < 2; column++) {
      double[][] sums = convolution.others(column == 0 ? sites.weights() : sites.values());
      for (int t = 0; t < targets; t++) {
        for (int slot = 0; slot < wanted.length; slot++) {
          others[(2 * slot + column) * targets + t] = sums[t][wanted[slot]];
        }
      }
    }
    return new ValueGridSums(plan, valueCentre, slots, parts, own, others, weight, squares);
  }

  @Override
  public NodeAnswers answers(double[] queries) {
    int dim = plan.axes().length;
    int columns = dim + 3;
    int size = queries.length / columns;
    int targets = plan.moments().numTargets;
    double[][] plain = new double[size][];
    double[][] valued = new double[size][];
    for (int i = 0; i < size; i++) {
      int node = plan.node(queries, i * columns);
      int slot = node < 0 ? -1 : slots[node];
      plain[i] = new double[targets];
      valued[i] = new double[targets];
      plain[i][0] = node < 0 ? 0 : Double.NaN;
      if (node < 0) {
        new Visit(queries, i * columns, plain[i], valued[i]).descend(0, 0, 1);
      } else if (slot >= 0) {
        int at = 2 * slot * targets;
        System.arraycopy(others, at, plain[i], 0, targets);
        System.arraycopy(others, at + targets, valued[i], 0, targets);
        addRest(slot, queries, i * columns + dim, plain[i], valued[i]);
      }
    }
    return new ValueGridAnswers(plan, valueCentre, plain, valued, weight, squares);
  }

  /** A query that lies on no node, on its way past the nodes within its reach. */
  private final class Visit {
    private final double[] query;
    private final int at;
    private final double[] plain;
    private final double[] valued;
    private final double[] squares;

    Visit(double[] query, int at, double[] plain, double[] valued) {
      this.query = query;
      this.at = at;
      this.plain = plain;
      this.valued = valued;
      squares = new double[plan.axes().length];
    }

    /** Goes on along axis f, with the place on the axes before it and their part of the kernel. */
    void descend(int f, int node, double kernel) {
      if (f == squares.length) {
        add(slots[node], kernel);
        return;
      }
      ValueAxis axis = plan.axes()[f];
      double x = query[at + f];
      double reach = ValueAxis.REACH / axis.inverseWidth;
      int end = axis.firstFrom(x + reach, true);
      for (int j = axis.firstFrom(x - reach, false); j < end; j++) {
        double scaled = (x - axis.values[j]) * axis.inverseWidth;
        squares[f] = scaled * scaled;
        double product = kernel * StrictMath.exp(-squares[f] / 2);
        descend(f + 1, node * axis.values.length + j, product);
      }
    }

    private void add(int slot, double kernel) {
      if (slot < 0) {
        return;
      }
      for (Moments.Moment moment : plan.moments().moments) {
        double term = kernel * moment.factor;
        for (int f = 0; f < squares.length; f++) {
          for (int k = 0; k < moment.powers[f]; k++) {
            term *= squares[f];
          }
        }
        plain[moment.target] += term * own[2 * slot];
        valued[moment.target] += term * own[2 * slot + 1];
      }
    }
  }

  /** Adds what the query does not leave out of its own node; NaN where that is not known well. */
  private void addRest(int slot, double[] queries, int left, double[] plain, double[] valued) {
    double all = own[2 * slot];
    double rest = all - queries[left];
    double rounding = 4 * (1 + parts[slot]) * Math.ulp(all);
    if (Math.abs(rest) <= rounding) {
      return;
    }
    boolean known = queries[left] == 0 || rest > 1e9 * rounding;
    plain[0] += known ? rest : Double.NaN;
    valued[0] += own[2 * slot + 1] - queries[left + 1];
  }
}
