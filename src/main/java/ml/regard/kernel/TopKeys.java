package ml.regard.kernel;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.PriorityQueue;

/**
 * The keys of largest attention weight of each query, found in one pass over the keys: a query
 * keeps the best that it has met, and passes by blocks whose keys are all farther than these.
 * Before it has met any, the corners of the boxes tell how near its keys must be at least.
 */
final class TopKeys implements KeyAttention.Visitor {
  /** A key among the best so far. */
  private record Candidate(
      double logit, int position, double[] features, double value, String id) {}

  /** The one that goes first. */
  private static final Comparator<Candidate> WORST =
      Comparator.comparingDouble(Candidate::logit)
          .thenComparing(Comparator.comparingInt(Candidate::position).reversed());

  private static final Comparator<AttendedKey> LARGEST =
      Comparator.comparingDouble(AttendedKey::weight)
          .reversed()
          .thenComparingInt(AttendedKey::position);

  private final KeyAttention attention;
  private final int count;

  /** Of each query, the logit that a key needs to be one of the best. */
  private final double[] least;

  private final List<PriorityQueue<Candidate>> best;

  TopKeys(KeyAttention attention, int count) {
    this.attention = attention;
    this.count = count;
    best = new ArrayList<>();
    for (int i = 0; i < attention.size(); i++) {
      best.add(new PriorityQueue<>(WORST));
    }
    least = new double[attention.size()];
    Arrays.fill(least, Double.NEGATIVE_INFINITY);
    for (BlockSummary block : attention.reachable()) {
      for (int i = 0; block.size() >= count && i < least.length; i++) {
        least[i] = Math.max(least[i], attention.leastLogit(i, block));
      }
    }
  }

  @Override
  public boolean needs(int i, BlockSummary block, double near2) {
    return block.maxLogWeight - near2 >= least[i];
  }

  @Override
  public void meet(int i, KeyBlock block, double[] logits) {
    PriorityQueue<Candidate> keys = best.get(i);
    for (int j = 0; j < block.size(); j++) {
      // Positions ascend: of equal logits those found first stay.
      boolean better = keys.size() < count || logits[j] > keys.peek().logit;
      if (better && logits[j] >= least[i] && logits[j] > Double.NEGATIVE_INFINITY) {
        if (keys.size() == count) {
          keys.poll();
        }
        keys.add(
            new Candidate(
                logits[j], block.firstPosition + j, block.key(j), block.values[j], block.id(j)));
        if (keys.size() == count) {
          least[i] = Math.max(least[i], keys.peek().logit);
        }
      }
    }
  }

  /** What was found for query i, largest first. */
  AttendedKey[] of(int i) {
    return best.get(i).stream()
        .map(
            key ->
                new AttendedKey(
                    key.position,
                    attention.part(i, key.logit) / attention.whole(i),
                    key.features,
                    key.value,
                    key.id))
        .filter(key -> key.weight() > 0)
        .sorted(LARGEST)
        .toArray(AttendedKey[]::new);
  }
}
