package ml.regard.ml;

import org.apache.spark.ml.param.BooleanParam;
import org.apache.spark.ml.param.DoubleArrayParam;
import org.apache.spark.ml.param.DoubleParam;
import org.apache.spark.ml.param.IntParam;
import org.apache.spark.ml.param.LongParam;
import org.apache.spark.ml.param.Param;
import org.apache.spark.ml.param.Params;

/**
 * The parameters that estimator and model share, with their getters. What each one means, its range
 * and its default stand in {@link ParamDefinitions}, and in {@code explainParams()}.
 */
public interface KernelRegressionParams extends Params {
  /** The definitions behind the accessors below. */
  ParamDefinitions definitions();

  default Param<String> featuresCol() {
    return definitions().featuresCol;
  }

  default String getFeaturesCol() {
    return getOrDefault(featuresCol());
  }

  default Param<String> labelCol() {
    return definitions().labelCol;
  }

  default String getLabelCol() {
    return getOrDefault(labelCol());
  }

  default Param<String> weightCol() {
    return definitions().weightCol;
  }

  default String getWeightCol() {
    return getOrDefault(weightCol());
  }

  default Param<String> predictionCol() {
    return definitions().predictionCol;
  }

  default String getPredictionCol() {
    return getOrDefault(predictionCol());
  }

  default Param<String> errorBoundCol() {
    return definitions().errorBoundCol;
  }

  default String getErrorBoundCol() {
    return getOrDefault(errorBoundCol());
  }

  default Param<String> attentionWeightsCol() {
    return definitions().attentionWeightsCol;
  }

  default String getAttentionWeightsCol() {
    return getOrDefault(attentionWeightsCol());
  }

  default Param<String> standardErrorCol() {
    return definitions().standardErrorCol;
  }

  default String getStandardErrorCol() {
    return getOrDefault(standardErrorCol());
  }

  default Param<String> intervalCol() {
    return definitions().intervalCol;
  }

  default String getIntervalCol() {
    return getOrDefault(intervalCol());
  }

  default DoubleParam confidence() {
    return definitions().confidence;
  }

  default double getConfidence() {
    return (double) getOrDefault(confidence());
  }

  default Param<String> bandCol() {
    return definitions().bandCol;
  }

  default String getBandCol() {
    return getOrDefault(bandCol());
  }

  default Param<String> calibration() {
    return definitions().calibration;
  }

  default String getCalibration() {
    return getOrDefault(calibration());
  }

  default Param<String> effectiveKeysCol() {
    return definitions().effectiveKeysCol;
  }

  default String getEffectiveKeysCol() {
    return getOrDefault(effectiveKeysCol());
  }

  default Param<String> supportCol() {
    return definitions().supportCol;
  }

  default String getSupportCol() {
    return getOrDefault(supportCol());
  }

  default Param<String> marginalEffectCol() {
    return definitions().marginalEffectCol;
  }

  default String getMarginalEffectCol() {
    return getOrDefault(marginalEffectCol());
  }

  default Param<String> outsideSupport() {
    return definitions().outsideSupport;
  }

  default String getOutsideSupport() {
    return getOrDefault(outsideSupport());
  }

  default DoubleParam supportThreshold() {
    return definitions().supportThreshold;
  }

  default double getSupportThreshold() {
    return (double) getOrDefault(supportThreshold());
  }

  default Param<String> handleInvalid() {
    return definitions().handleInvalid;
  }

  default String getHandleInvalid() {
    return getOrDefault(handleInvalid());
  }

  default DoubleArrayParam width() {
    return definitions().width;
  }

  default double[] getWidth() {
    return getOrDefault(width());
  }

  default BooleanParam perFeatureWidth() {
    return definitions().perFeatureWidth;
  }

  default boolean getPerFeatureWidth() {
    return (boolean) getOrDefault(perFeatureWidth());
  }

  default Param<String> solver() {
    return definitions().solver;
  }

  default String getSolver() {
    return getOrDefault(solver());
  }

