package ml.regard.lattice;

import ml.regard.kernel.PooledState;

/**
 * The sums of queries on a grid of values. They are as exact as sums over pairs but for keys beyond
 * the {@link ValueAxis#REACH R}, which move a pooled value by no more than
 *
 * <pre>
 *   R^4 exp(-R^2 / 2) (sqrt(W Q) + |y| W) / S0      W = sum c, Q = sum c v^2 over all keys
 * </pre>
 */
final class ValueGridAnswers implements NodeAnswers {
  private static final double BEYOND =
      StrictMath.pow(ValueAxis.REACH, 4) * StrictMath.exp(-ValueAxis.REACH * ValueAxis.REACH / 2);

  private final ValueGridPlan plan;
  private final double valueCentre;
  private final double[][] plain;
  private final double[][] valued;
  private final double weight;
  private final double squares;

  ValueGridAnswers(
      ValueGridPlan plan,
      double valueCentre,
      double[][] plain,
      double[][] valued,
      double weight,
      double squares) {
    this.plan = plan;
    this.valueCentre = valueCentre;
    this.plain = plain;
    this.valued = valued;
    this.weight = weight;
    this.squares = squares;
  }

  @Override
  public PooledState state() {
    PooledState state =
        PooledState.near(plain.length, plan.moments().numWidths, plan.terms(), valueCentre);
    for (int i = 0; i < plain.length; i++) {
      state.put(i, plain[i], valued[i]);
    }
    return state;
  }

  @Override
  public boolean certified(int i, double ownWeight, double ownValue) {
    return moved(i, ownWeight, ownValue) <= plan.tolerance() * Math.sqrt(squares / weight);
  }

  @Override
  public double errorBound(int i) {
    return moved(i, 0, 0);
  }

  private double moved(int i, double ownWeight, double ownValue) {
    double s0 = plain[i][0] + ownWeight;
    double y = (valued[i][0] + ownValue) / s0;
    double moved = BEYOND * (Math.sqrt(weight * squares) + Math.abs(y) * weight) / s0;
    return s0 > 0 && moved >= 0 ? moved : Double.POSITIVE_INFINITY;
  }
}
