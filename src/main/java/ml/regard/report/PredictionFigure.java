package ml.regard.report;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;
import org.jfree.chart.JFreeChart;
import org.jfree.chart.LegendItem;
import org.jfree.chart.plot.XYPlot;
import org.jfree.data.xy.DefaultXYDataset;
import org.jfree.data.xy.XYDataset;

/**
 * The textbook's picture of a regression on one feature: the prediction and the truth as lines over
 * x, the training rows as half-transparent circles, and a band around the prediction where its
 * error is known.
 *
 * <p>Queries may come in any order; they are drawn by ascending x. A prediction or truth that is
 * not finite is a gap; a prediction between two gaps is a point. Of more than 2000 training rows
 * every k-th is drawn, and the description says so.
 */
public final class PredictionFigure extends Figure {
  private final String xLabel;
  private final String yLabel;
  private final double[] x;
  private final double[] truth;
  private final double[] prediction;
  private final double[] halfWidth; // null where it is not known
  private final double[] keyX;
  private final double[] keyY;

  private PredictionFigure(
      String name,
      String title,
      String xLabel,
      String yLabel,
      double[] x,
      double[] truth,
      double[] prediction,
      double[] halfWidth,
      double[] keyX,
      double[] keyY) {
    super(name, title);
    this.xLabel = xLabel;
    this.yLabel = yLabel;
    this.x = x;
    this.truth = truth;
    this.prediction = prediction;
    this.halfWidth = halfWidth;
    this.keyX = keyX;
    this.keyY = keyY;
  }

  /** The figure without a band. */
  public static PredictionFigure of(
      String name,
      String title,
      String xLabel,
      String yLabel,
      double[] x,
      double[] truth,
      double[] prediction,
      double[] keyX,
      double[] keyY) {
    return of(name, title, xLabel, yLabel, x, truth, prediction, null, keyX, keyY);
  }

  /**
   * The figure of {@code prediction} at the queries {@code x}.
   *
   * @param name stem of the file names, such as {@code prediction-trained}
   * @param xLabel what x is, with its unit
   * @param yLabel what y is, with its unit
   * @param x the queries, {@code [m]}, finite, {@code m >= 1}
   * @param truth the noise-free y at the queries, {@code [m]}, or null when nobody knows it
   * @param prediction the predicted y, {@code [m]}
   * @param halfWidth how far the band reaches up and down, {@code [m]}, or null for no band
   * @param keyX x of the training rows, {@code [n]}, finite; {@code n} may be 0
   * @param keyY y of the training rows, {@code [n]}, finite
   * @throws IllegalArgumentException when lengths differ, a number that must be finite is not, or a
   *     text is blank
   */
  public static PredictionFigure of(
      String name,
      String title,
      String xLabel,
      String yLabel,
      double[] x,
      double[] truth,
      double[] prediction,
      double[] halfWidth,
      double[] keyX,
      double[] keyY) {
    Check.finite("x", Check.notEmpty("x", x));
    Check.sameLength("prediction", prediction, "x", x);
    if (truth != null) {
      Check.sameLength("truth", truth, "x", x);
    }
    if (halfWidth != null) {
      Check.sameLength("halfWidth", halfWidth, "x", x);
    }
    Check.finite("keyX", keyX);
    Check.sameLength("keyY", Check.finite("keyY", keyY), "keyX", keyX);
    int[] order =
        IntStream.range(0, x.length)
            .boxed()
            .sorted(Comparator.comparingDouble(i -> x[i]))
            .mapToInt(i -> i)
            .toArray();
    return new PredictionFigure(
        name,
        title,
        Check.text("xLabel", xLabel),
        Check.text("yLabel", yLabel),
        take(x, order),
        truth == null ? null : take(truth, order),
        take(prediction, order),
        halfWidth == null ? null : take(halfWidth, order),
        keyX.clone(),
        keyY.clone());
  }

  private static double[] take(double[] values, int[] order) {
    return Numbers.gaps(IntStream.of(order).mapToDouble(i -> values[i]).toArray());
  }

