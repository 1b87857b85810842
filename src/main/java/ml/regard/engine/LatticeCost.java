package ml.regard.engine;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import ml.regard.kernel.BlockSummary;
import ml.regard.kernel.Terms;
import ml.regard.lattice.LatticePlan;
import ml.regard.lattice.NodePlan;
import ml.regard.lattice.ValueGridPlan;

/**
 * Whether nodes are worth their sums, by counting.
 *
 * <pre>
 *   nodes     multiplications ({@link NodePlan#cost()}), and {@value #OVERHEAD} for two more jobs
 *   pairs     queries (keys prod_f min(1, 2 {@value #REACH} h_f / range_f + 2 / blocks^(1/d))
 *                      + {@value #QUESTIONS} blocks)
 * </pre>
 *
 * <p>A query meets the blocks within its reach, and asks of every block whether it is, in some
 * tasks. A multiplication, a pair and such a question take about as long as each other. Nodes are
 * those of a lattice, or the values of the features where these are few and cost less. The lattice
 * covers the range of the keys, or less of it where a few keys lie so far out that most nodes would
 * be theirs: ends of the range are cut at the bounds of whole blocks, at most {@value #MOST_CUT} on
 * each side. Of the range, here as there, the outermost blocks do not count.
 */
final class LatticeCost {
  private static final double OVERHEAD = 1e8;
  private static final double REACH = 8;
  private static final double QUESTIONS = 14;

  /** 2 x 3 sides of 16 blocks are 98,304 keys, fewer than a lattice keeps out of its box. */
  private static final int MOST_CUT = 16;

  private final long numKeys;
  private final int numBlocks;
  private final long numSites;

  /** The bounds of the blocks by feature: lower ones ascending, upper ones descending. */
  private final double[][] lower;

  private final double[][] upper;
  private final Optional<double[][]> values;

  /** Of keys that were surveyed. */
  LatticeCost(KeyFiles files) {
    List<BlockSummary> blocks = files.summaries();
    int dim = files.dim();
    values = files.values();
    numBlocks = blocks.size();
    numKeys = blocks.stream().mapToLong(BlockSummary::size).sum();
    numSites = blocks.stream().mapToLong(BlockSummary::sites).sum();
    lower = new double[dim][];
    upper = new double[dim][];
    for (int f = 0; f < dim; f++) {
      int feature = f;
      lower[f] = blocks.stream().mapToDouble(b -> b.lowest(feature)).sorted().toArray();
      double[] negative = blocks.stream().mapToDouble(b -> -b.highest(feature)).sorted().toArray();
      upper[f] = Arrays.stream(negative).map(x -> -x).toArray();
    }
  }

  /**
   * What was chosen.
   *
   * @param plan the nodes; empty where pairs are cheaper, or there are too many nodes
   * @param sentence what, or why not, with the numbers
   */
  record Choice(Optional<NodePlan> plan, String sentence) {}

  /**
   * The cheapest nodes for some queries.
   *
   * @param queries about how many queries will ask
   * @param everywhere whether they are no training rows
   */
  Choice choose(
      double[] inverseWidths, Terms terms, double tolerance, double queries, boolean everywhere) {
    if (tolerance == 0) {
      return new Choice(Optional.empty(), "answerTolerance 0 allows for exact sums only");
    }
    NodePlan best = nodes(inverseWidths, terms, tolerance, queries, everywhere);
    double pairs = pairs(inverseWidths, queries);
    boolean pays = !best.declined() && best.cost() + OVERHEAD < pairs;
    String sentence =
        "%s; exact sums form about %s pairs"
            .formatted(best.sentence(), String.format(Locale.ROOT, "%.3g", pairs));
    return new Choice(Optional.of(best).filter(plan -> pays), sentence);
  }

  /** The cheapest nodes, whatever pairs would cost; they may have declined. */
  NodePlan nodes(
      double[] inverseWidths, Terms terms, double tolerance, double queries, boolean everywhere) {
    NodePlan best = lattice(inverseWidths, terms, tolerance, queries);
    if (!values.isEmpty()) {
      NodePlan grid =
          ValueGridPlan.of(
              values.get(), inverseWidths, terms, tolerance, everywhere, LatticePlan.BUDGET);
      best = better(grid, best) ? grid : best;
    }
    return best;
  }

  private static boolean better(NodePlan plan, NodePlan best) {
    return !plan.declined() && (best.declined() || plan.cost() < best.cost());
  }

  private NodePlan lattice(double[] inverseWidths, Terms terms, double tolerance, double queries) {
    NodePlan best = lattice(0, inverseWidths, terms, tolerance, queries);
    for (int cut = 1; cut <= MOST_CUT && 4 * cut < lower[0].length; cut *= 2) {
      NodePlan other = lattice(cut, inverseWidths, terms, tolerance, queries);
      // Rows beyond a cut are handed over, so a small gain is none.
      boolean gains = best.declined() || other.cost() < best.cost() / 2;
      best = gains && better(other, best) ? other : best;
    }
    return best;
  }

  private LatticePlan lattice(
      int cut, double[] inverseWidths, Terms terms, double tolerance, double queries) {
    double[][] box = new double[2][lower.length];
    for (int f = 0; f < lower.length; f++) {
      box[0][f] = lower[f][cut];
      box[1][f] = Math.max(lower[f][cut], upper[f][cut]);
    }
    return LatticePlan.of(
        box, inverseWidths, terms, tolerance, numSites, (long) queries, LatticePlan.BUDGET);
  }

  private double pairs(double[] inverseWidths, double queries) {
    double side = StrictMath.pow(numBlocks, -1.0 / lower.length);
    int cut = Math.min(MOST_CUT, (numBlocks - 1) / 4);
    double share = 1;
    for (int f = 0; f < lower.length; f++) {
      double w = Math.abs(inverseWidths[inverseWidths.length == 1 ? 0 : f]);
      double widths = (upper[f][cut] - lower[f][cut]) * w;
      share *= widths > 0 ? Math.min(1, 2 * REACH / widths + 2 * side) : 1;
    }
    return queries * (share * numKeys + QUESTIONS * numBlocks);
  }
}
