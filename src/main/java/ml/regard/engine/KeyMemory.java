package ml.regard.engine;

import java.util.Locale;
import ml.regard.kernel.Keys;
import org.apache.spark.SparkConf;
import org.apache.spark.SparkContext;
import org.apache.spark.network.util.JavaUtils;

/**
 * Whether packed keys fit in memory.
 *
 * <pre>
 *   bytes = (8 d + 36) n          features, value and weight of each key, and what its site has
 *   needed = 2 bytes              on an executor: the pieces of the broadcast and the value made of
 *                                 them; on the driver: the rows as they arrived and packed
 *   available = spark.memory.fraction (heap - 300 MB)      Spark's own share of a heap
 * </pre>
 *
 * @param setting the setting that limits: spark.executor.memory or spark.driver.memory
 * @param heap bytes of that heap
 * @param available bytes of it that keys may take
 */
record KeyMemory(String setting, long heap, long available) {
  private static final long RESERVED = 300L << 20;

  static long bytes(Keys keys) {
    return bytes(keys.numKeys(), keys.dim());
  }

  static long bytes(long numKeys, int dim) {
    return (8L * dim + 36) * numKeys;
  }

  /** The smaller of the driver's and an executor's memory; in local mode they are one. */
  static KeyMemory of(SparkContext spark) {
    SparkConf conf = spark.conf();
    KeyMemory driver = of("spark.driver.memory", Runtime.getRuntime().maxMemory(), conf);
    if (spark.isLocal()) {
      return driver;
    }
    long heap = JavaUtils.byteStringAsBytes(conf.get("spark.executor.memory", "1g"));
    KeyMemory executor = of("spark.executor.memory", heap, conf);
    return executor.available <= driver.available ? executor : driver;
  }

  private static KeyMemory of(String setting, long heap, SparkConf conf) {
    double fraction = conf.getDouble("spark.memory.fraction", 0.6);
    return new KeyMemory(setting, heap, (long) (fraction * Math.max(0, heap - RESERVED)));
  }

  boolean holds(long bytes) {
    return 2 * bytes <= available;
  }

  /** The heap in which keys of so many bytes would fit, in whole megabytes. */
  long heapFor(long bytes) {
    double share = available / (double) Math.max(1, heap - RESERVED);
    return (long) Math.ceil((2 * bytes / Math.max(share, 0.05) + RESERVED) / (1 << 20));
  }

  static String megabytes(long bytes) {
    return String.format(Locale.ROOT, "%.3g MB", bytes / (double) (1 << 20));
  }
}
