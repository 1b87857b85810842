package ml.regard;

/**
 * The data or the model that the user gave cannot be used.
 *
 * <p>The message is one sentence for the user: what is wrong, where, and the value given. The jobs
 * print it as their last line and end with exit code 3.
 */
public final class DataException extends IllegalArgumentException {
  private static final long serialVersionUID = 1;

  public DataException(String sentence) {
    super(sentence);
  }

  public DataException(String sentence, Throwable cause) {
    super(sentence, cause);
  }
}
