package ml.regard.engine;

import ml.regard.optim.Objective;

/** The leave-one-out objective of the training rows, with the work placed on Spark. */
public interface Engine extends Objective, AutoCloseable {
  /** Number of features d. */
  int dim();

  /** What its answers have come from so far, in a sentence; empty where there is nothing to say. */
  default String remark() {
    return "";
  }

  /** Releases what the executors hold of it. */
  @Override
  void close();
}
