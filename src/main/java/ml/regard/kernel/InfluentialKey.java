package ml.regard.kernel;

/**
 * A key that moves predictions.
 *
 * @param position in the canonical order
 * @param influence by how much predictions move without it, root mean square, in the unit of the
 *     values
 * @param features {@code [d]}
 * @param value of the key
 * @param id what the user calls it; null where that is not known
 */
public record InfluentialKey(
    int position, double influence, double[] features, double value, String id) {}
