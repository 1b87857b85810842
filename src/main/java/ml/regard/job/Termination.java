package ml.regard.job;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.util.ShutdownHookManager;
import org.apache.spark.SparkContext;
import org.apache.spark.sql.SparkSession;

/**
 * Ends a command in order when the process is told to stop (SIGTERM, SIGINT): cancels its Spark
 * jobs and waits, at most 20 s, until it has unwound. So what was staged is removed, or, in a fit
 * that keeps its widths, the model is written and the line of JSON printed. The exit code is the
 * JVM's, 143 after a SIGTERM.
 *
 * <p>Runs as a shutdown hook before Spark's own, which would stop Spark under the command. The wait
 * is for {@link #ended}, not for the main thread: in System.exit that thread waits for the hooks.
 */
final class Termination implements Runnable {
  /** The tag of the jobs that a signal cancels. */
  private static final String TAG = "regard-until-signal";

  private static final int BEFORE_SPARK = FileSystem.SHUTDOWN_HOOK_PRIORITY + 100; // Spark: + 30
  private static final long PATIENCE_MS = 20_000;
  private static final long POLL_MS = 100;

  private final CountDownLatch ended = new CountDownLatch(1);

  /** Watches this process from now on. */
  static Termination watch() {
    Termination termination = new Termination();
    ShutdownHookManager.get()
        .addShutdownHook(termination, BEFORE_SPARK, 2 * PATIENCE_MS, TimeUnit.MILLISECONDS);
    return termination;
  }

  /** From here on a signal cancels the jobs of this thread. */
  static void cancels(SparkContext spark) {
    spark.addJobTag(TAG);
  }

  /** From here on a signal waits for the jobs of this thread. */
  static void waitsFor(SparkContext spark) {
    spark.removeJobTag(TAG);
  }

  /** The command is over, and all that it had to say is said. */
  void ended() {
    ended.countDown();
  }

  /** Cancels again and again, since the command may be between two jobs. */
  @Override
  public void run() {
    long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(PATIENCE_MS);
    try {
      while (ended.getCount() > 0 && System.nanoTime() < deadline) {
        SparkSession.getDefaultSession().foreach(cancelJobs());
        if (ended.await(POLL_MS, TimeUnit.MILLISECONDS)) {
          return;
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static scala.Function1<SparkSession, Object> cancelJobs() {
    return session -> {
      SparkContext spark = session.sparkContext();
      try {
        spark.cancelJobsWithTag(TAG, "because the process was told to stop");
      } catch (IllegalStateException e) {
        if (!spark.isStopped()) { // by the command: it has only its last words to say
          throw e;
        }
      }
      return null;
    };
  }
}
