package ml.regard.optim;

/**
 * An evaluation was cancelled from outside and learning may keep what it has: the solvers end with
 * their best widths so far.
 */
public final class LearningCancelled extends RuntimeException {
  private static final long serialVersionUID = 1;

  public LearningCancelled(Throwable cause) {
    super("learning was cancelled: " + cause.getMessage(), cause);
  }
}
