package ml.regard.engine;

import java.io.Serializable;
import java.util.List;
import ml.regard.kernel.KeyBlock;
import ml.regard.kernel.Keys;
import ml.regard.kernel.LeaveOneOut;
import ml.regard.kernel.LeaveOut;
import ml.regard.kernel.TrainingQueries;
import org.apache.spark.api.java.JavaSparkContext;

/**
 * The leave-one-out residuals r_j = v_j - y^_{-j} of all keys, by position, and their mean square
 *
 * <pre>
 *   g = sum c r^2 / sum c
 * </pre>
 *
 * <p>over those that are defined; the others count as g. Sums are added block after block, so they
 * have the same bits from every engine. As further values of keys they are r^2 / g: 1 where r is
 * not defined, 0 where g is 0. Memory: 8 bytes a key. Immutable.
 */
final class Residuals implements Beside {
  private static final long serialVersionUID = 1;

  private final double[] values;
  private final double meanSquare;

  /**
   * Residuals that were formed before.
   *
   * @param values by position; NaN where one is not defined
   */
  Residuals(double[] values, double meanSquare) {
    this.values = values;
    this.meanSquare = meanSquare;
  }

  /** Those of some rows, and their part of the sums. */
  private static final class Part implements Serializable {
    private static final long serialVersionUID = 1;

    private final double[] values;
    private double weight;
    private double squares;

    private Part(double[] values) {
      this.values = values;
    }

    private static Part of(
        Keys keys, TrainingQueries rows, double[] inverseWidths, double tolerance) {
      Part part = new Part(LeaveOneOut.residuals(keys, rows, inverseWidths, tolerance));
      for (int i = 0; i < part.values.length; i++) {
        double residual = part.values[i];
        if (!Double.isNaN(residual)) {
          part.weight += rows.weight(i);
          part.squares += rows.weight(i) * residual * residual;
        }
      }
      return part;
    }
  }

  /**
   * Those of all keys: one pass.
   *
   * @param tolerance as of {@link KeyStore#objective}
   */
  static Residuals form(
      JavaSparkContext spark,
      KeyStore keys,
      double[] inverseWidths,
      LeaveOut leaveOut,
      double tolerance) {
    List<Part> parts =
        keys.pass(
            spark,
            None.NONE,
            leaveOut,
            (all, rows) -> Part.of(all, rows, inverseWidths, tolerance));
    double weight = 0;
    double squares = 0;
    for (Part part : parts) {
      weight += part.weight;
      squares += part.squares;
    }
    return new Residuals(
        joined(parts.stream().map(part -> part.values).toList()), squares / weight);
  }

  /** The numbers of all blocks, one block after the other. */
  static double[] joined(List<double[]> blocks) {
    double[] all = new double[blocks.stream().mapToInt(block -> block.length).sum()];
    int at = 0;
    for (double[] block : blocks) {
      System.arraycopy(block, 0, all, at, block.length);
      at += block.length;
    }
    return all;
  }

  /** The residual of the key at a position; NaN where it is not defined. */
  double value(int position) {
    return values[position];
  }

  int size() {
    return values.length;
  }

  /** g; NaN where no residual is defined. */
  double meanSquare() {
    return meanSquare;
  }

  /**
   * The same residuals of keys in another order.
   *
   * @param positions by new position, the old one
   */
  Residuals inOrder(int[] positions) {
    return new Residuals(moved(values, positions), meanSquare);
  }

  static double[] moved(double[] values, int[] positions) {
    double[] moved = new double[positions.length];
    for (int j = 0; j < moved.length; j++) {
      moved[j] = values[positions[j]];
    }
    return moved;
  }

  @Override
  public int numOthers() {
    return 1;
  }

  @Override
  public KeyBlock beside(KeyBlock block) {
    return block.with(new double[][] {squares(block)});
  }

  /** r^2 / g of the keys of a block. */
  double[] squares(KeyBlock block) {
    double scale = meanSquare > 0 ? 1 / Math.sqrt(meanSquare) : 0;
    double[] squares = new double[block.size()];
    for (int j = 0; j < squares.length; j++) {
      double residual = values[block.firstPosition() + j] * scale;
      squares[j] = Double.isNaN(residual) ? 1 : residual * residual;
    }
    return squares;
  }
}
