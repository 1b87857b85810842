package ml.regard.kernel;

import java.io.Serializable;
import java.util.Arrays;
import java.util.List;

/**
 * Training rows that ask as queries, each leaving out some keys, its own row as a rule.
 *
 * <p>Rows of one site have equal features and so ask the same: they are one query, which leaves the
 * site out, and what a row's twins there add to its sums is added when all other keys have been met
 * ({@link #met}). By addition: the own row is never subtracted.
 *
 * <p>Filled by {@link #add} in ascending order of positions; at most a few thousand rows. Not safe
 * for many threads while it is filled.
 */
public final class TrainingQueries implements Serializable {
  private static final long serialVersionUID = 1;

  private final LeaveOut leaveOut;
  private final RowChunk rows;
  private int numQueries;
  private int[] positions = new int[16];
  private int[] queries = new int[16]; // of each row
  private Twins.Sums[] twinSums = new Twins.Sums[16]; // of each row; null without twins
  private int[] firstRows = new int[16]; // of each query
  private PositionRanges leftOutRanges = new PositionRanges(16);

  /** What each query may attend to; null where every key is allowed. */
  private PositionRanges allowed;

  /** Of the rows, and of the keys that they attend to; not needed where nothing is masked. */
  private transient AttentionMask ownMask;

  private transient AttentionMask mask;

  /** All blocks of the keys that rows are added from; none where they are not known. */
  private final transient List<BlockSummary> blocks;

  /** The sums over the twins of each key of one site, which begins at the position twinsOf. */
  private transient Twins twins;

  private transient int twinsOf;

  /** Of each query, sum c, sum c (v - centre) and sum c (v - centre)^2 over what it leaves out. */
  private double[] leftOut = new double[3 * 16];

  /** Rows that are added from others ({@link #addAll}), or leave out no ties. */
  public TrainingQueries(int dim, LeaveOut leaveOut) {
    this(dim, List.of(), leaveOut);
  }

  /** Rows of keys, of which ties may be left out where they are all summarised. */
  public TrainingQueries(Keys keys, LeaveOut leaveOut) {
    this(keys.dim(), keys.summaries(), leaveOut);
    mask(keys.mask(), keys.mask());
  }

  private void mask(AttentionMask ofRows, AttentionMask ofKeys) {
    ownMask = ofRows;
    mask = ofKeys;
    allowed = ofKeys.masks() ? new PositionRanges(16) : null;
  }

  private TrainingQueries(int dim, List<BlockSummary> blocks, LeaveOut leaveOut) {
    this.leaveOut = leaveOut;
    this.blocks = blocks;
    rows = new RowChunk(dim);
  }

  /** The rows at the given positions of packed keys, ascending. */
  public static TrainingQueries of(PackedKeys keys, int[] positions, LeaveOut leaveOut) {
    return of(keys, positions, leaveOut, keys.mask());
  }

  /**
   * The same where the keys that they attend to may be others.
   *
   * @param mask of those keys
   */
  public static TrainingQueries of(
      PackedKeys keys, int[] positions, LeaveOut leaveOut, AttentionMask mask) {
    TrainingQueries queries = new TrainingQueries(keys.dim(), leaveOut);
    queries.mask(keys.mask(), mask);
    int first = 0;
    int end = 0;
    for (int position : positions) {
      KeyBlock block = keys.block(position / PackedKeys.BLOCK_SIZE);
      if (leaveOut == LeaveOut.TIES || leaveOut == LeaveOut.FOLD) {
        if (position >= end) {
          first = keys.leftOutFirst(position, leaveOut);
          end = keys.leftOutEnd(position, leaveOut);
        }
        boolean asks = queries.add(block, position - block.firstPosition, first, end);
        if (asks && leaveOut == LeaveOut.TIES) {
          queries.leaveOut(keys, first, end);
        }
      } else {
        queries.add(block, position - block.firstPosition);
      }
    }
    return queries;
  }

  /**
   * Adds key j of a block.
   *
   * @throws IllegalStateException if folds are left out, or ties where other blocks are not known
   */
  public void add(KeyBlock block, int j) {
    if (leaveOut == LeaveOut.FOLD || (leaveOut == LeaveOut.TIES && blocks.isEmpty())) {
      throw new IllegalStateException("a block of keys does not know " + leaveOut);
    }
    int site = block.site(j);
    if (leaveOut == LeaveOut.TIES) {
      double[] beyond = new double[3];
      int[] ties = BlockSummary.ties(blocks, block, site, beyond, 0);
      if (add(block, j, ties[0], ties[1])) {
        int at = 3 * (numQueries - 1);
        System.arraycopy(beyond, 0, leftOut, at, 3);
        block.addSums(block.starts[site], block.starts[site + 1], leftOut, at);
      }
      return;
    }
    int first = block.firstPosition + block.starts[site];
    int end = block.firstPosition + block.starts[site + 1];
    if (add(block, j, first, leaveOut == LeaveOut.ROW ? end : first) && leaveOut == LeaveOut.ROW) {
      block.addSums(block.starts[site], block.starts[site + 1], leftOut, 3 * (numQueries - 1));
    }
  }

  /** Adds up what the last query leaves out. */
  private void leaveOut(PackedKeys keys, int first, int end) {
    for (int b = first / PackedKeys.BLOCK_SIZE; b * PackedKeys.BLOCK_SIZE < end; b++) {
      KeyBlock block = keys.block(b);
      int from = Math.max(first - block.firstPosition, 0);
      int to = Math.min(end - block.firstPosition, block.size());
      block.addSums(from, to, leftOut, 3 * (numQueries - 1));
    }
  }

