package ml.regard.kernel;

import java.io.Serializable;
import java.util.Arrays;

/**
 * Which keys a query may attend to: those of its own group, where keys have groups, and those
 * strictly earlier than itself, where they have times.
 *
 * <p>Keys are sorted by group, and by time within a group, so a query attends to one range of
 * positions. A training row is never earlier than itself: with times it leaves itself out, and all
 * rows of its group and time. A query of a group that has no keys, or without a group or a time
 * where keys have one, attends to none.
 *
 * <p>Memory: 12 bytes for each run of keys of equal group and time, and the names of the groups.
 * Immutable.
 */
public final class AttentionMask implements Serializable {
  private static final long serialVersionUID = 1;

  private final int numKeys;
  private final String[] groups; // ascending; null without groups
  private final int[] groupStarts;
  private final long[] times; // of each run of equal group and time; null without times
  private final int[] runStarts;

  /**
   * The mask of keys in canonical order.
   *
   * @param groups ascending; null where keys have none
   * @param groupStarts the position at which each group begins; {0} without groups
   * @param times of each run of keys of equal group and time; null where keys have none
   * @param runStarts the position at which each run begins
   */
  AttentionMask(int numKeys, String[] groups, int[] groupStarts, long[] times, int[] runStarts) {
    this.numKeys = numKeys;
    this.groups = groups;
    this.groupStarts = groupStarts;
    this.times = times;
    this.runStarts = runStarts;
  }

  /** Every query may attend to every key. */
  static AttentionMask none(int numKeys) {
    return new AttentionMask(numKeys, null, new int[] {0}, null, new int[0]);
  }

  /** Whether it forbids anything. */
  public boolean masks() {
    return hasGroups() || hasTimes();
  }

  public boolean hasGroups() {
    return groups != null;
  }

  public boolean hasTimes() {
    return times != null;
  }

  /** Number of groups; 1 where keys have none. */
  public int numGroups() {
    return groupStarts.length;
  }

  /** The name of group g; null where keys have none. */
  public String group(int g) {
    return groups == null ? null : groups[g];
  }

  /** The number of a group; -1 for one that has no keys. */
  public int indexOf(String group) {
    if (groups == null) {
      return 0;
    }
    return group == null ? -1 : Math.max(-1, Arrays.binarySearch(groups, group));
  }

  /** Number of runs of keys of equal group and time. */
  int numRuns() {
    return times == null ? groupStarts.length : runStarts.length;
  }

  /** Whether such a run begins at a position. */
  boolean beginsRun(int position) {
    return Arrays.binarySearch(times == null ? groupStarts : runStarts, position) >= 0;
  }

  /** What the key at a position has beside its numbers, but for its fold. */
  public RowTags tags(int position, String id) {
    return masks()
        ? new RowTags(0, id, group(groupOf(position)), time(position))
        : new RowTags(0, id, null, null);
  }

  /** The group of the key at a position. */
  public int groupOf(int position) {
    return run(groupStarts, position);
  }

  /** The position of the first key of group g. */
  public int groupFirst(int g) {
    return groupStarts[g];
  }

  /** The position behind the last key of group g. */
  public int groupEnd(int g) {
    return g + 1 < groupStarts.length ? groupStarts[g + 1] : numKeys;
  }

  /** The time of the key at a position; null where keys have none. */
  public Long time(int position) {
    return times == null ? null : times[run(runStarts, position)];
  }

  /** The position behind the last key that the key at a position attends to as a row. */
  int end(int position) {
    return times == null
        ? groupEnd(groupOf(position))
        : runStarts[run(runStarts, position)]; // where the keys of its own time begin
  }

  /**
   * The position behind the last key that a query attends to, from {@link #groupFirst} of its group
   * on.
   *
   * @param g its group, not negative
   * @param time null for none
   */
  int end(int g, Long time) {
    if (times == null) {
      return groupEnd(g);
    }
    if (time == null) {
      return groupFirst(g);
    }
    int low = run(runStarts, groupFirst(g));
    int high = groupEnd(g) < numKeys ? run(runStarts, groupEnd(g)) : times.length;
    while (low < high) { // the first run of the group that is not earlier
      int middle = (low + high) >>> 1;
      if (times[middle] < time) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low < times.length ? Math.min(runStarts[low], groupEnd(g)) : numKeys;
  }

  /** Sets the range of positions that a query attends to, which is empty before. */
  void allow(PositionRanges ranges, int i, String group, Long time) {
    int g = indexOf(group);
    if (g >= 0) {
      ranges.set(i, groupFirst(g), end(g, time));
    }
  }

  /** How many pairs the keys form as rows, each with the keys of its range. */
  public double numPairs() {
    double pairs = 0;
    if (times == null) {
      for (int g = 0; g < numGroups(); g++) {
        pairs += (double) (groupEnd(g) - groupFirst(g)) * (groupEnd(g) - groupFirst(g));
      }
      return pairs;
    }
    for (int r = 0; r < runStarts.length; r++) {
      int end = r + 1 < runStarts.length ? runStarts[r + 1] : numKeys;
      int first = groupFirst(groupOf(runStarts[r]));
      pairs += (double) (end - runStarts[r]) * (runStarts[r] - first);
    }
    return pairs;
  }

  /** Whether some row may attend to another one. */
  public boolean hasPairs() {
    return numPairs() > (times == null ? numKeys : 0);
  }

  /** A hash of the group and the time of every key; 0 where there are none. */
  long contentHash() {
    long hash = 0;
    for (int g = 0; groups != null && g < groups.length; g++) {
      hash += KeyIds.mix(Hash.mix(groupStarts[g] + 1L), groups[g]);
    }
    for (int r = 0; times != null && r < times.length; r++) {
      hash += Hash.mix(Hash.mix(~runStarts[r]) ^ times[r]);
    }
    return hash;
  }

  private static int run(int[] starts, int position) {
    int found = Arrays.binarySearch(starts, position);
    return found >= 0 ? found : -found - 2;
  }
}
