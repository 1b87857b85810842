/**
 * Fast sums on a regular lattice, for one to three features, with a bound of their error that every
 * query is told. Imports the kernel only.
 *
 * <p>The sums of {@link ml.regard.kernel} are convolutions. Sites are spread to the nodes around
 * them, the nodes are convolved with the kernel, axis by axis, and queries are interpolated from
 * the nodes around them, so the pairs of queries and keys are never formed:
 *
 * <pre>
 *   S(q)  =  sum_j c_j k(q - x_j)   ~   S'(q)  =  sum_ab l_a(q) k(a - b) sum_j l_b(x_j) c_j
 * </pre>
 *
 * <p>Order of use: {@link ml.regard.lattice.LatticePlan#of}, which may decline; a {@link
 * ml.regard.lattice.LatticeState} for each part of the keys, merged; its {@link
 * ml.regard.lattice.LatticeSums}, once; their {@link ml.regard.lattice.LatticeAnswers} to blocks of
 * queries. Queries that are not certified must be asked again, of exact sums.
 *
 * <p>Nodes are held in tiles ({@code Tiling}): a state has those that its sites touch, and is small
 * where these are near each other; sums have all of the box, or with three features and not enough
 * room those that a key has touched. Convolutions run on all cores. The loops of sites and queries
 * have a twin with the Vector API ({@code RowSupport}), and bits depend on neither.
 *
 * <p>Conventions:
 *
 * <ul>
 *   <li>Distances x are in widths here, x_f = (q_f - k_f) w_f, and squares are plain ones; {@link
 *       ml.regard.kernel.PooledState#put} turns them into its own.
 *   <li>Values are centred as in the kernel.
 *   <li>A site is a row of its features and sum c, sum c v and sum c v^2 over its keys.
 *   <li>docs/math.md derives the bound.
 * </ul>
 */
package ml.regard.lattice;
