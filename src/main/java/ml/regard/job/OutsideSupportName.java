package ml.regard.job;

/** What is predicted outside of the support; the names are those of the Spark ML parameter. */
enum OutsideSupportName {
  nearest,
  mean,
  nan,
  error
}
