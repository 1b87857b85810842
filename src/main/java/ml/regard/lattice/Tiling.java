package ml.regard.lattice;

import java.io.Serializable;
import java.util.stream.IntStream;

/**
 * Where the nodes of a lattice are in memory: in tiles of {@link #NODES}, which are as long along
 * every axis and as many as cover it,
 *
 * <pre>
 *   4096 nodes of one feature,   64 x 64 of two,   16 x 16 x 16 of three
 *   tile    sum_f (i_f / side) tileStep_f        node in its tile    sum_f (i_f % side) nodeStep_f
 * </pre>
 *
 * <p>with i_f the place of the node along the axis of feature f; the last feature is the innermost.
 * A stencil, which is no longer than a tile, lies in one or two of them along each axis. Immutable.
 */
final class Tiling implements Serializable {
  private static final long serialVersionUID = 1;

  private static final int LOG_NODES = 12;
  static final int NODES = 1 << LOG_NODES;

  final int dim;

  /** Nodes along each axis of a tile are 2^bits. */
  final int bits;

  /** Tiles along each axis, as doubles: there may be more than an int can count. */
  private final double[] counts;

  Tiling(Axis[] axes) {
    dim = axes.length;
    bits = LOG_NODES / dim;
    counts = new double[dim];
    for (int f = 0; f < dim; f++) {
      counts[f] = Math.ceil(axes[f].count / side());
    }
  }

  /** Nodes along each axis of a tile. */
  int side() {
    return 1 << bits;
  }

  /** Tiles of the whole box, as a double. */
  double size() {
    double size = 1;
    for (double count : counts) {
      size *= count;
    }
    return size;
  }

  /** Whether ints can count the tiles, and the nodes along each axis. */
  boolean addressable() {
    boolean addressable = size() <= Integer.MAX_VALUE;
    for (double count : counts) {
      addressable &= count * side() <= Integer.MAX_VALUE;
    }
    return addressable;
  }

  int[] all() {
    return IntStream.range(0, (int) size()).toArray();
  }

  /** How far apart the numbers of neighbouring tiles along the axis of feature f are. */
  int tileStep(int f) {
    int step = 1;
    for (int g = f + 1; g < dim; g++) {
      step *= (int) counts[g];
    }
    return step;
  }

  /** How far apart neighbouring nodes along the axis of feature f are in a tile. */
  int nodeStep(int f) {
    return 1 << (bits * (dim - 1 - f));
  }

  /** The number of the tile so many tiles up the axis of feature f, or -1 beyond its ends. */
  int neighbour(int tile, int f, int by) {
    int step = tileStep(f);
    int place = tile / step % (int) counts[f] + by;
    return place >= 0 && place < counts[f] ? tile + by * step : -1;
  }

  /** The given tiles and those up to so many tiles away along the axis of feature f, ascending. */
  int[] dilate(int[] tiles, int f, int by) {
    return tiles.length == size()
        ? tiles
        : IntStream.of(tiles)
            .flatMap(t -> IntStream.rangeClosed(-by, by).map(b -> neighbour(t, f, b)))
            .filter(t -> t >= 0)
            .sorted()
            .distinct()
            .toArray();
  }
}
