package ml.regard.engine;

import java.io.Serializable;
import java.util.Arrays;
import ml.regard.kernel.KeyIds;

/**
 * A row of the {@link KeyTable} as Spark's bean encoder wants it: flat arrays, no boxes. While rows
 * are sorted, a row has its place on the curve for a position.
 */
public class KeyRow implements Serializable, Comparable<KeyRow> {
  private static final long serialVersionUID = 1;

  private long position;
  private double[] features;
  private double value;
  private double weight;
  private String id;

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

  /** What the user calls the row; null where that is not known. */
  public String getId() {
    return id;
  }

  public void setId(String id) {
    this.id = id;
  }

  /** By position, features, value, weight and id. */
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
    if (byValue != 0) {
      return byValue;
    }
    int byWeight = Double.compare(weight, other.weight);
    return byWeight != 0 ? byWeight : KeyIds.compare(id, other.id);
  }
}
