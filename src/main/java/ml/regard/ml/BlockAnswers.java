package ml.regard.ml;

import ml.regard.engine.KeyStore;
import ml.regard.kernel.AttendedKey;
import ml.regard.kernel.AttentionPooling;
import ml.regard.kernel.AveragePooling;
import ml.regard.kernel.KeyAttention;
import ml.regard.kernel.QueryBlock;

/** The answers to a block of queries, each formed when a column first asks for it. */
final class BlockAnswers {
  private final KeyStore.Shared shared;
  private final KeyStore.Answering how;
  private final QueryBlock queries;
  private KeyStore.Answers answers;
  private double[][] intervals;
  private double[][] weights;
  private KeyAttention attention;
  private AttendedKey[][] topKeys;
  private double[][] quantiles;

  BlockAnswers(KeyStore.Shared shared, KeyStore.Answering how, QueryBlock queries) {
    this.shared = shared;
    this.how = how;
    this.queries = queries;
  }

  private KeyStore.Answers answers() {
    if (answers == null) {
      answers = shared.predict(queries, how);
    }
    return answers;
  }

  double pooled(int i) {
    return answers().pooled(i);
  }

  double errorBound(int i) {
    return answers().errorBound(i);
  }

  double effectiveKeys(int i) {
    return answers().effectiveKeys(i);
  }

  double standardError(int i) {
    return answers().standardError(i, shared.meanSquaredResidual());
  }

  /** Lower and upper end of the prediction interval. */
  double[] interval(int i) {
    if (intervals == null) {
      intervals = shared.intervals(queries, how, answers());
    }
    return intervals[i];
  }

  /** The pooled value less and plus so many standard errors. */
  double[] band(int i, double standardErrors) {
    double reach = standardErrors * standardError(i);
    return new double[] {pooled(i) - reach, pooled(i) + reach};
  }

  double support(int i) {
    return answers().support(i);
  }

  double[] marginalEffect(int i) {
    return answers().marginalEffect(i, how.inverseWidths());
  }

  /** The weighted mean of all values. */
  double average() {
    return AveragePooling.pool(shared.keys());
  }

  double[] query(int i) {
    return queries.query(i);
  }

  double[] weights(int i) {
    if (weights == null) {
      weights = AttentionPooling.weights(shared.keys(), queries, how.inverseWidths());
    }
    return weights[i];
  }

  private KeyAttention attention() {
    if (attention == null) {
      attention = KeyAttention.of(shared.keys(), queries, how.inverseWidths());
    }
    return attention;
  }

  /** The keys of largest attention weight of each query. */
  AttendedKey[][] topKeys(int count) {
    if (topKeys == null) {
      topKeys = attention().top(count);
    }
    return topKeys;
  }

  /** The quantiles of the values under the attention of each query. */
  double[][] quantiles(double[] probabilities) {
    if (quantiles == null) {
      quantiles = attention().quantiles(probabilities);
    }
    return quantiles;
  }
}
