/**
 * Regard: kernel regression for Apache Spark, seen as attention pooling.
 *
 * <p>Training rows are keys {@code k_j} with values {@code v_j}; the prediction for a query {@code
 * q} is the attention-weighted mean of the values (Nadaraya 1964, Watson 1964). This root package
 * holds only what every layer below it may use.
 */
package ml.regard;
