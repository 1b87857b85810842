package ml.regard.lattice;

/**
 * The part of one tile and of one plane of a stencil: rows b of neighbouring nodes c, of {@code
 * width} numbers each. Those of node (b, c) begin at
 *
 * <pre>
 *   base + b step + c width        firstRow &lt;= b &lt; endRow,  first &lt;= c &lt; end
 * </pre>
 *
 * <p>A base below 0 is that of nodes in the tile before. Scratch of a {@link Footprint}.
 */
final class Plane {
  double[] nodes;
  int width;
  int base;
  int step;
  int firstRow;
  int endRow;
  int first;
  int end;

  /** The weights of the rows, by b, and of the nodes of a row, by c. */
  double[] rows;

  double[] along;
}
