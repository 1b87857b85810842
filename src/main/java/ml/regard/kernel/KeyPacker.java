package ml.regard.kernel;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.BiPredicate;
import java.util.stream.IntStream;

/**
 * Gathers training rows in any order and packs them.
 *
 * <p>Use: {@code new KeyPacker(dim)}, then {@link #add} or {@link #addAll}, then {@link #pack}
 * once. Rows of weight zero are dropped and counted: they are no keys and enter no loss. Not safe
 * for many threads. Cost: O(n log n) comparisons of rows. Memory while it packs: the rows as they
 * came (8 d + 24 bytes each), 40 bytes for each to sort them, and the packed keys.
 */
public final class KeyPacker {
  private final int dim;
  private final List<RowChunk> chunks = new ArrayList<>();
  private RowChunk open;
  private long zeroWeights;

  public KeyPacker(int dim) {
    this.dim = Checks.positive("number of features", dim);
  }

  /**
   * Adds one training row.
   *
   * @throws IllegalArgumentException if the number of features differs, a feature or the value is
   *     not finite or beyond {@link Checks#MAX_MAGNITUDE}, or the weight is also negative
   */
  public KeyPacker add(double[] features, double value, double weight) {
    return add(features, value, weight, null);
  }

  /** Adds one training row with its id, null for none. */
  public KeyPacker add(double[] features, double value, double weight, String id) {
    if (open == null) {
      open = new RowChunk(dim);
      chunks.add(open);
    }
    open.add(features, value, weight, new RowTags(0, id, null, null));
    if (open.size() == PackedKeys.BLOCK_SIZE) {
      open = null;
    }
    return this;
  }

  /** Adds all rows of a chunk, which must not change afterwards. */
  public KeyPacker addAll(RowChunk chunk) {
    Checks.length("a row", dim, chunk.dim());
    chunks.add(chunk);
    return this;
  }

  /** The keys in canonical order. */
  public PackedKeys pack() {
    return pack(SpaceOrder.of(columns(positiveWeights())));
  }

  /** The keys in the order that they would have among others, whose place in space is given. */
  PackedKeys pack(SpaceOrder order) {
    int n = positiveWeights();
    Row[] rows = sorted(n, order);
    double centre = valueCentre(rows);
    int numBlocks = (n + PackedKeys.BLOCK_SIZE - 1) / PackedKeys.BLOCK_SIZE;
    KeyBlock[] blocks = new KeyBlock[numBlocks];
    for (int b = 0; b < numBlocks; b++) {
      int first = b * PackedKeys.BLOCK_SIZE;
      blocks[b] = block(rows, first, Math.min(PackedKeys.BLOCK_SIZE, n - first), centre);
    }
    return new PackedKeys(dim, n, blocks, starts(rows, Row::sharesFold), mask(rows), centre, order);
  }

  /** By position, the index that each key has in its chunk. */
  int[] order() {
    int n = positiveWeights();
    Row[] rows = sorted(n, SpaceOrder.of(columns(n)));
    return Arrays.stream(rows).mapToInt(Row::index).toArray();
  }

  private Row[] sorted(int n, SpaceOrder order) {
    Row[] rows = rows(n, order);
    Arrays.parallelSort(rows); // which keeps the order of equals
    return rows;
  }

  /** How many of the rows are keys; counts those that are none. */
  private int positiveWeights() {
    int positive = 0;
    zeroWeights = 0;
    for (RowChunk chunk : chunks) {
      for (int r = 0; r < chunk.size(); r++) {
        if (chunk.weight(r) > 0) {
          positive = Math.addExact(positive, 1);
        } else {
          zeroWeights++;
        }
      }
    }
    return positive;
  }

  /** The values of each feature of n keys, where there are few enough features to matter. */
  private double[][] columns(int n) {
    double[][] columns = new double[dim][dim > SpaceOrder.MAX_FEATURES ? 0 : n];
    for (int f = 0; f < dim && columns[f].length > 0; f++) {
      int i = 0;
      for (RowChunk chunk : chunks) {
        for (int r = 0; r < chunk.size(); r++) {
          if (chunk.weight(r) > 0) {
            columns[f][i++] = chunk.feature(r, f);
          }
        }
      }
    }
    return columns;
  }

  private Row[] rows(int n, SpaceOrder order) {
    Map<String, Integer> groups = groups();
    Row[] rows = new Row[n];
    int i = 0;
    for (RowChunk chunk : chunks) {
      for (int r = 0; r < chunk.size(); r++) {
        if (chunk.weight(r) > 0) {
          int group = groups.getOrDefault(chunk.group(r), 0);
          rows[i++] = new Row(chunk, r, group, order.code(chunk.row(r)));
        }
      }
    }
    return rows;
  }

