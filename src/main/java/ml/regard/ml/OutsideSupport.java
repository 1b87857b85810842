package ml.regard.ml;

import java.io.Serializable;
import java.util.Arrays;
import ml.regard.DataException;

/**
 * What the prediction is for a query that is like no key.
 *
 * @param rule nearest, mean, nan or error
 * @param threshold the support below which a query is outside
 */
record OutsideSupport(String rule, double threshold) implements Serializable {
  static OutsideSupport of(KernelRegressionParams params) {
    return new OutsideSupport(params.getOutsideSupport(), params.getSupportThreshold());
  }

  /** Whether a query outside is predicted like no other. */
  boolean matters() {
    return threshold > 0 && !rule.equals("nearest");
  }

  /**
   * The prediction of a query, inside or outside.
   *
   * @throws DataException if it is outside, and the rule is error
   */
  double prediction(BlockAnswers answers, int i) {
    if (answers.support(i) >= threshold) {
      return answers.pooled(i);
    }
    return switch (rule) {
      case "mean" -> answers.average();
      case "error" ->
          throw new DataException(
              "a row cannot be scored: the support of its features %s is %s, below supportThreshold %s (outsideSupport is error)"
                  .formatted(Arrays.toString(answers.query(i)), answers.support(i), threshold));
      default -> Double.NaN;
    };
  }
}
