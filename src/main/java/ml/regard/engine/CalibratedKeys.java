package ml.regard.engine;

import ml.regard.kernel.Keys;
import ml.regard.kernel.QueryBlock;
import org.apache.spark.broadcast.Broadcast;

/** Keys as tasks get them, with the squares of their residuals as a further value. */
final class CalibratedKeys implements KeyStore.Shared {
  private static final long serialVersionUID = 1;

  private final KeyStore.Shared shared;
  private final Broadcast<Residuals> residuals;
  private final Intervals intervals; // null where there are no scores

  CalibratedKeys(KeyStore.Shared shared, Broadcast<Residuals> residuals, Intervals intervals) {
    this.shared = shared;
    this.residuals = residuals;
    this.intervals = intervals;
  }

  @Override
  public Keys keys() {
    return new KeysBeside(shared.keys(), residuals.value());
  }

  @Override
  public double meanSquaredResidual() {
    return residuals.value().meanSquare();
  }

  @Override
  public double[][] intervals(
      QueryBlock queries, KeyStore.Answering how, KeyStore.Answers answers) {
    return intervals.of(shared.keys(), residuals.value(), queries, how, answers);
  }
}
