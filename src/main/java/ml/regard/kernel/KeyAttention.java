package ml.regard.kernel;

import java.util.Arrays;
import java.util.Iterator;
import java.util.List;

/**
 * The attention of a block of queries to single keys, without a number for every pair: the weights
 * of {@link AttentionPooling#weights}, asked for in other ways.
 *
 * <pre>
 *   a_j = e_j / S0      e_j = c_j 2^-d2_j      S0 = sum e_j
 * </pre>
 *
 * <p>S0 is formed when this is made, in one pass over the keys; each question takes further passes.
 * A pass leaves out blocks that cannot matter: for S0 those that together weigh less than 2^-53 of
 * it. Queries may leave keys out. Memory: some 150 bytes a query. Not safe for many threads.
 */
public final class KeyAttention {
  private static final int LANES = PoolingSupport.LANES;

  /** What rounding leaves of a sum: blocks that weigh less than this share of S0 do not matter. */
  private static final double ROUNDING = 0x1p-53;

  /** Distances and logarithms are off by less than this, relatively or at all. */
  private static final double MARGIN = 1e-9;

  /** What is to be known of the pairs of a pass. */
  interface Visitor {
    /**
     * Whether query i has to meet a block.
     *
     * @param near2 at most the squared distance of its nearest key, as the exponent of base 2
     */
    boolean needs(int i, BlockSummary block, double near2);

    /**
     * Takes the keys of a block.
     *
     * @param logits log c - d2 of each key, of base 2; -infinity of one that query i leaves out;
     *     behind them lies nothing of use
     */
    void meet(int i, KeyBlock block, double[] logits);
  }

  private final Keys keys;
  private final int[] order;
  private final QueryBlock queries;
  private final double[] scales;
  private final PoolingPass pass;

  /** S0 of each query is whole 2^unit, with whole in [1, 2), or 0 without an allowed key. */
  private final double[] wholes;

  private final double[] units;
  private final double[] pooled;

  private KeyAttention(Keys keys, QueryBlock queries, double[] inverseWidths) {
    this.keys = keys;
    this.order = AttentionPooling.spaceOrder(keys, queries);
    this.queries = queries.select(order);
    double[][] widths = {inverseWidths};
    this.pass = new PoolingPass(keys, this.queries, widths, Terms.VALUE, 0, true);
    this.scales = Tile.scales(inverseWidths, keys.dim());
    this.wholes = new double[order.length];
    this.units = new double[order.length];
    this.pooled = new double[order.length];
    PooledState sums = AttentionPooling.pool(keys, this.queries, widths, Terms.VALUE, ROUNDING)[0];
    for (int i = 0; i < wholes.length; i++) {
      int exponent = Math.getExponent(sums.s0[i]);
      wholes[i] = Math.scalb(sums.s0[i], -exponent);
      units[i] = sums.reference[i] + exponent;
      pooled[i] = sums.pooled(i);
    }
  }

  /**
   * The attention of some queries, after one pass over the keys.
   *
   * @throws IllegalArgumentException if the dimensions of queries, keys and inverse widths differ
   */
  public static KeyAttention of(Keys keys, QueryBlock queries, double[] inverseWidths) {
    return new KeyAttention(keys, queries, inverseWidths);
  }

  /**
   * The keys of largest weight {@code [m]}, of each query at most so many, largest first and of
   * equal weights the lower position; none whose weight is below 2^-1022. Keys at the same place
   * are keys of their own. Cost: the distances once more, without blocks whose box is farther than
   * the keys found. Memory: 8 d + 60 bytes for each of them.
   *
   * @throws IllegalArgumentException if the number is not positive
   */
  public AttendedKey[][] top(int count) {
    TopKeys top = new TopKeys(this, Checks.positive("number of keys", count));
    visit(top);
    AttendedKey[][] found = new AttendedKey[order.length][];
    for (int i = 0; i < order.length; i++) {
      found[order[i]] = top.of(i);
    }
    return found;
  }

  /**
   * Quantiles of the values under the attention {@code [m x probabilities]}; see {@link
   * ValueQuantiles}. NaN for a query without an allowed key.
   *
   * @throws IllegalArgumentException unless each probability is in [0, 1]
   */
  public double[][] quantiles(double[] probabilities) {
    double[][] found = ValueQuantiles.of(this, probabilities);
    double[][] back = new double[order.length][];
    for (int i = 0; i < order.length; i++) {
      back[order[i]] = found[i];
    }
    return back;
  }

  Keys keys() {
    return keys;
  }

