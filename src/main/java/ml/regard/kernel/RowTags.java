package ml.regard.kernel;

/**
 * What a training row has beside its numbers.
 *
 * @param fold what rows that are left out together have in common
 * @param id what the user calls the row; null for none
 * @param group rows attend to those of their own group; null where there are no groups
 * @param time rows attend to those strictly earlier; null where there are no times
 */
public record RowTags(long fold, String id, String group, Long time) {
  /** Nothing. */
  public static final RowTags NONE = new RowTags(0, null, null, null);
}
