package ml.regard.job;

import java.io.PrintWriter;
import java.util.List;
import java.util.Optional;
import ml.regard.DataException;
import ml.regard.engine.WatchedObjective;
import org.apache.spark.SparkThrowable;
import picocli.CommandLine.IParameterExceptionHandler;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.UnmatchedArgumentException;

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
    List<String> similar =
        e instanceof UnmatchedArgumentException unmatched
            ? unmatched.getSuggestions()
            : List.<String>of();
    say(e.getMessage() + (similar.isEmpty() ? "" : "; similar: " + String.join(", ", similar)));
    return USAGE;
  }

  /** The exit code of a failure; the stack trace goes to err when it is asked for or unexpected. */
  int handle(Exception e, PrintWriter err, boolean verbose) {
    int code = classify(e);
    if (verbose || (code == OTHER && !WatchedObjective.isCancellation(e))) {
      e.printStackTrace(err);
    }
    return code;
  }

  private int classify(Exception e) {
    if (e instanceof ParameterException) {
      say(e.getMessage());
      return USAGE;
    }
    if (WatchedObjective.isCancellation(e)) {
      say("the command was cancelled: " + e.getMessage());
      return OTHER;
    }
    Throwable dataFault = null;
    for (Throwable cause = e; cause != null; cause = cause.getCause()) {
      if (cause instanceof DataException) {
        say(cause.getMessage());
        return DATA;
      }
      if (isDataFault(cause)) {
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

  /** The deepest fault of a value in what Spark threw, such as a division by zero. */
  static Optional<Throwable> faultOfValues(Throwable e) {
    Throwable found = null;
    for (Throwable cause = e; cause != null; cause = cause.getCause()) {
      if (cause instanceof SparkThrowable fault
          && fault.getSqlState() != null
          && fault.getSqlState().startsWith("22")) {
        found = cause;
      }
    }
    return Optional.ofNullable(found);
  }

  /**
   * SQL states of class 22 are faults of values, 42 of names and types, KD of data sources; what
   * else Spark throws (memory, disks, its own errors) is nobody's data.
   */
  private static boolean isDataFault(Throwable cause) {
    if (cause instanceof SparkThrowable fault && fault.getSqlState() != null) {
      return List.of("22", "42", "KD").contains(fault.getSqlState().substring(0, 2));
    }
    // Spark's csv reader has no condition for this one.
    return cause instanceof IllegalArgumentException
        && String.valueOf(cause.getMessage()).startsWith("CSV header does not conform");
  }

  private void say(String message) {
    sentence = "regard: " + message.lines().findFirst().orElse("").strip();
  }
}
