package ml.regard.kernel;

import java.util.Arrays;

/**
 * A block of queries on its way past keys, block by block, with their sums for each candidate of
 * the inverse widths. {@link #meet} the blocks in order, then look at the {@link #states}.
 *
 * <p>A <em>near</em> pass is the fast one; queries for which its states turn out to be {@link
 * PooledState#far} make another, <em>safe</em> pass, which costs the distances twice.
 *
 * <p>Blocks that cannot change a query's answer are left out of its sums ({@link Reach}): a group
 * of queries passes by a block when all of them leave it out.
 *
 * <p>Cost: one exponential per pair of query and site. Allocates sums and scratch when it is made,
 * and nothing when it meets keys. Not safe for many threads.
 */
public final class PoolingPass {
  private static final int LANES = PoolingSupport.LANES;

  /** For single lanes, with the same bits. */
  static final PoolingSupport PLAIN = new ScalarSupport();

  private final PoolingSupport support;
  private final QueryBlock queries;
  private final Tile[] tiles;
  private final Reach[] reaches;
  private final PooledState[] states;
  private final Keys keys;
  private final double[][] candidates;
  private final Terms terms;
  private final boolean safe;
  private final double[] max = new double[LANES];
  private final double[][] kept;
  private final int[] allowedFirst = new int[LANES];
  private final int[] allowedEnd = new int[LANES];
  private final int[] leftOutFirst = new int[LANES];
  private final int[] leftOutEnd = new int[LANES];

  /**
   * A pass that has met no key.
   *
   * @param keys where the keys come from
   * @param candidates inverse widths, of length 1 or dim each
   * @param tolerance by how much a pooled value may be moved by keys that are left out, as a share
   *     of the standard deviation of the values; 0 for none that would change a bit
   * @throws IllegalArgumentException if the dimensions of queries, keys and inverse widths differ
   */
  public PoolingPass(
      Keys keys,
      QueryBlock queries,
      double[][] candidates,
      Terms terms,
      double tolerance,
      boolean safe) {
    this(
        AttentionPooling.SUPPORT,
        keys,
        queries,
        candidates,
        terms,
        Precision.FLOAT64,
        tolerance,
        safe);
  }

  PoolingPass(
      PoolingSupport support,
      Keys keys,
      QueryBlock queries,
      double[][] candidates,
      Terms terms,
      Precision precision,
      double tolerance,
      boolean safe) {
    this.support = support;
    if (queries.dim() != keys.dim()) {
      throw new IllegalArgumentException(
          "queries must have the %d features of the keys, but have %d"
              .formatted(keys.dim(), queries.dim()));
    }
    this.queries = queries;
    tiles = new Tile[candidates.length];
    reaches = new Reach[candidates.length];
    states = new PooledState[candidates.length];
    this.keys = keys;
    this.candidates = candidates;
    this.terms = terms;
    this.safe = safe;
    for (int c = 0; c < candidates.length; c++) {
      Checks.inverseWidths(candidates[c], keys.dim());
      tiles[c] = new Tile(queries, candidates[c], terms, precision, safe);
      reaches[c] = new Reach(keys, queries, tiles[c], terms, tolerance);
    }
    startAnew();
    int sums = Arrays.stream(states).mapToInt(PooledState::numSums).max().orElse(0);
    kept = new double[sums][LANES];
  }

  /** The sums for each candidate over the keys met so far, or since it started anew. */
  public PooledState[] states() {
    return states.clone();
  }

  /** Forgets the keys met so far: new sums begin. */
  public void startAnew() {
    for (int c = 0; c < states.length; c++) {
      states[c] =
          new PooledState(
              queries.size(),
              terms == Terms.DETAIL ? keys.dim() : candidates[c].length,
              keys.numOthers(),
              terms,
              keys.valueCentre(),
              safe);
    }
  }

  /**
   * Whether some query has to meet a block; the states of those that need not are as if it had been
   * met.
   */
  public boolean needs(BlockSummary block) {
    if (!queries.attendTo(block.firstPosition, block.endPosition())) {
      return false;
    }
    for (int c = 0; c < tiles.length; c++) {
      for (int group = 0; group < queries.size(); group += LANES) {
        int end = Math.min(group + LANES, queries.size());
        if (reaches[c].skipped(block, states[c], group, end) < end - group || reaches[c].asks()) {
          return true;
        }
      }
    }
    return false;
  }

  /** Takes the queries past one block of keys. */
  public void meet(KeyBlock keys) {
    if (!queries.attendTo(keys.firstPosition, keys.endPosition())) {
      return;
    }
    for (Tile tile : tiles) {
      tile.keys = keys;
      if (tile.singles != null) {
        tile.singles.load();
      }
    }
    for (int group = 0; group < queries.size(); group += LANES) {
      int end = Math.min(group + LANES, queries.size());
      choose(keys, group, end);
      for (int c = 0; c < tiles.length; c++) {
        meet(keys, c, group, end);
      }
    }
  }

  private void meet(KeyBlock keys, int c, int group, int end) {
    PooledState state = states[c];
    int skipped = reaches[c].skipped(keys.summary(), state, group, end);
    if (skipped == end - group && !reaches[c].asks()) {
      return;
    }
    tiles[c].nearestOnly = skipped == end - group;
    if (tiles[c].nearestOnly) {
      visit(tiles[c], state, group, end);
      return;
    }
    if (skipped > 0) {
      state.keep(group, end, kept);
    }
    if (tiles[c].safe) {
      raise(tiles[c], reaches[c], state, group, end);
    }
    visit(tiles[c], state, group, end);
    for (int lane = group; skipped > 0 && lane < end; lane++) {
      if (reaches[c].skips(lane - group)) {
        state.restore(lane, kept, group);
      }
    }
    if (tiles[c].singles != null) {
      for (int lane = group; lane < end; lane++) {
        if (!reaches[c].skips(lane - group)) {
          tiles[c].singles.met(lane);
        }
      }
    }
  }