  @Override
  public String description() {
    StringBuilder text = new StringBuilder();
    text.append("Line chart of ").append(yLabel).append(" over ").append(xLabel).append(": at ");
    text.append(Numbers.count(x.length, "query", "queries"));
    text.append(", ").append(xLabel).append(' ').append(Numbers.span(x));
    text.append(", the prediction is ").append(Numbers.span(prediction));
    long missing = Arrays.stream(prediction).filter(Double::isNaN).count();
    if (missing > 0 && missing < x.length) {
      text.append(" and missing at ").append(Numbers.grouped(missing));
    }
    if (truth != null) {
      text.append(", the truth ").append(Numbers.span(truth)).append("; their mean squared ");
      text.append("difference is ").append(Numbers.text(Numbers.meanSquare(prediction, truth)));
    }
    if (halfWidth != null) {
      text.append("; the band reaches ").append(Numbers.span(halfWidth));
      text.append(" up and down");
    }
    text.append('.');
    if (keyX.length > 0) {
      int drawn = Math.min(keyX.length, Charts.MOST_CIRCLES);
      text.append(
          drawn < keyX.length
              ? " Circles show " + Numbers.grouped(drawn) + " of "
              : " Circles show ");
      text.append(Numbers.count(keyX.length, "training row", "training rows"));
      text.append(", ").append(yLabel).append(' ').append(Numbers.span(keyY)).append('.');
    }
    return text.toString();
  }

  @Override
  JFreeChart chart(Theme theme) {
    XYPlot plot = Charts.plot(Charts.axis(xLabel, 0, theme), Charts.axis(yLabel, 0, theme), theme);
    List<LegendItem> legend = new ArrayList<>();
    if (keyX.length > 0) {
      Charts.layer(
          plot,
          Charts.points(Charts.sample(keyX), Charts.sample(keyY)),
          Charts.rows(keyX.length, theme));
    }
    if (halfWidth != null) {
      Charts.layer(plot, band(), new BandRenderer(theme.band()));
    }
    if (truth != null) {
      Charts.layer(plot, Charts.points(x, truth), Charts.line(theme.truthStroke(), theme.truth()));
      legend.add(Charts.lineItem("truth", theme.truthStroke(), theme.truth()));
    }
    Charts.layer(
        plot,
        Charts.points(x, prediction),
        Charts.line(theme.predictionStroke(), theme.prediction()));
    legend.add(Charts.lineItem("prediction", theme.predictionStroke(), theme.prediction()));
    double[] alone = lonely(prediction);
    if (IntStream.range(0, alone.length).anyMatch(i -> !Double.isNaN(alone[i]))) {
      Charts.layer(
          plot, Charts.points(x, alone), Charts.dots(theme.pointRadius(), theme.prediction()));
    }
    if (halfWidth != null) {
      legend.add(Charts.dotItem("band", theme.rowRadius(), theme.band()));
    }
    if (keyX.length > 0) {
      legend.add(Charts.dotItem("training rows", theme.rowRadius(), theme.row()));
    }
    return Charts.chart(title(), plot, legend, theme);
  }

  private XYDataset band() {
    double[] lower = new double[x.length];
    double[] upper = new double[x.length];
    for (int i = 0; i < x.length; i++) {
      lower[i] = prediction[i] - halfWidth[i];
      upper[i] = prediction[i] + halfWidth[i];
    }
    DefaultXYDataset sides = new DefaultXYDataset();
    sides.addSeries("lower", new double[][] {x, lower});
    sides.addSeries("upper", new double[][] {x, upper});
    return sides;
  }

  /** The values that have a gap, or the end, on either side: a line does not show them. */
  private static double[] lonely(double[] values) {
    double[] alone = new double[values.length];
    for (int i = 0; i < values.length; i++) {
      boolean left = i > 0 && !Double.isNaN(values[i - 1]);
      boolean right = i + 1 < values.length && !Double.isNaN(values[i + 1]);
      alone[i] = left || right ? Double.NaN : values[i];
    }
    return alone;
  }
}
