package ml.regard.engine;

import java.util.OptionalDouble;
import ml.regard.optim.Objective;

/** The leave-one-out objective of the training rows, with the work placed on Spark. */
public interface Engine extends Objective, AutoCloseable {
  /** Number of features d. */
  int dim();

  /**
   * The share of the rows of the last evaluation whose bound exceeded the tolerance, so that they
   * were handed over to exact sums; empty where nothing but exact sums was asked.
   */
  default OptionalDouble handedOver() {
    return OptionalDouble.empty();
  }

  /** Releases what the executors hold of it. */
  @Override
  void close();
}