  /** The blocks with keys that some query may attend to. */
  List<BlockSummary> reachable() {
    return queries.reachable(keys.summaries());
  }

  int size() {
    return order.length;
  }

  /** Whether query i has no key that it may attend to. */
  boolean noKeys(int i) {
    return wholes[i] == 0;
  }

  /** What belongs to the queries as they were given, in the order of this class. */
  int[] inOrder(int[] ofQueries) {
    return Arrays.stream(order).map(q -> ofQueries[q]).toArray();
  }

  /** The pooled value of query i; NaN without an allowed key. */
  double pooled(int i) {
    return pooled[i];
  }

  /** S0 of query i, in the unit of {@link #part}. */
  double whole(int i) {
    return wholes[i];
  }

  /** e of a key with this logit, scaled as S0 of query i is. */
  double part(int i, double logit) {
    return Exp2.exp2(logit - units[i]);
  }

  /** Whether a block may weigh enough to be seen in sums over the keys of query i. */
  boolean matters(int i, BlockSummary block, double near2) {
    double share = whole(i) * ROUNDING / Math.max(1, keys.summaries().size());
    return block.totalLogWeight - near2 - units[i] >= Exp2.log2(share);
  }

  /** At least so large is the logit of each of a block's keys; -infinity where some are not met. */
  double leastLogit(int i, BlockSummary block) {
    if (!queries.meetsAll(i, block)) {
      return Double.NEGATIVE_INFINITY;
    }
    double far2 = 0;
    for (int f = 0; f < scales.length; f++) {
      double query = queries.features[f * queries.stride() + i];
      double x = Math.max(query - block.lower[f], block.upper[f] - query) * scales[f];
      far2 += x * x;
    }
    return block.leastLogWeight - Math.min(far2 * (1 + MARGIN) + MARGIN, PoolingSupport.FARTHEST);
  }

  private double near2(int i, BlockSummary block) {
    double near2 = 0;
    for (int f = 0; f < scales.length; f++) {
      double query = queries.features[f * queries.stride() + i];
      double x = Math.max(0, Math.max(block.lower[f] - query, query - block.upper[f])) * scales[f];
      near2 += x * x;
    }
    return Math.min(near2 * (1 - MARGIN) - MARGIN, PoolingSupport.FARTHEST);
  }

  private boolean needs(Visitor visitor, int i, BlockSummary block) {
    return !noKeys(i) && queries.attendsTo(i, block) && visitor.needs(i, block, near2(i, block));
  }

  private boolean attendTo(BlockSummary block) {
    return queries.attendTo(block.firstPosition, block.endPosition());
  }

  private boolean needed(Visitor visitor, BlockSummary block) {
    if (!attendTo(block)) {
      return false;
    }
    for (int i = 0; i < size(); i++) {
      if (needs(visitor, i, block)) {
        return true;
      }
    }
    return false;
  }

  /** Takes the queries past the keys, in order of their positions. */
  void visit(Visitor visitor) {
    double[] logits = new double[PackedKeys.BLOCK_SIZE * LANES];
    double[] keyLogits = new double[PackedKeys.BLOCK_SIZE];
    boolean[] meets = new boolean[LANES];
    Iterator<KeyBlock> blocks = keys.blocks(block -> needed(visitor, block));
    while (blocks.hasNext()) {
      KeyBlock block = blocks.next();
      double[] shares = null;
      for (int group = 0; attendTo(block.summary()) && group < size(); group += LANES) {
        int end = Math.min(group + LANES, size());
        boolean any = false;
        for (int i = group; i < end; i++) {
          meets[i - group] = needs(visitor, i, block.summary());
          any |= meets[i - group];
        }
        if (any) {
          pass.logits(block, group, logits);
          shares = shares == null ? block.logShares() : shares;
        }
        for (int i = group; i < end; i++) {
          if (meets[i - group]) {
            spread(i, block, logits, shares, keyLogits);
            visitor.meet(i, block, keyLogits);
          }
        }
      }
    }
  }

  /** Makes the logits of a block's sites those of its keys. */
  private void spread(
      int i, KeyBlock block, double[] siteLogits, double[] shares, double[] keyLogits) {
    for (int s = 0; s < block.sites(); s++) {
      double logit =
          queries.meets(i, block, s) ? siteLogits[s * LANES + i % LANES] : Double.NEGATIVE_INFINITY;
      for (int j = block.starts[s]; j < block.starts[s + 1]; j++) {
        keyLogits[j] = logit + shares[j];
      }
    }
  }
}
