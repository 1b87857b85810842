package ml.regard.lattice;

import java.io.Serializable;
import java.util.Arrays;
import java.util.Map;

/**
 * Numbers at the nodes of some tiles of a lattice, 0 at all others: by tile, an array {@code [nodes
 * x width]}, or null for zeros. Safe for many threads that each write arrays of their own tiles.
 */
final class Tiles implements Serializable {
  private static final long serialVersionUID = 1;

  /** Ascending. */
  final int[] numbers;

  final double[][] arrays;
  final int width;

  /** Zeros. */
  Tiles(int[] numbers, int width) {
    this.numbers = numbers;
    this.width = width;
    arrays = new double[numbers.length][];
  }

  Tiles(Map<Integer, double[]> tiles, int width) {
    this(tiles.keySet().stream().mapToInt(Integer::intValue).sorted().toArray(), width);
    for (int i = 0; i < numbers.length; i++) {
      arrays[i] = tiles.get(numbers[i]);
    }
  }

  /** The array of a tile, null if there is none. */
  double[] get(int number) {
    // In a box that is all tiles, number i is at i.
    boolean there = number >= 0 && number < numbers.length && numbers[number] == number;
    int at = there ? number : Arrays.binarySearch(numbers, number);
    return at < 0 ? null : arrays[at];
  }
}