  /**
   * The queries of a pass in single precision, with one candidate, whose sums cannot be believed.
   */
  int[] farInSingle() {
    return states[0].far(tiles[0].singles::least);
  }

  /** Takes the queries past all keys. */
  PoolingPass meet(Keys keys) {
    keys.blocks(this::needs).forEachRemaining(this::meet);
    return this;
  }

  /** The logits of a group's lanes over one block, {@code [sites x LANES]} from site 0. */
  void logits(KeyBlock keys, int group, double[] logits) {
    Tile tile = tiles[0];
    tile.keys = keys;
    tile.first = group;
    tile.end = Math.min(group + LANES, queries.size());
    for (int from = 0; from < keys.sites(); from += PoolingSupport.SITES) {
      tile.from = from;
      tile.to = Math.min(from + PoolingSupport.SITES, keys.sites());
      support.logits(tile);
      System.arraycopy(tile.attention, 0, logits, from * LANES, (tile.to - from) * LANES);
    }
  }

  /** Which sites of the block each lane may attend to, and which of these it leaves out. */
  private void choose(KeyBlock keys, int group, int end) {
    for (int lane = 0; lane < end - group; lane++) {
      allowedFirst[lane] = queries.allowedFirst(group + lane, keys);
      allowedEnd[lane] = queries.allowedEnd(group + lane, keys);
      int first = queries.leftOutFirst(group + lane, keys);
      boolean none = first == keys.sites();
      leftOutFirst[lane] = none ? first : Math.min(first, allowedEnd[lane]);
      leftOutEnd[lane] = none ? first : queries.leftOutEnd(group + lane, keys);
    }
  }

  /**
   * Sites that all lanes meet go to all lanes together; those that some lane does not to each lane
   * alone. So each lane meets its sites in order.
   */
  private void visit(Tile tile, PooledState state, int group, int end) {
    int sites = tile.keys.sites();
    int begin = 0;
    int stop = sites;
    int first = sites;
    int last = 0;
    for (int lane = 0; lane < end - group; lane++) {
      begin = Math.max(begin, allowedFirst[lane]);
      stop = Math.min(stop, allowedEnd[lane]);
      if (leftOutFirst[lane] < sites) {
        first = Math.min(first, leftOutFirst[lane]);
        last = Math.max(last, leftOutEnd[lane]);
      }
    }
    if (begin >= stop) {
      addAlone(tile, state, group, end, 0, sites);
      return;
    }
    first = Math.max(begin, Math.min(first, stop));
    last = Math.max(first, Math.min(last, stop));
    addAlone(tile, state, group, end, 0, begin);
    add(support, tile, state, group, end, begin, first);
    addAlone(tile, state, group, end, first, last);
    add(support, tile, state, group, end, last, stop);
    addAlone(tile, state, group, end, stop, sites);
  }

  /** Takes each lane past those of the sites from to to - 1 that it meets. */
  private void addAlone(Tile tile, PooledState state, int group, int end, int from, int to) {
    for (int lane = 0; from < to && lane < end - group; lane++) {
      int begin = Math.max(from, allowedFirst[lane]);
      int stop = Math.min(to, allowedEnd[lane]);
      int first = Math.min(leftOutFirst[lane], stop);
      int last = Math.max(leftOutEnd[lane], begin);
      add(PLAIN, tile, state, group + lane, group + lane + 1, begin, first);
      add(PLAIN, tile, state, group + lane, group + lane + 1, Math.max(last, first), stop);
    }
  }

  private static void add(
      PoolingSupport support, Tile tile, PooledState state, int first, int end, int from, int to) {
    tile.first = first;
    tile.end = end;
    for (tile.from = from; tile.from < to; tile.from = tile.to) {
      tile.to = Math.min(tile.from + PoolingSupport.SITES, to);
      support.add(tile, state);
    }
  }

  private boolean meets(int lane, int site) {
    boolean isAllowed = allowedFirst[lane] <= site && site < allowedEnd[lane];
    return isAllowed && (site < leftOutFirst[lane] || site >= leftOutEnd[lane]);
  }

  /** Raises the references to the nearest site of the block that a lane meets. */
  private void raise(Tile tile, Reach reach, PooledState state, int group, int end) {
    int sites = tile.keys.sites();
    Arrays.fill(max, Double.NEGATIVE_INFINITY);
    tile.first = group;
    tile.end = end;
    for (tile.from = 0; tile.from < sites; tile.from = tile.to) {
      tile.to = Math.min(tile.from + PoolingSupport.SITES, sites);
      support.logits(tile);
      for (int lane = 0; lane < end - group; lane++) {
        for (int site = tile.from; site < tile.to; site++) {
          if (meets(lane, site)) {
            max[lane] = Math.max(max[lane], tile.attention[(site - tile.from) * LANES + lane]);
          }
        }
      }
    }
    for (int lane = group; lane < end; lane++) {
      if (!reach.skips(lane - group)) {
        state.raise(lane, Math.ceil(max[lane - group]));
      }
    }
  }
}
