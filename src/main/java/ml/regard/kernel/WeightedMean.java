package ml.regard.kernel;

import java.io.Serializable;

/**
 * The weighted mean of values, sum c v / sum c, in the running form mean += (v - mean) c / sum c,
 * which cannot overflow where the values do not. NaN over nothing.
 */
public final class WeightedMean implements Mergeable<WeightedMean>, Serializable {
  private static final long serialVersionUID = 1;

  private double sum;
  private double mean;

  /** Adds the values of a block of keys, in order. */
  public void add(KeyBlock block) {
    for (int j = 0; j < block.size(); j++) {
      add(block.weights[j], block.values[j]);
    }
  }

  @Override
  public WeightedMean merge(WeightedMean other) {
    if (other.sum > 0) {
      add(other.sum, other.mean);
    }
    return this;
  }

  public double value() {
    return sum > 0 ? mean : Double.NaN;
  }

  void add(double weight, double value) {
    sum += weight;
    mean += (value - mean) * (weight / sum);
  }
}
