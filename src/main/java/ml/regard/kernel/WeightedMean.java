package ml.regard.kernel;

/**
 * The weighted mean of values, sum c v / sum c, in the running form mean += (v - mean) c / sum c,
 * which cannot overflow where the values do not. NaN over nothing.
 */
final class WeightedMean {
  private double sum;
  private double mean;

  double value() {
    return sum > 0 ? mean : Double.NaN;
  }

  void add(double weight, double value) {
    sum += weight;
    mean += (value - mean) * (weight / sum);
  }
}
