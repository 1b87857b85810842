package ml.regard.job;

import java.io.PrintWriter;
import java.util.Optional;
import ml.regard.DataException;
import org.apache.spark.SparkThrowable;
import picocli.CommandLine.IParameterExceptionHandler;
import picocli.CommandLine.ParameterException;

/** Turns what went wrong into an exit code and one sentence. */
final class Failures implements IParameterExceptionHandler {
  private static final int OTHER = 1;
  private static final int USAGE = 2;
  private static final int DATA = 3;

  private String sentence;

  /** The sentence of the failure, if there was one. */
  Optional<String> sentence() {
    return Optional.ofNullable(sentence);
  }

  @Override
  public int handleParseException(ParameterException e, String[] args) {
    say(e.getMessage());
    return USAGE;
  }

  /** The exit code of a failure; the stack trace goes to err when it is asked for or unexpected. */
  int handle(Exception e, PrintWriter err, boolean verbose) {
    int code = classify(e);
    if (verbose || code == OTHER) {
      e.printStackTrace(err);
    }
    return code;
  }

  private int classify(Exception e) {
    if (e instanceof ParameterException) {
      say(e.getMessage());
      return USAGE;
    }
    Throwable dataFault = null;
    for (Throwable cause = e; cause != null; cause = cause.getCause()) {
      if (cause instanceof DataException) {
        say(cause.getMessage());
        return DATA;
      }
      if (cause instanceof SparkThrowable fault
          && fault.getCondition() != null
          && !fault.isInternalError()) {
        dataFault = cause; // the deepest one knows best
      }
    }
    if (dataFault != null) {
      say(dataFault.getMessage());
      return DATA;
    }
    say(e.toString());
    return OTHER;
  }

  private void say(String message) {
    sentence = "regard: " + message.lines().findFirst().orElse("").strip();
  }
}
