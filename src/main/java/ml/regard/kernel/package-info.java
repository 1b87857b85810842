/**
 * The mathematics of one block of queries against one block of keys. Imports the JDK only.
 *
 * <p>For a query q, keys k_j with values v_j and importance weights c_j, and inverse widths w_f = 1
 * / h_f:
 *
 * <pre>
 *   z_j = log c_j - 1/2 sum_f ((q_f - k_jf) w_f)^2       attention logit
 *   e_j = exp(z_j - r)                                   r = 0, or as large as the largest z_j is
 *   S0 = sum e_j    S1 = sum e_j v_j    S2 = sum e_j^2    Q = sum e_j v_j^2
 *   T0_f = sum e_j D_jf    T1_f = sum e_j v_j D_jf        D_jf = (q_f - k_jf)^2
 *   pooled value  y^ = S1 / S0
 * </pre>
 *
 * <p>The loops take exponents of base 2, e_j = 2^(log2 c_j - x^2 - r) with x_f = (q_f - k_jf) w_f
 * sqrt(log2(e) / 2), and sites, keys with equal features, for keys.
 *
 * <p>Conventions that hold throughout:
 *
 * <ul>
 *   <li>Widths travel as <em>inverse widths</em>, an array of length 1 (one width shared by all
 *       features: D is then the sum of the D_f) or of length d (one per feature). Only their square
 *       is used, so the sign never matters, and 0 is legal: it ignores the feature.
 *   <li>Values are centred by the weighted mean of all values before they enter a sum, and the mean
 *       is added back at the end: Q/S0 - y^2 would lose every digit for values near 1e9 otherwise.
 *       Distances are formed from differences and need no centring.
 *   <li>A query with no allowed key has the pooled value NaN and 0 effective keys, never the mean.
 *   <li>A query's bits depend on the query, the packed keys, the inverse widths and the tolerance
 *       alone: keys run in their canonical order, with one accumulator per query and sum, and which
 *       of them it passes over is its own decision.
 * </ul>
 */
package ml.regard.kernel;
