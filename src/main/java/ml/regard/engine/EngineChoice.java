package ml.regard.engine;

import ml.regard.DataException;
import ml.regard.lattice.LatticePlan;
import org.apache.spark.SparkContext;

/**
 * Which engine forms the pairs, and why in one sentence.
 *
 * @param engine {@link #BROADCAST} or {@link #PARTITIONED}
 * @param reason the sentence, with the numbers that decided
 */
public record EngineChoice(String engine, String reason) {
  public static final String AUTO = "auto";
  public static final String BROADCAST = "broadcast";
  public static final String PARTITIONED = "partitioned";
  public static final String LATTICE = "lattice";

  /**
   * Takes the engine that was asked for, or with {@link #AUTO} the broadcast engine when the keys
   * fit in memory twice, on the driver and on an executor; see {@link KeyMemory}.
   *
   * @throws DataException if the broadcast engine was asked for and the keys do not fit
   */
  public static EngineChoice of(String asked, SparkContext spark, long numKeys, int dim) {
    long bytes = KeyMemory.bytes(numKeys, dim);
    KeyMemory memory = KeyMemory.of(spark);
    boolean fits = memory.holds(bytes);
    String need =
        "keys [%d x %d] take %s, twice, and %s %dm leaves %s for them"
            .formatted(
                numKeys,
                dim,
                KeyMemory.megabytes(bytes),
                memory.setting(),
                memory.heap() >> 20,
                KeyMemory.megabytes(memory.available()));
    if (asked.equals(BROADCAST) && !fits) {
      throw new DataException(
          "engine broadcast: %s: raise %s to %dm, or take engine partitioned"
              .formatted(need, memory.setting(), memory.heapFor(bytes)));
    }
    if (asked.equals(LATTICE) && dim > LatticePlan.MAX_FEATURES) {
      throw new DataException(
          "engine lattice has at most %d features, but there are %d: take engine broadcast or partitioned"
              .formatted(LatticePlan.MAX_FEATURES, dim));
    }
    String engine = asked.equals(AUTO) ? (fits ? BROADCAST : PARTITIONED) : asked;
    String how = asked.equals(AUTO) ? "chosen" : "as asked for";
    return new EngineChoice(engine, "engine %s (%s): %s".formatted(engine, how, need));
  }

  public boolean isBroadcast() {
    return engine.equals(BROADCAST);
  }
}