  default Param<String> criterion() {
    return definitions().criterion;
  }

  default String getCriterion() {
    return getOrDefault(criterion());
  }

  default Param<String> leaveOut() {
    return definitions().leaveOut;
  }

  default String getLeaveOut() {
    return getOrDefault(leaveOut());
  }

  default Param<String> validationIndicatorCol() {
    return definitions().validationIndicatorCol;
  }

  default String getValidationIndicatorCol() {
    return getOrDefault(validationIndicatorCol());
  }

  default Param<String> parametrization() {
    return definitions().parametrization;
  }

  default String getParametrization() {
    return getOrDefault(parametrization());
  }

  default Param<String> lossReduction() {
    return definitions().lossReduction;
  }

  default String getLossReduction() {
    return getOrDefault(lossReduction());
  }

  default DoubleParam stepSize() {
    return definitions().stepSize;
  }

  default double getStepSize() {
    return (double) getOrDefault(stepSize());
  }

  default IntParam maxIter() {
    return definitions().maxIter;
  }

  default int getMaxIter() {
    return (int) getOrDefault(maxIter());
  }

  default DoubleParam tol() {
    return definitions().tol;
  }

  default double getTol() {
    return (double) getOrDefault(tol());
  }

  default DoubleParam miniBatchFraction() {
    return definitions().miniBatchFraction;
  }

  default double getMiniBatchFraction() {
    return (double) getOrDefault(miniBatchFraction());
  }

  default LongParam seed() {
    return definitions().seed;
  }

  default long getSeed() {
    return (long) getOrDefault(seed());
  }

  default Param<String> engine() {
    return definitions().engine;
  }

  default String getEngine() {
    return getOrDefault(engine());
  }

  default DoubleParam answerTolerance() {
    return definitions().answerTolerance;
  }

  default double getAnswerTolerance() {
    return (double) getOrDefault(answerTolerance());
  }

  default BooleanParam compact() {
    return definitions().compact;
  }

  default boolean getCompact() {
    return (boolean) getOrDefault(compact());
  }

  default Param<String> precision() {
    return definitions().precision;
  }

  default String getPrecision() {
    return getOrDefault(precision());
  }

  default Param<String> stagingDir() {
    return definitions().stagingDir;
  }

  default String getStagingDir() {
    return getOrDefault(stagingDir());
  }

  default IntParam numPartitions() {
    return definitions().numPartitions;
  }

  default int getNumPartitions() {
    return (int) getOrDefault(numPartitions());
  }

  default IntParam aggregationDepth() {
    return definitions().aggregationDepth;
  }

  default int getAggregationDepth() {
    return (int) getOrDefault(aggregationDepth());
  }

  default Param<String> checkpointDir() {
    return definitions().checkpointDir;
  }

  default String getCheckpointDir() {
    return getOrDefault(checkpointDir());
  }

  default IntParam checkpointInterval() {
    return definitions().checkpointInterval;
  }

  default int getCheckpointInterval() {
    return (int) getOrDefault(checkpointInterval());
  }

  default Param<String> onCancel() {
    return definitions().onCancel;
  }

  default String getOnCancel() {
    return getOrDefault(onCancel());
  }

  default Param<String> attentionCol() {
    return definitions().attentionCol;
  }

  default String getAttentionCol() {
    return getOrDefault(attentionCol());
  }

  default IntParam topKeys() {
    return definitions().topKeys;
  }

  default int getTopKeys() {
    return (int) getOrDefault(topKeys());
  }

  default Param<String> quantilesCol() {
    return definitions().quantilesCol;
  }

  default String getQuantilesCol() {
    return getOrDefault(quantilesCol());
  }

  default DoubleArrayParam quantiles() {
    return definitions().quantiles;
  }

  default double[] getQuantiles() {
    return getOrDefault(quantiles());
  }

  default Param<String> keyIdCol() {
    return definitions().keyIdCol;
  }

  default String getKeyIdCol() {
    return getOrDefault(keyIdCol());
  }
}
