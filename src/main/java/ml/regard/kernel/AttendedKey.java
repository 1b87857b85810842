package ml.regard.kernel;

/**
 * A key that a query attends to.
 *
 * @param position in the canonical order
 * @param weight its attention weight, a share of that of all keys
 * @param features {@code [d]}
 * @param value of the key
 * @param id what the user calls it; null where that is not known
 */
public record AttendedKey(
    int position, double weight, double[] features, double value, String id) {}
