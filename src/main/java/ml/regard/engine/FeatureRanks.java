package ml.regard.engine;

import java.util.Arrays;
import java.util.Iterator;
import java.util.NoSuchElementException;
import ml.regard.kernel.SpaceOrder;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.storage.StorageLevel;

/**
 * The exact values at the {@link SpaceOrder#ranks} of each feature of rows on the executors.
 *
 * <p>The value at rank r is the largest t with {@code #{values < t} <= r}. As a number of 64 bits
 * in the order of doubles it is found {@link #DIGIT} bits a round, for all ranks and features at
 * once: a round counts, in sorted chunks that are kept meanwhile, the values below 15 candidates
 * for each. Cost: the values sorted in chunks, and 16 jobs that send counts only.
 */
final class FeatureRanks {
  private static final int DIGIT = 4;
  private static final int CANDIDATES = (1 << DIGIT) - 1;
  private static final int CHUNK_BYTES = 16 << 20;

  private FeatureRanks() {}

  /**
   * Finds the values, {@code [dim x ranks]}.
   *
   * @param rows at least one, with usable features
   */
  static double[][] of(JavaRDD<KeyRow> rows, int dim) {
    JavaRDD<long[][]> chunks =
        rows.mapPartitions(part -> (Iterator<long[][]>) new Chunks(part, dim))
            .persist(StorageLevel.MEMORY_AND_DISK());
    try {
      return of(
          chunks, SpaceOrder.ranks(chunks.map(c -> (long) c[0].length).reduce(Long::sum)), dim);
    } finally {
      chunks.unpersist(false);
    }
  }

  private static double[][] of(JavaRDD<long[][]> chunks, long[] ranks, int dim) {
    long[][] found = new long[dim][ranks.length];
    for (long[] feature : found) {
      Arrays.fill(feature, Long.MIN_VALUE);
    }
    for (int shift = Long.SIZE - DIGIT; shift >= 0; shift -= DIGIT) {
      long step = 1L << shift;
      long[][] below = chunks.map(chunk -> below(chunk, found, step)).reduce(FeatureRanks::sum);
      for (int f = 0; f < dim; f++) {
        for (int r = 0; r < ranks.length; r++) {
          int c = 0;
          while (c < CANDIDATES && below[f][r * CANDIDATES + c] <= ranks[r]) {
            c++;
          }
          found[f][r] += c * step;
        }
      }
    }
    return Arrays.stream(found)
        .map(feature -> Arrays.stream(feature).mapToDouble(FeatureRanks::value).toArray())
        .toArray(double[][]::new);
  }

  /** By feature, how many values of a chunk are below the candidates of each rank. */
  private static long[][] below(long[][] chunk, long[][] found, long step) {
    long[][] below = new long[chunk.length][found[0].length * CANDIDATES];
    for (int f = 0; f < chunk.length; f++) {
      for (int r = 0; r < found[f].length; r++) {
        int to = r * CANDIDATES;
        if (r > 0 && found[f][r] == found[f][r - 1]) {
          System.arraycopy(below[f], to - CANDIDATES, below[f], to, CANDIDATES);
          continue;
        }
        for (int c = 0; c < CANDIDATES; c++) {
          below[f][to + c] = below(chunk[f], found[f][r] + (c + 1) * step);
        }
      }
    }
    return below;
  }

  private static int below(long[] sorted, long candidate) {
    int from = 0;
    int to = sorted.length;
    while (from < to) {
      int middle = (from + to) >>> 1;
      if (sorted[middle] < candidate) {
        from = middle + 1;
      } else {
        to = middle;
      }
    }
    return from;
  }

  private static long[][] sum(long[][] a, long[][] b) {
    for (int f = 0; f < a.length; f++) {
      long[] to = a[f];
      long[] from = b[f];
      Arrays.setAll(to, i -> to[i] + from[i]);
    }
    return a;
  }

  /** A number in the order of doubles without NaN and -0.0. */
  private static long ordered(double value) {
    return flip(Double.doubleToLongBits(value));
  }

  private static double value(long ordered) {
    return Double.longBitsToDouble(flip(ordered));
  }

  /** Turns the order of negative numbers round; its own inverse. */
  private static long flip(long bits) {
    return bits ^ (bits >> 63 & Long.MAX_VALUE);
  }

  /** The features of rows, {@code [dim x size]}, each sorted. */
  private static final class Chunks implements Iterator<long[][]> {
    private final Iterator<KeyRow> rows;
    private final int dim;

    Chunks(Iterator<KeyRow> rows, int dim) {
      this.rows = rows;
      this.dim = dim;
    }

    @Override
    public boolean hasNext() {
      return rows.hasNext();
    }

    @Override
    public long[][] next() {
      if (!hasNext()) {
        throw new NoSuchElementException();
      }
      int capacity = CHUNK_BYTES / (Long.BYTES * dim);
      long[][] chunk = new long[dim][capacity];
      int size = 0;
      for (; size < capacity && rows.hasNext(); size++) {
        double[] features = rows.next().getFeatures();
        for (int f = 0; f < dim; f++) {
          chunk[f][size] = ordered(features[f]);
        }
      }
      for (int f = 0; f < dim; f++) {
        chunk[f] = Arrays.copyOf(chunk[f], size);
        Arrays.sort(chunk[f]);
      }
      return chunk;
    }
  }
}
