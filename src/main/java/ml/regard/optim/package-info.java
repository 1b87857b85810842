/**
 * Learning the widths: optimisers over an {@link ml.regard.optim.Objective}, which answers with the
 * leave-one-out loss, its gradient and its Gauss-Newton matrix by the logarithms of the widths. No
 * Spark here: the engines implement the objective.
 *
 * <p>One <em>pass</em> is m n visits of a pair of row and key; a step on a share p of the rows
 * costs p passes, a scan of k candidates on that share k p.
 */
package ml.regard.optim;
