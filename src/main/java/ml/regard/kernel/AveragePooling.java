package ml.regard.kernel;

/**
 * Average pooling, the textbook's baseline: every key gets the same attention, whatever the query.
 *
 * <pre>
 *   y^ = sum_j c_j v_j / sum_j c_j
 * </pre>
 *
 * <p>It is what attention pooling becomes as the width grows without bound (inverse width 0).
 */
public final class AveragePooling {
  private AveragePooling() {}

  /**
   * The pooled value, the same for every query; NaN when there are no keys. O(1): packing made it.
   */
  public static double pool(Keys keys) {
    return keys.valueCentre();
  }
}
