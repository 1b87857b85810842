package ml.regard.engine;

import java.io.Serializable;
import java.util.Arrays;

/**
 * A row of the {@link KeyTable} as Spark's bean encoder wants it: flat arrays, no boxes. While rows
 * are sorted, a row has its place on the curve for a position.
 */
public final class KeyRow implements Serializable, Comparable<KeyRow> {
  private static final long serialVersionUID = 1;

  private long position;
  private double[] features;
  private double value;
  private double weight;

  public long getPosition() {
    return position;
  }

  public void setPosition(long position) {
    this.position = position;
  }

  public double[] getFeatures() {
    return features;
  }

  public void setFeatures(double[] features) {
    this.features = features;
  }

  public double getValue() {
    return value;
  }

  public void setValue(double value) {
    this.value = value;
  }

  public double getWeight() {
    return weight;
  }

  public void setWeight(double weight) {
    this.weight = weight;
  }

  /** By position, features, value and weight. */
  @Override
  public int compareTo(KeyRow other) {
    if (position != other.position) {
      return position < other.position ? -1 : 1;
    }
    int byFeatures = Arrays.compare(features, other.features);
    if (byFeatures != 0) {
      return byFeatures;
    }
    int byValue = Double.compare(value, other.value);
    return byValue != 0 ? byValue : Double.compare(weight, other.weight);
  }
}
