package ml.regard.engine;

import java.io.Serializable;

/** A row of the {@link KeyTable} as Spark's bean encoder wants it: flat arrays, no boxes. */
public final class KeyRow implements Serializable {
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
}
