package ml.regard.kernel;

import java.util.Arrays;

/**
 * The keys of a block, and a group of queries before a tile of them, in single precision, for
 * predictions that need no more.
 *
 * <p>Coordinates are differences from the middle site of their tile, scaled in double precision and
 * then rounded; values are shares of the range of the block's values, and weights relative to the
 * largest. So neither the units nor the place of anything costs digits:
 *
 * <pre>
 *   x_f = q_f' - k_f'      e' = 2^((log C - m) - sum_f x_f^2)      m a whole number, e' &lt;= 1
 *   S0 += 2^m sum e'       S1 += 2^m (middle sum e' + half sum e' u)      V = middle + half u
 * </pre>
 *
 * <p>The sums over a tile are of single precision, and are added in double precision.
 */
final class Singles {
  private static final int LANES = PoolingSupport.LANES;
  private static final int SITES = PoolingSupport.SITES;

  /**
   * A tile with sites farther than this from its middle one, scaled, is left to double precision.
   */
  private static final double WIDEST = 16;

  /** The least S0 that is believed, relative to the weight of the heaviest site. */
  private static final double NEAR = 0x1p-24;

  private final Tile tile;

  /** The scaled coordinates of the block's sites, {@code [sites x dim]}. */
  final float[] keys;

  /** log C - m of each site. */
  final float[] logWeights = new float[PackedKeys.BLOCK_SIZE];

  /** u of each site. */
  final float[] values = new float[PackedKeys.BLOCK_SIZE];

  /** The scaled coordinates of the group's queries, {@code [dim x LANES]}. */
  final float[] queries;

  /** The sums of the tile, by lane. */
  final float[] s0 = new float[LANES];

  final float[] s1 = new float[LANES];

  private final boolean[] narrow = new boolean[PackedKeys.BLOCK_SIZE / SITES];

  /** The logarithm of the weight of the heaviest site that each lane has met, rounded up. */
  private final double[] heaviest;

  private double blockLog;
  private double middle;
  private double half;
  private double weight;

  Singles(Tile tile) {
    this.tile = tile;
    this.keys = new float[PackedKeys.BLOCK_SIZE * tile.scales.length];
    this.queries = new float[tile.scales.length * LANES];
    this.heaviest = new double[tile.stride];
    Arrays.fill(heaviest, Double.NEGATIVE_INFINITY);
  }

  /** Takes over the tile's block. */
  void load() {
    KeyBlock block = tile.keys;
    double least = Double.POSITIVE_INFINITY;
    double largest = Double.NEGATIVE_INFINITY;
    for (double value : block.siteValues) {
      least = Math.min(least, value);
      largest = Math.max(largest, value);
    }
    middle = least + (largest - least) / 2;
    half = largest > least ? (largest - least) / 2 : 1;
    blockLog = Math.ceil(block.summary().maxLogWeight);
    weight = Math.scalb(1.0, (int) blockLog);
    for (int s = 0; s < block.sites(); s++) {
      values[s] = (float) ((block.siteValues[s] - middle) / half);
      logWeights[s] = (float) (block.logWeights[s] - blockLog);
    }
    for (int from = 0; from < block.sites(); from += SITES) {
      narrow[from / SITES] = loadTile(block, from, Math.min(from + SITES, block.sites()));
    }
  }

  private boolean loadTile(KeyBlock block, int from, int to) {
    int dim = block.dim;
    double widest2 = 0;
    for (int f = 0; f < dim; f++) {
      double middle = block.features[centre(from, to) * dim + f];
      double widest = 0;
      for (int s = from; s < to; s++) {
        double x = (block.features[s * dim + f] - middle) * tile.scales[f];
        keys[s * dim + f] = (float) x;
        widest = Math.max(widest, Math.abs(x));
      }
      widest2 += widest * widest;
    }
    return widest2 <= WIDEST * WIDEST;
  }

  private static int centre(int from, int to) {
    return (from + to) >>> 1;
  }

  /** Whether the sites of the tile are near enough to each other; then the queries are at hand. */
  boolean fits() {
    if (!narrow[tile.from / SITES]) {
      return false;
    }
    KeyBlock block = tile.keys;
    for (int f = 0; f < block.dim; f++) {
      double middle = block.features[centre(tile.from, tile.to) * block.dim + f];
      double scale = tile.scales[f];
      int shift = f * tile.stride + tile.first;
      for (int lane = 0; lane < LANES; lane++) {
        queries[f * LANES + lane] =
            (float) ((tile.queries.features[shift + lane] - middle) * scale);
      }
    }
    return true;
  }

  /** Takes note that a lane has met the block. */
  void met(int lane) {
    heaviest[lane] = Math.max(heaviest[lane], blockLog);
  }

  /** The S0 from which on that of a lane is believed. */
  double least(int lane) {
    return NEAR * Math.scalb(1.0, (int) heaviest[lane]);
  }

  /** Adds the sums of the tile to those of its lanes, and begins anew. */
  void addTo(PooledState state) {
    for (int lane = 0; lane < LANES; lane++) {
      state.s0[tile.first + lane] += weight * s0[lane];
      state.s1[tile.first + lane] += weight * (middle * s0[lane] + half * s1[lane]);
      s0[lane] = 0;
      s1[lane] = 0;
    }
  }
}