  /** The groups of the keys with their numbers, in the order of their names. */
  private Map<String, Integer> groups() {
    Map<String, Integer> groups = new TreeMap<>();
    for (RowChunk chunk : chunks) {
      for (int r = 0; r < chunk.size(); r++) {
        if (chunk.group(r) != null && chunk.weight(r) > 0) {
          groups.put(chunk.group(r), 0);
        }
      }
    }
    int number = 0;
    for (Map.Entry<String, Integer> group : groups.entrySet()) {
      group.setValue(number++);
    }
    return new HashMap<>(groups);
  }

  private AttentionMask mask(Row[] rows) {
    boolean grouped = rows.length > 0 && rows[0].chunk.group(rows[0].index) != null;
    boolean timed = chunks.stream().anyMatch(RowChunk::hasTimes);
    int[] groupStarts = grouped ? starts(rows, Row::sharesGroup) : new int[] {0};
    int[] runStarts = timed ? starts(rows, Row::sharesTime) : new int[0];
    String[] groups =
        Arrays.stream(groupStarts)
            .mapToObj(p -> grouped ? rows[p].chunk.group(rows[p].index) : null)
            .toArray(String[]::new);
    long[] times = Arrays.stream(runStarts).mapToLong(p -> rows[p].time()).toArray();
    return new AttentionMask(
        rows.length, grouped ? groups : null, groupStarts, timed ? times : null, runStarts);
  }

  private static double valueCentre(Row[] rows) {
    WeightedMean mean = new WeightedMean();
    for (Row row : rows) {
      mean.add(row.chunk.weight(row.index), row.chunk.value(row.index));
    }
    return mean.value();
  }

  /** Where rows do not share something with the row before. */
  private static int[] starts(Row[] rows, BiPredicate<Row, Row> shares) {
    return IntStream.range(0, rows.length)
        .filter(p -> p == 0 || !shares.test(rows[p], rows[p - 1]))
        .toArray();
  }

  /** Rows left out by {@link #pack} because their weight is zero. */
  public long zeroWeights() {
    return zeroWeights;
  }

  private KeyBlock block(Row[] rows, int first, int size, double centre) {
    BitSet cuts = new BitSet();
    double[] features = new double[size * dim];
    double[] values = new double[size];
    double[] weights = new double[size];
    String[] ids = chunks.stream().anyMatch(RowChunk::hasIds) ? new String[size] : null;
    for (int j = 0; j < size; j++) {
      Row row = rows[first + j];
      for (int f = 0; f < dim; f++) {
        features[j * dim + f] = row.chunk.feature(row.index, f);
      }
      values[j] = row.chunk.value(row.index);
      weights[j] = row.chunk.weight(row.index);
      if (ids != null) {
        ids[j] = row.chunk.id(row.index);
      }
      cuts.set(j, j > 0 && !row.sharesFold(rows[first + j - 1]));
    }
    return new KeyBlock(first, dim, features, values, weights, ids, centre, cuts);
  }

  /** A row in canonical order; rows that compare equal are interchangeable to the last bit. */
  private record Row(RowChunk chunk, int index, int group, long code) implements Comparable<Row> {
    long fold() {
      return chunk.fold(index);
    }

    long time() {
      return chunk.time(index);
    }

    boolean sharesGroup(Row other) {
      return group == other.group;
    }

    boolean sharesTime(Row other) {
      return sharesGroup(other) && time() == other.time();
    }

    /** Whether a row and its neighbour may be one site. */
    boolean sharesFold(Row other) {
      return sharesTime(other) && fold() == other.fold();
    }

    @Override
    public int compareTo(Row other) {
      int byGroup = Integer.compare(group, other.group);
      if (byGroup != 0) {
        return byGroup;
      }
      int byTime = Long.compare(time(), other.time());
      if (byTime != 0) {
        return byTime;
      }
      int byFold = Long.compare(fold(), other.fold());
      if (byFold != 0) {
        return byFold;
      }
      int byCode = Long.compare(code, other.code);
      if (byCode != 0) {
        return byCode;
      }
      for (int f = 0; f < chunk.dim(); f++) {
        int byFeature =
            Double.compare(chunk.feature(index, f), other.chunk.feature(other.index, f));
        if (byFeature != 0) {
          return byFeature;
        }
      }
      int byValue = Double.compare(chunk.value(index), other.chunk.value(other.index));
      if (byValue != 0) {
        return byValue;
      }
      int byWeight = Double.compare(chunk.weight(index), other.chunk.weight(other.index));
      return byWeight != 0
          ? byWeight
          : KeyIds.compare(chunk.id(index), other.chunk.id(other.index));
    }
  }
}
