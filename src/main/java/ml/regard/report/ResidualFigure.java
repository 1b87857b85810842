package ml.regard.report;

import java.util.List;
import org.jfree.chart.JFreeChart;
import org.jfree.chart.plot.XYPlot;

/**
 * Residual over prediction, one half-transparent circle per row, with the line at 0.
 *
 * <p>Rows without a finite residual are left out. Of more than 2000 rows every k-th is drawn.
 */
public final class ResidualFigure extends Figure {
  private final String xLabel;
  private final String yLabel;
  private final double[] prediction;
  private final double[] residual;

  private ResidualFigure(
      String name,
      String title,
      String xLabel,
      String yLabel,
      double[] prediction,
      double[] residual) {
    super(name, title);
    this.xLabel = Check.text("xLabel", xLabel);
    this.yLabel = Check.text("yLabel", yLabel);
    this.prediction = Numbers.gaps(prediction);
    this.residual = Numbers.gaps(residual);
  }

  /**
   * The figure of {@code residual} (up) over {@code prediction} (across).
   *
   * @param prediction {@code [n]}, {@code n >= 1}
   * @param residual {@code [n]}
   * @throws IllegalArgumentException when lengths differ, or a text is blank
   */
  public static ResidualFigure of(
      String name,
      String title,
      String xLabel,
      String yLabel,
      double[] prediction,
      double[] residual) {
    Check.notEmpty("prediction", prediction);
    Check.sameLength("residual", residual, "prediction", prediction);
    return new ResidualFigure(name, title, xLabel, yLabel, prediction, residual);
  }

  @Override
  public String description() {
    int drawn = Math.min(residual.length, Charts.MOST_CIRCLES);
    return "Scatter plot of %s%s: %s %s over %s %s; the root of their mean square is %s. A dashed line marks 0."
        .formatted(
            drawn < residual.length ? Numbers.grouped(drawn) + " of " : "",
            Numbers.count(residual.length, "row", "rows"),
            yLabel,
            Numbers.span(residual),
            xLabel,
            Numbers.span(prediction),
            Numbers.text(Math.sqrt(Numbers.meanSquare(residual, new double[residual.length]))));
  }

  @Override
  JFreeChart chart(Theme theme) {
    XYPlot plot = Charts.plot(Charts.axis(xLabel, 0, theme), Charts.axis(yLabel, 0, theme), theme);
    Charts.layer(
        plot,
        Charts.points(Charts.sample(prediction), Charts.sample(residual)),
        Charts.rows(residual.length, theme));
    double[] ends = Numbers.range(prediction);
    Charts.layer(
        plot,
        Charts.points(ends, new double[ends.length]),
        Charts.line(theme.truthStroke(), theme.truth()));
    return Charts.chart(title(), plot, List.of(), theme);
  }
}
