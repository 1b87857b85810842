package ml.regard.lattice;

import java.util.Arrays;
import java.util.function.IntFunction;

/**
 * The nodes around one point, with their weights: where a site is spread to, and what a query is
 * interpolated from. Fewer than three features count as three, of which the first have one node.
 *
 * <p>Where the stencil crosses from one tile to the next, along some of the axes, it consists of
 * parts: one for each of these tiles. A part is a subset of the axes that are crossed.
 *
 * <p>Scratch that is moved from point to point; nothing is allocated. Not safe for many threads.
 */
final class Footprint {
  private static final int AXES = 3;
  static final RowSupport ROWS = RowSupport.pick();

  private final Axis[] axes;
  private final Tiling tiling;
  private final Stencil stencil;
  private final int[] tileSteps = new int[AXES];
  private final int[] nodeSteps = new int[AXES];

  /** By axis. */
  final double[][] weights = new double[AXES][];

  /** By axis, where in its tile the first node is. */
  private final int[] places = new int[AXES];

  private int firstTile;
  private int crossed;

  /** Of the part entered: its tile, the planes that belong to it, and the first of these. */
  private int tile;

  private int firstPlane;
  private int endPlane;
  private int base;
  private final Plane plane = new Plane();

  /** For each number of a node: of a site times the innermost weights; of a plane of a query. */
  private double[] scratch = new double[0];

  Footprint(LatticePlan plan) {
    axes = plan.axes();
    tiling = plan.tiling();
    stencil = new Stencil(plan.order());
    for (int a = 0; a < AXES; a++) {
      int f = a - (AXES - axes.length);
      weights[a] = new double[f < 0 ? 1 : plan.order()];
      weights[a][0] = 1;
      tileSteps[a] = f < 0 ? 0 : tiling.tileStep(f);
      nodeSteps[a] = f < 0 ? 0 : tiling.nodeStep(f);
    }
    plane.rows = weights[1];
    plane.along = weights[2];
  }

  /** The weights of the nodes along the axis of feature f. */
  double[] weights(int f) {
    return weights[AXES - axes.length + f];
  }

  /** Moves to the point whose features begin at an index; false if it is outside of the box. */
  boolean move(double[] points, int at) {
    firstTile = 0;
    crossed = 0;
    for (int f = 0; f < axes.length; f++) {
      Axis axis = axes[f];
      double x = points[at + f];
      if (!axis.contains(x)) {
        return false;
      }
      double cell = axis.cell(x);
      stencil.weights(axis.place(x, cell), weights(f));
      int a = AXES - axes.length + f;
      int node = (int) (cell - axis.first) + stencil.first();
      places[a] = node & (tiling.side() - 1);
      firstTile += (node >> tiling.bits) * tileSteps[a];
      crossed |= places[a] + stencil.order > tiling.side() ? 1 << a : 0;
    }
    return true;
  }

  private void enter(int part, int width) {
    tile = firstTile;
    base = 0;
    for (int a = 0; a < AXES; a++) {
      int beyond = (part >> a) & 1;
      tile += beyond * tileSteps[a];
      base += (places[a] - beyond * tiling.side()) * nodeSteps[a] * width;
    }
    firstPlane = first(part, 0);
    endPlane = end(part, 0);
    plane.firstRow = first(part, 1);
    plane.endRow = end(part, 1);
    plane.first = first(part, 2);
    plane.end = end(part, 2);
    plane.width = width;
    plane.step = nodeSteps[1] * width;
  }

  /** The first weight along an axis that belongs to a part. */
  private int first(int part, int axis) {
    return ((part >> axis) & 1) == 0 ? 0 : tiling.side() - places[axis];
  }

  /** The first weight along an axis that does not belong to a part any more. */
  private int end(int part, int axis) {
    int length = weights[axis].length;
    return ((part >> axis) & 1) == 0 ? Math.min(tiling.side() - places[axis], length) : length;
  }

  private void enterPlane(int a) {
    plane.base = base + a * nodeSteps[0] * plane.width;
  }

  /** The next part, of which the last is 0. */
  private int next(int part) {
    return (part - 1) & crossed;
  }

  /**
   * Adds numbers to the nodes, times the weights.
   *
   * @param tiles gives the array of a tile, {@code [nodes x columns]}
   * @param site a row with the numbers, from an index on
   */
  void spread(IntFunction<double[]> tiles, double[] site, int at, int columns) {
    double[] inner = weights[2];
    reserve(inner.length * columns);
    for (int c = 0, i = 0; c < inner.length; c++) {
      for (int t = 0; t < columns; t++, i++) {
        scratch[i] = inner[c] * site[at + t];
      }
    }
    int part = crossed;
    do {
      enter(part, columns);
      plane.nodes = tiles.apply(tile);
      for (int a = firstPlane; a < endPlane; a++) {
        enterPlane(a);
        ROWS.scatter(plane, weights[0][a], scratch);
      }
      part = next(part);
    } while (part != crossed);
  }

  /**
   * Writes the numbers of a lattice at the point; false if a tile of it is missing.
   *
   * @param into {@code [lattice.width]}, a multiple of {@link RowSupport#STEP}
   */
  boolean interpolate(Tiles lattice, double[] into) {
    int width = lattice.width;
    reserve(width);
    Arrays.fill(into, 0, width, 0);
    int part = crossed;
    do {
      enter(part, width);
      plane.nodes = lattice.get(tile);
      if (plane.nodes == null) {
        return false;
      }
      for (int a = firstPlane; a < endPlane; a++) {
        enterPlane(a);
        ROWS.gather(plane, scratch);
        for (int t = 0; t < width; t++) {
          into[t] = Math.fma(weights[0][a], scratch[t], into[t]);
        }
      }
      part = next(part);
    } while (part != crossed);
    return true;
  }

  private void reserve(int length) {
    if (scratch.length < length) {
      scratch = new double[length];
    }
  }

  /** The sums of l_a l_b over the pairs of nodes m apart, in either order, by m. */
  void pairs(int f, double[] into) {
    double[] along = weights(f);
    Arrays.fill(into, 0);
    for (int a = 0; a < along.length; a++) {
      double twice = 2 * along[a];
      for (int m = 1; m < along.length - a; m++) {
        into[m] = Math.fma(twice, along[a + m], into[m]);
      }
      into[0] = Math.fma(along[a], along[a], into[0]);
    }
  }
}
