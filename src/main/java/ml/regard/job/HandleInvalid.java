package ml.regard.job;

/** What happens to rows that cannot be used; the names are those of the Spark ML parameter. */
enum HandleInvalid {
  error,
  skip,
  keep
}
