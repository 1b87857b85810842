/**
 * The Spark ML surface: {@link ml.regard.ml.KernelRegression} learns a {@link
 * ml.regard.ml.KernelRegressionModel}; both work in {@code Pipeline}, {@code CrossValidator} and
 * {@code TrainValidationSplit} and keep their parameters through {@code copy}, {@code save} and
 * {@code load}.
 */
package ml.regard.ml;
