package ml.regard.job;

import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import ml.regard.Build;
import org.apache.spark.sql.SparkSession;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.Spec;

/** The entry point of every job; {@code jobs/regard} submits it. */
@Command(
    name = "jobs/regard",
    description = "Kernel regression on Spark, seen as attention pooling.",
    mixinStandardHelpOptions = true,
    versionProvider = Main.Version.class,
    subcommands = {
      GenerateJob.class,
      DemoJob.class,
      FitJob.class,
      ScoreJob.class,
      EvaluateJob.class,
      ExplainJob.class,
      BenchJob.class
    })
public final class Main implements Runnable {
  @Spec private CommandSpec spec;

  /** {@code --verbose} shows stack traces; every command takes it. */
  @Option(
      names = "--verbose",
      scope = ScopeType.INHERIT,
      description = "Show the stack trace of a failure.")
  boolean verbose;

  /**
   * Runs one command, stops Spark, and ends the process when the command failed. A signal ends the
   * command in order: {@link Termination}.
   */
  public static void main(String[] args) {
    System.setProperty("java.awt.headless", "true"); // figures need no display
    PrintWriter out = new PrintWriter(System.out, true, StandardCharsets.UTF_8);
    PrintWriter err = new PrintWriter(System.err, true, StandardCharsets.UTF_8);
    Failures failures = new Failures();
    Termination termination = Termination.watch();
    int code = execute(args, out, err, failures);
    SparkSession.getDefaultSession().foreach(stop());
    failures.sentence().ifPresent(err::println); // the last line, after Spark's own
    termination.ended();
    if (code != 0) {
      System.exit(code);
    }
  }

  /** Runs one command in this process and returns its exit code; Spark stays up. */
  static int run(String[] args, PrintWriter out, PrintWriter err) {
    Failures failures = new Failures();
    int code = execute(args, out, err, failures);
    Optional<String> sentence = failures.sentence();
    sentence.ifPresent(err::println);
    return code;
  }

  private static int execute(String[] args, PrintWriter out, PrintWriter err, Failures failures) {
    Main main = new Main();
    return new CommandLine(main)
        .setOut(out)
        .setErr(err)
        .setExpandAtFiles(false)
        .setOverwrittenOptionsAllowed(true) // the command line wins over the config before it
        .setCaseInsensitiveEnumValuesAllowed(true)
        .setParameterExceptionHandler(failures)
        .setExecutionExceptionHandler(
            (e, commandLine, result) -> failures.handle(e, err, main.verbose))
        .execute(args);
  }

  private static scala.Function1<SparkSession, Object> stop() {
    return session -> {
      session.stop();
      return null;
    };
  }

  @Override
  public void run() {
    throw new ParameterException(
        spec.commandLine(),
        "a command is missing: one of " + String.join(", ", spec.subcommands().keySet()));
  }

  static final class Version implements IVersionProvider {
    @Override
    public String[] getVersion() {
      return new String[] {
        "Regard %s (%s) for Spark %s"
            .formatted(Build.version(), Build.commit(), Build.sparkVersion())
      };
    }
  }
}