  /** Adds key j of a block; whether it is a query of its own. */
  private boolean add(KeyBlock block, int j, int first, int end) {
    int row = size();
    int site = block.site(j);
    int position = block.firstPosition + j;
    int siteFirst = block.firstPosition + block.starts[site];
    reserve(row + 1);
    boolean asks = row == 0 || positions[row - 1] < siteFirst;
    if (asks) {
      firstRows[numQueries] = row;
      leftOutRanges.set(numQueries, first, end);
      if (allowed != null) {
        allow(position);
      }
      numQueries++;
    }
    positions[row] = position;
    queries[row] = numQueries - 1;
    boolean attendsToTwins = allowed == null || !mask.hasTimes();
    boolean leavesOne = leaveOut == LeaveOut.ROW && attendsToTwins;
    if (leavesOne && block.starts[site + 1] - block.starts[site] > 1) {
      if (twins == null || twinsOf != siteFirst) {
        twins = new Twins(block, site);
        twinsOf = siteFirst;
      }
      twinSums[row] = twins.of(j);
    }
    rows.add(block.key(j), block.values[j], block.weights[j]);
    return asks;
  }

  /** Sets what the next query, the row at a position, may attend to. */
  private void allow(int position) {
    int group = ownMask.groupOf(position);
    if (ownMask == mask) {
      allowed.set(numQueries, mask.groupFirst(group), mask.end(position));
    } else {
      mask.allow(allowed, numQueries, ownMask.group(group), ownMask.time(position));
    }
  }

  /** Adds the rows of another batch, which come behind these, behind these; none are masked. */
  public TrainingQueries addAll(TrainingQueries other) {
    reserve(size() + other.size());
    for (int q = 0; q < other.numQueries; q++) {
      firstRows[numQueries + q] = size() + other.firstRows[q];
      leftOutRanges.set(numQueries + q, other.leftOutRanges.first(q), other.leftOutRanges.end(q));
    }
    System.arraycopy(other.leftOut, 0, leftOut, 3 * numQueries, 3 * other.numQueries);
    for (int i = 0; i < other.size(); i++) {
      int row = size();
      positions[row] = other.positions[i];
      queries[row] = numQueries + other.queries[i];
      twinSums[row] = other.twinSums[i];
      rows.add(other.rows.row(i), other.value(i), other.weight(i));
    }
    numQueries += other.numQueries;
    return this;
  }

  /** The rows as keys of their own: packed, without the positions they have among all keys. */
  public PackedKeys pack() {
    return new KeyPacker(rows.dim()).addAll(rows).pack();
  }

  public int size() {
    return rows.size();
  }

  /** The canonical position of row i. */
  public int position(int i) {
    return positions[i];
  }

  double value(int i) {
    return rows.value(i);
  }

  /** The weight of row i. */
  public double weight(int i) {
    return rows.weight(i);
  }

  /** The queries of the rows, one for all rows of a site, as the loops read them. */
  public QueryBlock block() {
    double[][] features = new double[numQueries][];
    double[] weights = new double[numQueries];
    for (int q = 0; q < numQueries; q++) {
      features[q] = rows.row(firstRows[q]);
      weights[q] = leaveOut == LeaveOut.FOLD ? Double.POSITIVE_INFINITY : leftOut[3 * q];
    }
    return QueryBlock.leavingOut(
        rows.dim(),
        features,
        leftOutRanges.resized(numQueries),
        weights,
        allowed == null ? null : allowed.resized(numQueries));
  }

  /**
   * The queries of {@link #block} as rows {@code [queries x (d + 3)]}: features and, over the keys
   * that each leaves out, sum c, sum c (v - centre) and sum c (v - centre)^2.
   *
   * @throws IllegalStateException if folds are left out, whose keys have other features
   */
  public double[] sites() {
    if (leaveOut == LeaveOut.FOLD) {
      throw new IllegalStateException("the keys of a fold are in many places");
    }
    int columns = rows.dim() + 3;
    double[] sites = new double[numQueries * columns];
    for (int q = 0; q < numQueries; q++) {
      System.arraycopy(rows.row(firstRows[q]), 0, sites, q * columns, rows.dim());
      System.arraycopy(leftOut, 3 * q, sites, q * columns + rows.dim(), 3);
    }
    return sites;
  }

  /** Which query, of {@link #block} and {@link #sites}, asks for row i. */
  public int query(int i) {
    return queries[i];
  }

  /** sum c over the twins of row i, which its query leaves out and {@link #met} adds. */
  public double twinWeight(int i) {
    return twinSums[i] == null ? 0 : twinSums[i].weight;
  }

  /** sum c (v - centre) over the twins of row i. */
  public double twinValue(int i) {
    return twinSums[i] == null ? 0 : twinSums[i].value;
  }

  /** The sums of each row, of those of its query over all keys and its twins. */
  public PooledState met(PooledState state) {
    PooledState met = state.select(Arrays.copyOf(queries, size()));
    for (int i = 0; i < size(); i++) {
      if (twinSums[i] != null) {
        met.addOwn(i, twinSums[i]);
      }
    }
    return met;
  }

  /** What the rows leave out. */
  LeaveOut leaveOut() {
    return leaveOut;
  }

  private void reserve(int size) {
    if (size > positions.length) {
      int capacity = Math.max(size, 2 * positions.length);
      positions = Arrays.copyOf(positions, capacity);
      queries = Arrays.copyOf(queries, capacity);
      twinSums = Arrays.copyOf(twinSums, capacity);
      firstRows = Arrays.copyOf(firstRows, capacity);
      leftOutRanges = leftOutRanges.resized(capacity);
      allowed = allowed == null ? null : allowed.resized(capacity);
      leftOut = Arrays.copyOf(leftOut, 3 * capacity);
    }
  }
}
