package ml.regard.job;

/** What a fit keeps of its errors; the names are those of the Spark ML parameter. */
enum CalibrationName {
  loo,
  none
}
