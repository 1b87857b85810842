package ml.regard.kernel;

import java.util.Arrays;

/**
 * Which blocks of keys a query need not meet.
 *
 * <p>The keys of a block are at least as far from a query as its bounding box, near2, and at most
 * as far as the box's farthest corner, far2 (squared, scaled as the exponents of base 2). With the
 * weight C of its allowed keys,
 *
 * <pre>
 *   C 2^-far2  &lt;=  the block's part of S0  &lt;=  C 2^-near2
 * </pre>
 *
 * <p>A block is left out of the sums of a query when each of its e is 0 in double precision anyway,
 * and within a tolerance of the pooled value, as a share of the standard deviation of the values,
 * when
 *
 * <pre>
 *   C 2^-near2 g  &lt;=  (tolerance deviation / range) / blocks  max over blocks (C 2^-far2)
 * </pre>
 *
 * <p>where g is 1, and max(near2, 4)^2 for derivatives by widths, whose terms are at most e near2^2
 * there. All that is left out is then at most t = tolerance deviation / range of S0, and moves the
 * pooled value by no more than the range of the values times that. Each query decides by itself, so
 * its bits do not depend on the queries beside it.
 *
 * <p>With DETAIL the same blocks are left out as for the value alone, whose bits so do not depend
 * on what else is told. Of the other sums, what is left out of S2 is below (t S0)^2, and each term
 * of M is at most x_f e: the effective keys move by a share of 2 t + n t^2, and the marginal effect
 * by about t x times the range of the values per width, x the distance in widths at which t begins
 * to leave keys out, 6 for 1e-8. The nearest key is exact: a block whose near2 is no larger than
 * every far2 may hold it, and is met for that even where it is left out of the sums.
 */
final class Reach {
  private static final int LANES = PoolingSupport.LANES;

  /** Terms with exponents below this are 0, with a margin for what rounds distances. */
  private static final double ZERO = Exp2.MIN - 2;

  /** Distances are off by less than this, relatively. */
  private static final double MARGIN = 1e-9;

  private final QueryBlock queries;
  private final Tile tile;
  private final boolean derivatives;

  /** The logarithm of what may be left out of a block, by lane. */
  private final double[] least;

  /** How far the nearest key can be, squared, by lane; null without DETAIL. */
  private final double[] nearest2;

  private boolean asks;

  private final double[] near2 = new double[LANES];
  private final boolean[] skips = new boolean[LANES];

  Reach(Keys keys, QueryBlock queries, Tile tile, Terms terms, double tolerance) {
    this.queries = queries;
    this.tile = tile;
    this.derivatives = terms.hasWidths();
    this.least = new double[queries.stride()];
    Arrays.fill(least, Double.NEGATIVE_INFINITY);
    this.nearest2 = terms == Terms.DETAIL ? new double[queries.stride()] : null;
    if (nearest2 != null) {
      Arrays.fill(nearest2, Double.POSITIVE_INFINITY);
    }
    // Keys of more features are in no space order, so their boxes overlap.
    boolean placed = tolerance > 0 && keys.dim() <= SpaceOrder.MAX_FEATURES;
    double share = placed ? tolerance * keys.valueShare() : 0;
    if (share > 0) {
      queries.reachable(keys.summaries()).forEach(this::atLeast);
      double left = Exp2.log2(share / keys.summaries().size());
      for (int i = 0; i < least.length; i++) {
        least[i] += left;
      }
    }
    if (nearest2 != null) {
      queries.reachable(keys.summaries()).forEach(this::notFarther);
    }
  }

  /** Raises each lane's lower bound of S0 to the part of one block. */
  private void atLeast(BlockSummary block) {
    for (int i = 0; i < queries.size(); i++) {
      double far2 = farthest(block, i);
      if (block.totalLogWeight - far2 > least[i]) {
        least[i] = Math.max(least[i], queries.logWeight(i, block) - far2);
      }
    }
  }

  /**
   * Lowers the bound of how far each lane's nearest key can be to that of the keys of one block.
   */
  private void notFarther(BlockSummary block) {
    for (int i = 0; i < queries.size(); i++) {
      double far2 = farthest(block, i);
      if (far2 < nearest2[i] && queries.logWeight(i, block) > Double.NEGATIVE_INFINITY) {
        nearest2[i] = far2;
      }
    }
  }

  /** The squared distance from lane i to the farthest corner of a block's box, and the margin. */
  private double farthest(BlockSummary block, int i) {
    double far2 = 0;
    for (int f = 0; f < queries.dim(); f++) {
      double query = queries.features[f * queries.stride() + i];
      double x = Math.max(query - block.lower[f], block.upper[f] - query) * tile.scales[f];
      far2 += x * x;
    }
    return far2 * (1 + MARGIN);
  }

  /** Finds which lanes of a group leave a block out of their sums; returns how many do. */
  int skipped(BlockSummary block, PooledState state, int group, int end) {
    nearest(block, group, end);
    int count = 0;
    asks = false;
    for (int lane = 0; lane < end - group; lane++) {
      double distance = near2[lane] * (1 - MARGIN);
      double reference = state.reference[group + lane];
      double room = least[group + lane] - (block.totalLogWeight - distance);
      boolean zero = block.maxLogWeight - distance - reference < ZERO;
      boolean within = room >= 0 && (!derivatives || 2 * Exp2.log2(Math.max(distance, 4)) <= room);
      boolean attends = queries.attendsTo(group + lane, block);
      skips[lane] = zero || within || !attends;
      count += skips[lane] ? 1 : 0;
      asks |=
          nearest2 != null
              && attends
              && distance <= Math.min(nearest2[group + lane], state.near2[group + lane]);
    }
    return count;
  }

  /** Whether a lane of the group last asked for leaves the block out. */
  boolean skips(int lane) {
    return skips[lane];
  }

  /** Whether the nearest key of a lane of the group last asked for may be in the block. */
  boolean asks() {
    return asks;
  }

  private void nearest(BlockSummary block, int group, int end) {
    Arrays.fill(near2, 0);
    for (int f = 0; f < queries.dim(); f++) {
      double lower = block.lower[f];
      double upper = block.upper[f];
      double scale = tile.scales[f];
      int shift = f * queries.stride() + group;
      for (int lane = 0; lane < end - group; lane++) {
        double query = queries.features[shift + lane];
        double x = Math.max(0, Math.max(lower - query, query - upper)) * scale;
        near2[lane] += x * x;
      }
    }
    if (tile.safe) {
      for (int lane = 0; lane < end - group; lane++) {
        near2[lane] = Math.min(near2[lane], PoolingSupport.FARTHEST);
      }
    }
  }
}
