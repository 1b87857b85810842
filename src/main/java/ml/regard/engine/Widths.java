package ml.regard.engine;

import java.io.Serializable;
import java.util.Arrays;
import ml.regard.kernel.Keys;
import ml.regard.kernel.TrainingQueries;

/**
 * The inverse widths that queries are pooled with: the same for all, or those of the group whose
 * keys a query attends to. Of length 1 or d each. Immutable.
 */
public final class Widths implements Serializable {
  private static final long serialVersionUID = 1;

  private final double[][] inverse;
  private final boolean ofGroups;

  private Widths(double[][] inverse, boolean ofGroups) {
    this.inverse = Arrays.stream(inverse).map(double[]::clone).toArray(double[][]::new);
    this.ofGroups = ofGroups;
  }

  /** The same for all queries. */
  public static Widths shared(double[] inverse) {
    return new Widths(new double[][] {inverse}, false);
  }

  /**
   * Those of each group.
   *
   * @param inverse by the number of the group in the mask of the keys
   */
  public static Widths ofGroups(double[][] inverse) {
    return new Widths(inverse, true);
  }

  /** Whether each group has its own. */
  public boolean areOfGroups() {
    return ofGroups;
  }

  /** The inverse widths of a group, a copy; of a group without keys those of the first. */
  public double[] of(int group) {
    return inverse[ofGroups ? Math.max(0, group) : 0].clone();
  }

  /** Those of rows of one group. */
  double[] of(Keys keys, TrainingQueries rows) {
    return of(ofGroups ? keys.mask().groupOf(rows.position(0)) : 0);
  }

  /** All of them, a copy: one, or by group. */
  public double[][] all() {
    return new Widths(inverse, ofGroups).inverse;
  }
}
