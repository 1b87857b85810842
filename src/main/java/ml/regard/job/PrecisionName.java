package ml.regard.job;

/** The precisions that an option offers. */
enum PrecisionName {
  float64,
  float32
}
