package ml.regard.report;

import java.awt.Graphics2D;
import java.awt.geom.Rectangle2D;
import java.awt.image.BufferedImage;
import java.math.BigDecimal;
import java.math.MathContext;
import java.math.RoundingMode;
import java.util.Arrays;
import org.jfree.chart.JFreeChart;
import org.jfree.chart.axis.NumberAxis;

/**
 * Attention weights as a heat map: keys across, queries down, the first query on top, both numbered
 * from 0, beside the scale from 0 to the largest weight, rounded up to two digits.
 *
 * <p>The matrix is one image with hard pixel edges, so no seams show between cells. Beyond 512
 * queries or keys a pixel stands for a block of cells and shows the largest weight in it, so that a
 * narrow peak never vanishes.
 */
public final class AttentionFigure extends Figure {
  private static final int MOST_PIXELS = 512;
  private static final double ROW_SUM_TOLERANCE = 1e-6;

  private final String xLabel;
  private final String yLabel;
  private final double[][] weights;
  private final double max;
  private final double scaleEnd;

  private AttentionFigure(
      String name, String title, double[][] weights, String xLabel, String yLabel) {
    super(name, title);
    this.xLabel = Check.text("xLabel", xLabel);
    this.yLabel = Check.text("yLabel", yLabel);
    this.weights = Arrays.stream(weights).map(double[]::clone).toArray(double[][]::new);
    this.max =
        Arrays.stream(weights)
            .flatMapToDouble(Arrays::stream)
            .filter(weight -> !Double.isNaN(weight))
            .max()
            .orElse(1);
    this.scaleEnd =
        Math.min(1, new BigDecimal(max).round(new MathContext(2, RoundingMode.UP)).doubleValue());
  }

  /**
   * The figure of an attention matrix.
   *
   * @param weights {@code [m queries x n keys]}, {@code m, n >= 1}; a row holds weights of at least
   *     0 that sum to 1 within 1e-6, or only NaN for a query without an answer, which stays blank
   * @param xLabel what runs across, such as {@code sorted training inputs}
   * @param yLabel what runs down, such as {@code sorted queries}
   * @throws IllegalArgumentException when rows differ in length, or a row is neither of the two
   */
  public static AttentionFigure of(
      String name, String title, double[][] weights, String xLabel, String yLabel) {
    if (weights.length == 0 || weights[0].length == 0) {
      throw new IllegalArgumentException(
          "weights must have at least 1 query and 1 key, but had "
              + weights.length
              + " queries"
              + (weights.length == 0 ? "" : " and 0 keys"));
    }
    for (int i = 0; i < weights.length; i++) {
      checkRow(i, weights[i], weights[0].length);
    }
    return new AttentionFigure(name, title, weights, xLabel, yLabel);
  }

  private static void checkRow(int i, double[] row, int numKeys) {
    if (row.length != numKeys) {
      throw new IllegalArgumentException(
          "every row of weights must have "
              + numKeys
              + " keys like row 0, but row "
              + i
              + " had "
              + row.length);
    }
    if (Arrays.stream(row).allMatch(Double::isNaN)) {
      return;
    }
    double sum = 0;
    for (double weight : row) {
      if (!(weight >= 0)) {
        throw new IllegalArgumentException(
            "attention weights must be at least 0, but row " + i + " holds " + weight);
      }
      sum += weight;
    }
    if (!(Math.abs(sum - 1) <= ROW_SUM_TOLERANCE)) {
      throw new IllegalArgumentException(
          "every row of weights must sum to 1, but row " + i + " sums to " + sum);
    }
  }

  @Override
  public String description() {
    int query = 0;
    int key = 0;
    for (int i = 0; i < weights.length; i++) {
      for (int j = 0; j < weights[i].length; j++) {
        if (weights[i][j] > weights[query][key] || Double.isNaN(weights[query][key])) {
          query = i;
          key = j;
        }
      }
    }
    long blank = Arrays.stream(weights).filter(row -> Double.isNaN(row[0])).count();
    return "Heat map of attention weights, "
        + Numbers.count(weights.length, "query", "queries")
        + " down ("
        + yLabel
        + ") and "
        + Numbers.count(weights[0].length, "key", "keys")
        + " across ("
        + xLabel
        + "). The largest weight is "
        + Numbers.text(max)
        + ", of query "
        + query
        + " for key "
        + key
        + ", both counted from 0; a query attends to "
        + Numbers.text(meanEffectiveKeys())
        + " effective keys on average"
        + (blank > 0 ? "; " + Numbers.count(blank, "row is", "rows are") + " blank." : ".");
  }

  /** The mean over queries of {@code (sum_j a_j)^2 / sum_j a_j^2}. */
  private double meanEffectiveKeys() {
    return Arrays.stream(weights)
        .filter(row -> !Double.isNaN(row[0]))
        .mapToDouble(
            row -> {
              double sum = Arrays.stream(row).sum();
              return sum * sum / Arrays.stream(row).map(a -> a * a).sum();
            })
        .average()
        .orElse(Double.NaN);
  }

  /** A pixel per cell, or per block of cells when there are more than fit. */
  BufferedImage image(Theme theme) {
    int m = weights.length;
    int n = weights[0].length;
    int rows = Math.min(m, MOST_PIXELS);
    int columns = Math.min(n, MOST_PIXELS);
    ColorScale scale = new ColorScale(theme, scaleEnd);
    BufferedImage image = new BufferedImage(columns, rows, BufferedImage.TYPE_INT_RGB);
    for (int r = 0; r < rows; r++) {
      double[] largest = new double[columns];
      Arrays.fill(largest, Double.NaN);
      for (int i = start(r, m, rows); i < start(r + 1, m, rows); i++) {
        for (int j = 0; j < n; j++) {
          int c = (int) ((long) j * columns / n);
          if (!(largest[c] >= weights[i][j])) {
            largest[c] = Double.isNaN(weights[i][j]) ? largest[c] : weights[i][j];
          }
        }
      }
      for (int c = 0; c < columns; c++) {
        image.setRGB(c, r, scale.rgb(largest[c]));
      }
    }
    return image;
  }

  private static int start(int block, int cells, int blocks) {
    return (int) ((long) block * cells / blocks);
  }

  @Override
  JFreeChart chart(Theme theme) {
    NumberAxis keys = Charts.axis(xLabel, 1, theme);
    keys.setRange(-0.5, weights[0].length - 0.5);
    NumberAxis queries = Charts.axis(yLabel, 1, theme);
    queries.setRange(-0.5, weights.length - 0.5);
    queries.setInverted(true);
    return HeatScale.chart(title(), keys, queries, theme);
  }

  @Override
  void decorate(Graphics2D g, Theme theme, Rectangle2D inside) {
    HeatScale.drawPixels(g, image(theme), inside);
    HeatScale.draw(g, theme, inside, 0, scaleEnd, "attention weight");
  }
}
