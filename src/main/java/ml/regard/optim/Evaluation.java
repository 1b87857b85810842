package ml.regard.optim;

import ml.regard.kernel.LossSums;

/**
 * A question to an {@link Objective} with its answer.
 *
 * @param sums the answer, one for each candidate
 */
public record Evaluation(LossRequest request, LossSums[] sums) {}
