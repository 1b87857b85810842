package ml.regard.kernel;

import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.PriorityQueue;

/**
 * By how much the predictions at some training rows move when a key is taken out and widths are
 * kept.
 *
 * <pre>
 *   influence_j = sqrt(mean over i != j of (a_ij (v_j - y^_i) / (1 - a_ij))^2)
 * </pre>
 *
 * <p>Exact, not a first order: y^_i = a_ij v_j + (1 - a_ij) y, where y is the prediction without
 * key j, since the other weights keep their proportions; so y^_i - y = a_ij (v_j - y^_i) / (1 -
 * a_ij). A row i attends to all keys, itself too, as any query at its place does; so 1 - a_ij is at
 * least c_i / (c_i + c_j), and its rounding matters only where weights differ by many orders. What
 * key j does at its own place is its leave-one-out residual and not looked at here.
 *
 * <p>Cost: two exponentials per pair of row and key, where the key's block weighs at least 2^-53 of
 * the row's sum; one reading of the keys for the sums and one for the pairs. Memory: some 200 bytes
 * a row, and 8 a key of one block: keys come block by block, and a block's sums are whole when it
 * has met all rows.
 *
 * <p>Source: the exact deletion formula of linear smoothers, as R. D. Cook, Detection of
 * influential observation in linear regression, Technometrics 19 (1977) 15-18, has it for least
 * squares.
 */
public final class Influence implements KeyAttention.Visitor {
  private static final double ROUNDING = 0x1p-53;

  private static final Comparator<InfluentialKey> LARGEST =
      Comparator.comparingDouble(InfluentialKey::influence)
          .reversed()
          .thenComparingInt(InfluentialKey::position);

  private final KeyAttention attention;
  private final int[] positions; // of the rows, in the order of the attention
  private final int[] sorted;
  private final int count;
  private final PriorityQueue<InfluentialKey> best = new PriorityQueue<>(LARGEST.reversed());
  private final double[] squares = new double[PackedKeys.BLOCK_SIZE];
  private KeyBlock block; // that squares are of; null before the first

  private Influence(KeyAttention attention, int[] positions, int count) {
    this.attention = attention;
    this.positions = attention.inOrder(positions);
    this.sorted = Arrays.stream(positions).sorted().toArray();
    this.count = count;
  }

  /**
   * The keys of largest influence, largest first and of equal ones the lower position; none whose
   * influence is 0.
   *
   * @param positions of the training rows that ask {@code [m]}
   * @param rows their features {@code [m x d]}
   * @param count at most so many keys
   * @throws IllegalArgumentException if lengths differ, there is no row, or the count is not
   *     positive
   */
  public static List<InfluentialKey> top(
      Keys keys, int[] positions, double[][] rows, double[] inverseWidths, int count) {
    Checks.positive("number of keys", count);
    Checks.positive("number of rows", rows.length);
    Checks.length("the positions", rows.length, positions.length);
    QueryBlock queries = asking(keys, positions, rows);
    KeyAttention attention = KeyAttention.of(keys, queries, inverseWidths);
    Influence influence = new Influence(attention, positions, count);
    attention.visit(influence);
    influence.close();
    return influence.best.stream().sorted(LARGEST).toList();
  }

  /** The rows as queries, each of which attends to what it may as a row. */
  private static QueryBlock asking(Keys keys, int[] positions, double[][] rows) {
    RowTags[] tags =
        Arrays.stream(positions)
            .mapToObj(position -> keys.mask().tags(position, null))
            .toArray(RowTags[]::new);
    return QueryBlock.masked(
        keys.dim(),
        rows,
        keys.mask(),
        Arrays.stream(tags).map(RowTags::group).toArray(String[]::new),
        Arrays.stream(tags).map(RowTags::time).toArray(Long[]::new));
  }

  @Override
  public boolean needs(int i, BlockSummary block, double near2) {
    return attention.matters(i, block, near2);
  }

  @Override
  public void meet(int i, KeyBlock met, double[] logits) {
    if (met != block) {
      close();
      block = met;
    }
    double pooled = attention.pooled(i);
    double whole = attention.whole(i);
    for (int j = 0; j < met.size(); j++) {
      if (met.firstPosition + j != positions[i]) {
        double weight = attention.part(i, logits[j]) / whole;
        double move = weight * (met.values[j] - pooled) / Math.max(1 - weight, ROUNDING);
        squares[j] += move * move;
      }
    }
  }

  /** Keeps the best of the block that has met all rows. */
  private void close() {
    for (int j = 0; block != null && j < block.size(); j++) {
      int position = block.firstPosition + j;
      int others = positions.length - (Arrays.binarySearch(sorted, position) >= 0 ? 1 : 0);
      double influence = Math.sqrt(squares[j] / others);
      // Positions ascend: of equal keys those found first stay.
      if (squares[j] > 0 && (best.size() < count || influence > best.peek().influence())) {
        best.add(
            new InfluentialKey(position, influence, block.key(j), block.values[j], block.id(j)));
      }
      if (best.size() > count) {
        best.poll();
      }
    }
    Arrays.fill(squares, 0);
  }
}
