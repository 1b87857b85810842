/**
 * Learning the widths: optimisers over an {@link ml.regard.optim.Objective}, which answers with the
 * leave-one-out loss, its gradient and its Gauss-Newton matrix by the logarithms of the widths. No
 * Spark here: the engines implement the objective.
 *
 * <p>A solver is a function of what its objective answers, and asks before it changes its state. So
 * a log of the answers is all there is to a checkpoint ({@link ml.regard.optim.RecordedObjective}),
 * and a solver whose evaluation is cancelled has what the step before has learned.
 *
 * <p>One <em>pass</em> is m n visits of a pair of row and key; a step on a share p of the rows
 * costs p passes, a scan of k candidates on that share k p.
 */
package ml.regard.optim;
