package ml.regard.kernel;

/** Which keys a training row does not attend to when it asks as a query. */
public enum LeaveOut {
  /** None: the residuals are those of the fit itself, in-sample. */
  NONE,
  /** Its own row, never its twins. */
  ROW,
  /** Every row with the same features: its site. */
  TIES,
  /** Every row of its fold. */
  FOLD
}
