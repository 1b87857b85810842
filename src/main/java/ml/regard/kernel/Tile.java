package ml.regard.kernel;

/**
 * Some sites of a block of keys before some neighbouring queries, the work of one call of a {@link
 * PoolingSupport}, with its scratch: at most {@link PoolingSupport#SITES} sites and {@link
 * PoolingSupport#LANES} lanes, so that scratch, keys and queries stay in the first-level cache.
 *
 * <p>Scratch is {@code [sites x LANES]}: entry {@code (site - from) LANES + (lane - group)} belongs
 * to a pair. One tile serves a whole pass; nothing is allocated in it.
 */
final class Tile {
  static final int LANES = PoolingSupport.LANES;

  final QueryBlock queries;
  final int stride;

  /** The factor of each feature's differences: inverse width times {@link Exp2#SCALE}. */
  final double[] scales;

  /** Whether distances are bounded, for queries that may be far from every key. */
  final boolean safe;

  KeyBlock keys;

  /** Whether nothing but the nearest site is looked for. */
  boolean nearestOnly;

  /** The sites from to - 1. */
  int from;

  int to;

  /** The lanes first to end - 1, all of one group of LANES lanes. */
  int first;

  int end;

  /** sum_f x_f^2 of each pair. */
  final double[] distances = new double[PoolingSupport.SITES * LANES];

  /** e of each pair. */
  final double[] attention = new double[PoolingSupport.SITES * LANES];

  /** x_f^2 of each pair, where second derivatives by the width of each feature are asked for. */
  final double[][] squares;

  /** e x_f^2 of each pair. */
  final double[][] weighted;

  /** The block and the queries in single precision; null where all is double. */
  final Singles singles;

  Tile(QueryBlock queries, double[] inverseWidths, Terms terms, Precision precision, boolean safe) {
    this.queries = queries;
    this.stride = queries.stride();
    this.safe = safe;
    this.scales = scales(inverseWidths, queries.dim());
    int own = terms == Terms.CURVATURE && inverseWidths.length > 1 ? scales.length : 0;
    squares = new double[own][PoolingSupport.SITES * LANES];
    weighted = new double[own][PoolingSupport.SITES * LANES];
    singles = precision == Precision.FLOAT32 ? new Singles(this) : null;
  }

  /** The {@link #scales} of d features. */
  static double[] scales(double[] inverseWidths, int dim) {
    double[] scales = new double[dim];
    for (int f = 0; f < dim; f++) {
      scales[f] = Math.abs(inverseWidths[inverseWidths.length == 1 ? 0 : f]) * Exp2.SCALE;
    }
    return scales;
  }

  /** The first lane of the group. */
  int group() {
    return first - first % LANES;
  }
}
