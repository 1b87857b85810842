package ml.regard.ml;

import java.io.Serializable;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import ml.regard.kernel.Checks;
import ml.regard.optim.Batch;
import ml.regard.optim.Criterion;
import ml.regard.optim.FeatureScales;
import ml.regard.optim.Learned;
import ml.regard.optim.LossReduction;
import ml.regard.optim.MiniBatchSgd;
import ml.regard.optim.Objective;
import ml.regard.optim.PlainSgd;
import ml.regard.optim.StartScan;
import ml.regard.optim.WidthOptimizer;
import ml.regard.optim.WidthSearch;

/** How the parameters have widths learned: from where, by which solver, and what is made small. */
final class WidthLearning implements Serializable {
  private static final long serialVersionUID = 1;

  private final KernelRegressionParams params;

  WidthLearning(KernelRegressionParams params) {
    this.params = params;
  }

  /** Whether widths are learned, and not given. */
  boolean learns() {
    return !params.getSolver().equals("fixed");
  }

  /** The rows that the final loss is over: all, or those that the last step looked at. */
  Batch measured(Learned learned, Objective objective) {
    if (learned.last().isPresent()) {
      double share = learned.iterations().get(learned.iterations().size() - 1).rows();
      return Batch.nested(share * objective.numRows(), params.getSeed(), objective.numRows());
    }
    double fraction = isMiniBatch() ? params.getMiniBatchFraction() : 1;
    return Batch.measured(fraction, params.getSeed(), objective.numRows());
  }

  /** Whether each step looks at a share of the rows that the user gave. */
  boolean isMiniBatch() {
    double fraction = params.getMiniBatchFraction();
    return params.getSolver().equals("sgd") && fraction > 0 && fraction < 1;
  }

  /**
   * The widths that make the criterion of rows small.
   *
   * @param dim number of features
   */
  Learned learn(
      Objective objective,
      Optional<Objective> validation,
      FeatureScales scales,
      int dim,
      WidthOptimizer.Progress progress) {
    if (!learns()) {
      return Learned.given(given(dim));
    }
    if (!scales.valuesDiffer()) {
      double[] rule = Arrays.stream(scales.ruleOfThumb()).map(h -> 1 / h).toArray();
      return Learned.kept(
          params.isDefined(params.width()) ? given(dim) : rule,
          "the labels do not differ: the start was kept");
    }
    WidthOptimizer optimizer = optimizer(scales, validation);
    if (params.isDefined(params.width())) {
      return optimizer.learn(objective, List.of(given(dim)), progress);
    }
    StartScan scan = StartScan.run(objective, wanted(), scales, params.getSeed());
    return scan.flat()
        ? Learned.kept(
                scan.starts().get(0),
                "the criterion does not depend on the widths: the rule of thumb was kept")
            .after(scan)
        : optimizer.learn(objective, scan.starts(), progress).after(scan);
  }

  private WidthOptimizer optimizer(FeatureScales scales, Optional<Objective> validation) {
    double fraction = params.getMiniBatchFraction();
    if (params.getParametrization().equals("inverse")) {
      return new PlainSgd(
          params.getStepSize(),
          params.getMaxIter(),
          reduction(),
          wanted().leaveOut(),
          fraction == 0 ? 1 : fraction,
          params.getSeed());
    }
    if (isMiniBatch()) {
      return new MiniBatchSgd(
          wanted(),
          params.getStepSize(),
          params.getMaxIter(),
          reduction(),
          fraction,
          params.getSeed(),
          scales);
    }
    return new WidthSearch(
        params.getSolver().equals("newton"),
        wanted(),
        params.getMaxIter(),
        params.getTol(),
        reduction(),
        fraction,
        params.getSeed(),
        scales,
        validation);
  }

  private Criterion wanted() {
    return params.getCriterion().equals("aicc")
        ? Criterion.aicc()
        : Criterion.leaving(TrainingRows.leaveOut(params));
  }

  /** The inverse widths that the user gave, one for all features or one per feature. */
  double[] given(int dim) {
    double[] inverse = Arrays.stream(params.getWidth()).map(Checks::inverseOfWidth).toArray();
    boolean fits = inverse.length == 1 || (inverse.length == dim && params.getPerFeatureWidth());
    if (!fits) {
      throw new IllegalArgumentException(
          "width must be one number%s, but was %s"
              .formatted(
                  params.getPerFeatureWidth() ? " or one per feature (%d)".formatted(dim) : "",
                  Arrays.toString(params.getWidth())));
    }
    if (params.getPerFeatureWidth() && inverse.length < dim) {
      double[] all = new double[dim];
      Arrays.fill(all, inverse[0]);
      return all;
    }
    return inverse;
  }

  LossReduction reduction() {
    return LossReduction.valueOf(params.getLossReduction().toUpperCase(Locale.ROOT));
  }
}
