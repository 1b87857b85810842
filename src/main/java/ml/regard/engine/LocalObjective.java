package ml.regard.engine;

import ml.regard.kernel.LossSums;
import ml.regard.kernel.PackedKeys;
import ml.regard.optim.LossRequest;
import ml.regard.optim.Objective;

/**
 * The leave-one-out objective of few keys, evaluated where it is asked, without a job: with the
 * bits of the broadcast engine.
 */
public final class LocalObjective implements Objective {
  private final PackedKeys keys;
  private final double tolerance;

  /**
   * The objective of some keys.
   *
   * @param tolerance as of {@link KeyStore#objective}
   */
  public LocalObjective(PackedKeys keys, double tolerance) {
    this.keys = keys;
    this.tolerance = tolerance;
  }

  @Override
  public int numRows() {
    return keys.numKeys();
  }

  @Override
  public LossSums[] evaluate(LossRequest request) {
    return BroadcastEngine.sums(keys, keys, 0, 1, request, tolerance).root();
  }
}
