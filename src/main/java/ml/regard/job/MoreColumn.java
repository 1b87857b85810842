package ml.regard.job;

import java.util.function.BiConsumer;
import ml.regard.ml.KernelRegressionModel;

/** Columns that a score can have behind the prediction, under these names. */
enum MoreColumn {
  errorBound(KernelRegressionModel::setErrorBoundCol),
  standardError(KernelRegressionModel::setStandardErrorCol),
  interval(KernelRegressionModel::setIntervalCol),
  band(KernelRegressionModel::setBandCol),
  effectiveKeys(KernelRegressionModel::setEffectiveKeysCol),
  support(KernelRegressionModel::setSupportCol),
  marginalEffect(KernelRegressionModel::setMarginalEffectCol),
  attention(KernelRegressionModel::setAttentionCol),
  quantiles(KernelRegressionModel::setQuantilesCol);

  private final BiConsumer<KernelRegressionModel, String> setter;

  MoreColumn(BiConsumer<KernelRegressionModel, String> setter) {
    this.setter = setter;
  }

  /** Has the model put out this column. */
  void ask(KernelRegressionModel model) {
    setter.accept(model, name());
  }
}
