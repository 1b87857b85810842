package ml.regard.lattice;

import java.io.Serializable;
import ml.regard.kernel.Hash;

/** A row of a saved {@link NodeState}: see {@link NodeTable}. Immutable, if its numbers are. */
public final class NodeRow implements Serializable {
  private static final long serialVersionUID = 1;

  private final String kind;
  private final long number;
  private final double[] numbers;

  /**
   * A row.
   *
   * @param kind what it is about
   * @param number which one of these, or a count
   */
  public NodeRow(String kind, long number, double... numbers) {
    this.kind = kind;
    this.number = number;
    this.numbers = numbers;
  }

  public String kind() {
    return kind;
  }

  public long number() {
    return number;
  }

  /** Not a copy. */
  public double[] numbers() {
    return numbers;
  }

  /** A hash of all bits; the order of rows has no part in it. */
  public long contentHash() {
    long hash = Hash.mix(kind.hashCode() ^ Hash.mix(number));
    for (double x : numbers) {
      hash = Hash.mix(hash ^ Double.doubleToLongBits(x));
    }
    return hash;
  }
}
