package ml.regard.kernel;

import java.io.Serializable;
import java.util.Arrays;

/**
 * A range of positions for each of some queries, {@code [queries]}: first to end - 1, empty where
 * they are equal. Not safe for many threads while it is filled.
 */
final class PositionRanges implements Serializable {
  private static final long serialVersionUID = 1;

  private final int[] first;
  private final int[] end;

  /** So many empty ranges. */
  PositionRanges(int size) {
    this(new int[size], new int[size]);
  }

  private PositionRanges(int[] first, int[] end) {
    this.first = first;
    this.end = end;
  }

  void set(int i, int from, int to) {
    first[i] = from;
    end[i] = to;
  }

  int first(int i) {
    return first[i];
  }

  int end(int i) {
    return end[i];
  }

  /** Whether range i has one of the positions from to to - 1. */
  boolean meets(int i, int from, int to) {
    return first[i] < to && from < end[i] && first[i] < end[i];
  }

  /** Whether range i has all the positions from to to - 1. */
  boolean covers(int i, int from, int to) {
    return first[i] <= from && to <= end[i];
  }

  /** The ranges of some of the queries, in the order given. */
  PositionRanges select(int[] queries) {
    return new PositionRanges(
        Arrays.stream(queries).map(i -> first[i]).toArray(),
        Arrays.stream(queries).map(i -> end[i]).toArray());
  }

  /** The same with the given number of ranges: the first ones, or empty ones behind. */
  PositionRanges resized(int size) {
    return new PositionRanges(Arrays.copyOf(first, size), Arrays.copyOf(end, size));
  }

  /** The least range that has all of them. */
  int[] hull() {
    int from = Integer.MAX_VALUE;
    int to = 0;
    for (int i = 0; i < first.length; i++) {
      if (first[i] < end[i]) {
        from = Math.min(from, first[i]);
        to = Math.max(to, end[i]);
      }
    }
    return new int[] {Math.min(from, to), to};
  }
}
