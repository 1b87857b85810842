package ml.regard.kernel;

/** Which sums a pass forms beside S0 and S1. */
public enum Terms {
  /** S0 and S1: the pooled value. */
  VALUE,
  /** Also S2 and Q: the effective number of keys and the spread of the values. */
  SPREAD,
  /**
   * Also S2, of further values too, M0 and M1 per feature, and the distance to the nearest key:
   * what is told of a prediction beside its value.
   */
  DETAIL,
  /** Also T0 and T1 per width: the derivative of the pooled value by the widths. */
  WIDTHS,
  /** WIDTHS, and U0 and U1 per pair of widths: the second derivatives. */
  CURVATURE;

  /** Whether there are derivatives by the widths. */
  public boolean hasWidths() {
    return this == WIDTHS || this == CURVATURE;
  }
}
