package ml.regard.engine;

import ml.regard.DataException;
import ml.regard.lattice.LatticePlan;
import org.apache.spark.SparkContext;

/**
 * Which engine forms the pairs, and why in one sentence.
 *
 * @param engine {@link #BROADCAST}, {@link #PARTITIONED} or {@link #LATTICE}
 * @param reason the sentence, with the numbers that decided
 */
public record EngineChoice(String engine, String reason) {
  public static final String AUTO = "auto";
  public static final String BROADCAST = "broadcast";
  public static final String PARTITIONED = "partitioned";
  public static final String LATTICE = "lattice";

  /** Finer tolerances few lattices certify. */
  public static final double LATTICE_TOLERANCE = 1e-9;

  /** Fewer keys are not worth writing to files. */
  public static final int LATTICE_KEYS = 1 << 16;

  /**
   * Takes the engine that was asked for, or with {@link #AUTO} the lattice engine where it serves
   * and there are at least {@link #LATTICE_KEYS} keys of at most {@link LatticePlan#MAX_FEATURES}
   * features; else the broadcast engine when the keys fit in memory twice, on the driver and on an
   * executor; see {@link KeyMemory}.
   *
   * @param latticeServes whether what else was asked for is to be had on a lattice
   * @throws DataException if the broadcast engine was asked for and the keys do not fit, or the
   *     lattice engine and there are too many features
   */
  public static EngineChoice of(
      String asked, SparkContext spark, long numKeys, int dim, boolean latticeServes) {
    requireFeatures(asked, dim);
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
    if (!asked.equals(AUTO)) {
      return new EngineChoice(asked, "engine %s (as asked for): %s".formatted(asked, need));
    }
    if (latticeServes && numKeys >= LATTICE_KEYS && dim <= LatticePlan.MAX_FEATURES) {
      String pairs =
          "keys [%d x %d] form %.3g pairs with themselves, and nodes stand in for them where they cost less"
              .formatted(numKeys, dim, (double) numKeys * numKeys);
      return new EngineChoice(LATTICE, "engine lattice (chosen): " + pairs);
    }
    String engine = fits ? BROADCAST : PARTITIONED;
    return new EngineChoice(engine, "engine %s (chosen): %s".formatted(engine, need));
  }

  /**
   * Stops who asks for the lattice engine with too many features; no row need be counted for it.
   *
   * @throws DataException if so
   */
  public static void requireFeatures(String asked, int dim) {
    if (asked.equals(LATTICE) && dim > LatticePlan.MAX_FEATURES) {
      throw new DataException(
          "engine lattice has at most %d features, but there are %d: take engine broadcast or partitioned"
              .formatted(LatticePlan.MAX_FEATURES, dim));
    }
  }

  public boolean isLattice() {
    return engine.equals(LATTICE);
  }

  public boolean isBroadcast() {
    return engine.equals(BROADCAST);
  }
}
