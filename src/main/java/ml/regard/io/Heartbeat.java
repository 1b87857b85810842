package ml.regard.io;

import java.time.Duration;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A daemon thread that refreshes a lock until it is closed. */
final class Heartbeat implements AutoCloseable {
  /** One refreshment, which may fail. */
  interface Beat {
    void run() throws Exception;
  }

  private static final Logger LOG = LoggerFactory.getLogger(Heartbeat.class);

  private final ScheduledExecutorService thread =
      Executors.newSingleThreadScheduledExecutor(
          work -> {
            Thread daemon = new Thread(work, "regard-heartbeat");
            daemon.setDaemon(true);
            return daemon;
          });

  Heartbeat(Duration interval, Beat beat) {
    long millis = interval.toMillis();
    thread.scheduleAtFixedRate(() -> tell(beat), millis, millis, TimeUnit.MILLISECONDS);
  }

  /** A beat that fails is no fault yet: the ownership is checked before the commit. */
  private static void tell(Beat beat) {
    try {
      beat.run();
    } catch (Exception e) {
      LOG.warn("the lock could not be refreshed", e);
    }
  }

  @Override
  public void close() {
    thread.shutdownNow();
  }
}
