package ml.regard.lattice;

import java.util.Arrays;
import java.util.Comparator;
import java.util.List;

/**
 * A {@link NodeState} of the terms VALUE as rows that can be saved, and back. Rows may come in any
 * order. Of a regular lattice:
 *
 * <pre>
 *   lattice   sites    centre of the values, tolerance, spacing, order
 *   widths    0        inverse widths, 1 or d
 *   axis      feature  lower and upper end of the box
 *   totals    0        sums over the sites in the box of c, c v and c v^2
 *   tile      number   these sums at its nodes, side by side
 *   outlying  0, ...   sites outside of the box, one after the other: features, and their sums
 * </pre>
 *
 * <p>Of a grid of values:
 *
 * <pre>
 *   grid      0        centre of the values, tolerance
 *   widths    0        as above
 *   axis      feature  its values, ascending
 *   totals    0        sums over all sites of c and c v^2
 *   node      0, ...   nodes, one after the other: place, number of sites, sums of c and c v
 * </pre>
 */
public final class NodeTable {
  static final String LATTICE = "lattice";
  static final String GRID = "grid";
  static final String WIDTHS = "widths";
  static final String AXIS = "axis";
  static final String TOTALS = "totals";
  static final String TILE = "tile";
  static final String OUTLYING = "outlying";
  static final String NODE = "node";

  /** Groups in a row of a list. */
  private static final int LIST_GROUPS = 1024;

  private NodeTable() {}

  /**
   * The state that rows were made of.
   *
   * @throws IllegalArgumentException if they are not all there, or say nothing together
   */
  public static NodeState state(List<NodeRow> rows) {
    return rows.stream().anyMatch(row -> row.kind().equals(GRID))
        ? ValueGridState.of(rows)
        : LatticeState.of(rows);
  }

  /** The inverse widths that rows were made for. */
  public static double[] inverseWidths(List<NodeRow> rows) {
    return only(rows, WIDTHS, 0).numbers().clone();
  }

  /** The tolerance that rows were made for, as a share of the standard deviation of the values. */
  public static double tolerance(List<NodeRow> rows) {
    boolean grid = rows.stream().anyMatch(row -> row.kind().equals(GRID));
    return only(rows, grid ? GRID : LATTICE, 2).numbers()[1];
  }

  /** The one row of a kind, with at least so many numbers. */
  static NodeRow only(List<NodeRow> rows, String kind, int atLeast) {
    List<NodeRow> found = all(rows, kind);
    if (found.size() != 1 || found.get(0).numbers().length < atLeast) {
      throw new IllegalArgumentException(
          "there must be one row %s of %d numbers, but there are %d rows"
              .formatted(kind, atLeast, found.size()));
    }
    return found.get(0);
  }

  /** Adds the rows of a long list of numbers that come in groups. */
  static void addList(List<NodeRow> rows, String kind, double[] numbers, int group) {
    int step = LIST_GROUPS * group;
    for (int from = 0; from < numbers.length; from += step) {
      double[] part = Arrays.copyOfRange(numbers, from, Math.min(from + step, numbers.length));
      rows.add(new NodeRow(kind, from / step, part));
    }
  }

  /**
   * The numbers of such a list.
   *
   * @throws IllegalArgumentException if they are not whole groups
   */
  static double[] list(List<NodeRow> rows, String kind, int group) {
    double[] numbers =
        all(rows, kind).stream()
            .sorted(Comparator.comparingLong(NodeRow::number))
            .flatMapToDouble(row -> Arrays.stream(row.numbers()))
            .toArray();
    if (numbers.length % group != 0) {
      throw new IllegalArgumentException(
          "rows %s must hold groups of %d numbers, but hold %d"
              .formatted(kind, group, numbers.length));
    }
    return numbers;
  }

  static List<NodeRow> all(List<NodeRow> rows, String kind) {
    return rows.stream().filter(row -> row.kind().equals(kind)).toList();
  }

  /** The numbers of all axes, by feature. */
  static double[][] axes(List<NodeRow> rows, int atLeast) {
    double[][] axes = new double[all(rows, AXIS).size()][];
    for (NodeRow row : all(rows, AXIS)) {
      int f = Math.toIntExact(row.number());
      if (f < 0 || f >= axes.length || axes[f] != null || row.numbers().length < atLeast) {
        throw new IllegalArgumentException(
            "row axis %d is one too many, or too short".formatted(f));
      }
      axes[f] = row.numbers();
    }
    if (axes.length == 0) {
      throw new IllegalArgumentException("there are no rows axis");
    }
    return axes;
  }
}
