package ml.regard.ml;

import ml.regard.engine.Calibration;
import ml.regard.engine.EngineChoice;
import ml.regard.engine.KeyStore;
import ml.regard.engine.WatchedObjective;
import ml.regard.kernel.LeaveOut;
import ml.regard.kernel.PackedKeys;
import ml.regard.optim.Learned;
import org.apache.spark.api.java.JavaSparkContext;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What a fit keeps of its errors when the widths are learned. */
final class CalibratedFit {
  private static final Logger LOG = LoggerFactory.getLogger(CalibratedFit.class);

  private CalibratedFit() {}

  /**
   * What standard errors and intervals are made of, of the keys in the order of a model; null where
   * that is not wanted, or cannot be had.
   *
   * @param lastPasses that the final loss took
   */
  static Calibration of(
      JavaSparkContext spark,
      KernelRegressionParams params,
      TrainingRows rows,
      Learned learned,
      double lastPasses,
      FitProgress progress) {
    KeyStore keys = rows.keys();
    if (params.getCalibration().equals("none") || learned.cancelled()) {
      return null;
    }
    if (!params.isSet(params.calibration()) && learned.passes() + lastPasses < 1) {
      LOG.info("learning took less than a pass, which residuals would: the model has none");
      return null;
    }
    if (keys.engine().equals(EngineChoice.LATTICE)) {
      LOG.info("engine lattice forms no residuals: the model has no standard errors or intervals");
      return null;
    }
    progress.say("residuals and scores at the final widths");
    Calibration found;
    try {
      found = formed(spark, params, rows, learned.inverseWidths());
    } catch (RuntimeException e) {
      if (params.getOnCancel().equals("keep") && WatchedObjective.isCancellation(e)) {
        LOG.warn("cancelled before the residuals were known: the model has no standard errors");
        return null;
      }
      throw e;
    }
    if (!found.isDefined()) {
      return null;
    }
    return keys.keys() instanceof PackedKeys packed && packed.numFolds() > 1
        ? found.inOrder(packed.orderWithoutFolds())
        : found;
  }

  private static Calibration formed(
      JavaSparkContext spark, KernelRegressionParams params, TrainingRows rows, double[] w) {
    KeyStore keys = rows.keys();
    LeaveOut leaveOut = TrainingRows.leaveOut(params);
    double tolerance = params.getAnswerTolerance();
    return switch (Calibration.Kind.of(params.getCalibration())) {
      case LOO -> Calibration.loo(spark, keys, w, leaveOut, tolerance);
      case CV_PLUS -> Calibration.cvPlus(spark, keys, w, leaveOut, tolerance, params.getSeed());
      case SPLIT -> Calibration.split(spark, keys, rows.heldOut().get(), w, leaveOut, tolerance);
    };
  }
}
