package ml.regard.io;

import java.time.Clock;
import java.time.Duration;

/**
 * When a lock counts as left behind. The clocks of the machines that may hold one must agree to a
 * few seconds.
 *
 * @param clock tells the time
 * @param heartbeat how often a holder says that it lives
 * @param stale after this time without a word the holder is dead
 */
public record LockTimes(Clock clock, Duration heartbeat, Duration stale) {
  /** Every 10 seconds; dead after 60. */
  public static final LockTimes DEFAULT =
      new LockTimes(Clock.systemUTC(), Duration.ofSeconds(10), Duration.ofSeconds(60));

  boolean isStale(long heardMillis) {
    return silence(heardMillis).compareTo(stale) > 0;
  }

  /** How long ago that was. */
  Duration silence(long heardMillis) {
    return Duration.ofMillis(clock.millis() - heardMillis);
  }
}
