package ml.regard.kernel;

import java.util.Comparator;

/** The order of ids: no id first, then by their characters. */
public final class KeyIds {
  private static final Comparator<String> ORDER = Comparator.nullsFirst(Comparator.naturalOrder());

  private KeyIds() {}

  public static int compare(String one, String other) {
    return ORDER.compare(one, other);
  }

  /** A hash of a key with its id; that of the key where it has none. */
  static long mix(long hash, String id) {
    long mixed = hash;
    for (int i = 0; id != null && i <= id.length(); i++) {
      mixed = Hash.mix(mixed ^ (i < id.length() ? id.charAt(i) : -1));
    }
    return mixed;
  }
}
