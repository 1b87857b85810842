package ml.regard.kernel;

/**
 * The loops over pairs of site and query. Implementations give the same bits: lanes are queries,
 * sites run in order, one accumulator per lane and sum, and every operation is the same, fused
 * multiply-add where one is named and nowhere else:
 *
 * <pre>
 *   x_f = (q_f - k_f) scale_f      d2 = x_0 x_0, then fma(x_f, x_f, d2)
 *   e = 2^((log C - reference) - d2)
 *   S0 += e     S1 = fma(e, V, S1), also of further values     S2 = fma(e e, m, S2)     Q = fma(e, m', Q)
 *   shared width     a = e d2          T0 += a    T1 = fma(a, V, T1)
 *                    b = a d2          U0 += b    U1 = fma(b, V, U1)
 *   width by width   a_f = e (x_f x_f)        the same with a_f and b_gh = a_g (x_h x_h)
 *   detail           S2 as above, also of further values      near2 = the smaller of near2 and d2
 *                    a_f = e x_f               M0 += a_f     M1 = fma(a_f, V, M1)
 * </pre>
 *
 * <p>They trust their arguments; the door is {@link AttentionPooling}. A support may work on lanes
 * behind the tile's last, up to the end of the group. Stateless and safe for many threads.
 */
abstract class PoolingSupport {
  /** Lanes of a group. */
  static final int LANES = 16;

  /** Sites of a tile. */
  static final int SITES = 64;

  /** Beyond this the square of a distance counts as this, in a safe tile. */
  static final double FARTHEST = 1e100;

  /** The distance whose square that is: beyond it an x_f counts as this in M0 and M1. */
  static final double FARTHEST_X = 1e50;

  /** "scalar" or "simd", as manifests and benchmarks report it. */
  abstract String name();

  /** Adds the sites of a tile to the sums of its lanes. */
  final void add(Tile tile, PooledState state) {
    boolean alone = state.others.length == 0;
    if (alone && tile.singles != null && tile.singles.fits()) {
      poolSingle(tile);
      tile.singles.addTo(state);
      return;
    }
    boolean near = alone && !tile.safe && state.terms == Terms.VALUE;
    if (near && pool(tile, state)) {
      return;
    }
    if (tile.nearestOnly) {
      distances(tile);
      nearest(tile, state);
      return;
    }
    if (!tile.safe && state.terms == Terms.DETAIL && detail(tile, state)) {
      furtherDetail(tile, state);
      return;
    }
    distances(tile);
    attend(tile, state);
    for (int v = 0; v < state.others.length && state.terms != Terms.DETAIL; v++) {
      other(tile, state, v);
    }
    switch (state.terms) {
      case VALUE -> {}
      case SPREAD -> spread(tile, state);
      case DETAIL -> {
        nearest(tile, state);
        square(tile, state);
        // Here alone an x_f may be too large for M, which the plain loops look after.
        PoolingSupport loops = tile.safe ? PoolingPass.PLAIN : this;
        for (int f = 0; f < state.m0.length; f++) {
          loops.effect(tile, state, f);
        }
        furtherDetail(tile, state);
      }
      case WIDTHS, CURVATURE -> {
        if (state.numWidths == 1) {
          shared(tile, state);
        } else if (state.terms == Terms.WIDTHS) {
          for (int f = 0; f < state.numWidths; f++) {
            slope(tile, state, f);
          }
        } else {
          curvature(tile, state);
        }
      }
    }
  }

  private void furtherDetail(Tile tile, PooledState state) {
    for (int v = 0; v < state.others.length; v++) {
      otherDetail(tile, state, v);
    }
  }

  private void curvature(Tile tile, PooledState state) {
    for (int f = 0; f < state.numWidths; f++) {
      moment(tile, state, f);
    }
    int pair = 0;
    for (int g = 0; g < state.numWidths; g++) {
      for (int h = g; h < state.numWidths; h++, pair++) {
        product(tile, state, g, h, pair);
      }
    }
  }

  /** The logits log C - d2 of a tile, of base 2, in the place of the attention. */
  final void logits(Tile tile) {
    distances(tile);
    for (int s = 0; s < tile.to - tile.from; s++) {
      double log = tile.keys.logWeights[tile.from + s];
      for (int at = s * LANES; at < (s + 1) * LANES; at++) {
        tile.attention[at] = log - tile.distances[at];
      }
    }
  }

  /** The distances of a tile, feature after feature, and their bound. */
  private void distances(Tile tile) {
    for (int f = 0; f < tile.scales.length; f++) {
      distance(tile, f);
    }
    if (tile.safe) {
      bound(tile, tile.distances);
      for (double[] squares : tile.squares) {
        bound(tile, squares);
      }
    }
  }

  private static void bound(Tile tile, double[] squares) {
    for (int at = 0; at < (tile.to - tile.from) * LANES; at++) {
      squares[at] = Math.min(squares[at], FARTHEST);
    }
  }

  /**
   * S0 and S1 of a tile that is not safe, in one loop without scratch; false where there is no loop
   * for the number of features, and nothing is done.
   */
  abstract boolean pool(Tile tile, PooledState state);

  /**
   * Adds the sums of a tile in single precision, with the operations above, x_f = q_f - k_f, and
   * fma where features follow the first.
   */
  abstract void poolSingle(Tile tile);

  /**
   * Adds feature f to the distances, of which feature 0 are the first, and keeps its square where
   * the tile has room for it.
   */
  abstract void distance(Tile tile, int f);

  /** Turns distances into attention, and adds S0 and S1. */
  abstract void attend(Tile tile, PooledState state);

  /** Adds S1 of a further value. */
  abstract void other(Tile tile, PooledState state, int v);

  /** Adds S2 and Q. */
  abstract void spread(Tile tile, PooledState state);

  /**
   * All of DETAIL but what is of further values, of a tile that is not safe, in one loop that
   * leaves the attention; false where there is no loop for the number of features, and nothing is
   * done.
   */
  abstract boolean detail(Tile tile, PooledState state);

  /** Finds the nearest site. */
  abstract void nearest(Tile tile, PooledState state);

  /** Adds S2. */
  abstract void square(Tile tile, PooledState state);

  /** Adds S1 and S2 of a further value. */
  abstract void otherDetail(Tile tile, PooledState state, int v);

  /**
   * Adds M0 and M1 of feature f; forms x_f anew. In a safe tile the plain loops bound x_f;
   * elsewhere a site so far away has no attention.
   */
  abstract void effect(Tile tile, PooledState state, int f);

  /** Adds T0 and T1 of a shared width, and U0 and U1 where the state has them. */
  abstract void shared(Tile tile, PooledState state);

  /**
   * Adds T0 and T1 of the width of feature f. Forms x_f^2, at most FARTHEST, anew: with many
   * features those of a tile would not stay in the cache.
   */
  abstract void slope(Tile tile, PooledState state, int f);

  /** Adds T0 and T1 of the width of feature f, and keeps e x_f^2. */
  abstract void moment(Tile tile, PooledState state, int f);

  /** Adds U0 and U1 of the widths of the features g and h. */
  abstract void product(Tile tile, PooledState state, int g, int h, int pair);
}
