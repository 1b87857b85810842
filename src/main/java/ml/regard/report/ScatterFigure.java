package ml.regard.report;

import java.util.List;
import java.util.stream.DoubleStream;
import org.jfree.chart.JFreeChart;
import org.jfree.chart.plot.XYPlot;

/**
 * Label against prediction, one half-transparent circle per row, with the diagonal on which the two
 * agree.
 *
 * <p>Rows without a finite prediction are left out, and the description counts them. Of more than
 * 2000 rows every k-th is drawn.
 */
public final class ScatterFigure extends Figure {
  private final String xLabel;
  private final String yLabel;
  private final double[] prediction;
  private final double[] label;

  private ScatterFigure(
      String name,
      String title,
      String xLabel,
      String yLabel,
      double[] prediction,
      double[] label) {
    super(name, title);
    this.xLabel = Check.text("xLabel", xLabel);
    this.yLabel = Check.text("yLabel", yLabel);
    this.prediction = Numbers.gaps(prediction);
    this.label = label.clone();
  }

  /**
   * The figure of {@code label} (up) over {@code prediction} (across), in the unit of the label.
   *
   * @param prediction {@code [n]}, {@code n >= 1}, such as the leave-one-out predictions
   * @param label {@code [n]}, finite
   * @throws IllegalArgumentException when lengths differ, a label is not finite, or a text is blank
   */
  public static ScatterFigure of(
      String name,
      String title,
      String xLabel,
      String yLabel,
      double[] prediction,
      double[] label) {
    Check.notEmpty("prediction", prediction);
    Check.sameLength("label", Check.finite("label", label), "prediction", prediction);
    return new ScatterFigure(name, title, xLabel, yLabel, prediction, label);
  }

  @Override
  public String description() {
    long missing = DoubleStream.of(prediction).filter(Double::isNaN).count();
    int drawn = Math.min(label.length, Charts.MOST_CIRCLES);
    return "Scatter plot of "
        + (drawn < label.length ? Numbers.grouped(drawn) + " of " : "")
        + Numbers.count(label.length, "row", "rows")
        + (missing > 0 ? " (" + Numbers.grouped(missing) + " without a prediction)" : "")
        + ": "
        + yLabel
        + " "
        + Numbers.span(label)
        + " against "
        + xLabel
        + " "
        + Numbers.span(prediction)
        + "; their mean squared difference is "
        + Numbers.text(Numbers.meanSquare(prediction, label))
        + ". A dashed diagonal marks where the two agree.";
  }

  @Override
  JFreeChart chart(Theme theme) {
    XYPlot plot = Charts.plot(Charts.axis(xLabel, 0, theme), Charts.axis(yLabel, 0, theme), theme);
    Charts.layer(
        plot,
        Charts.points(Charts.sample(prediction), Charts.sample(label)),
        Charts.rows(label.length, theme));
    double[] both = Numbers.range(prediction);
    Charts.layer(plot, Charts.points(both, both), Charts.line(theme.truthStroke(), theme.truth()));
    return Charts.chart(
        title(),
        plot,
        List.of(
            Charts.dotItem("rows", theme.rowRadius(), theme.row()),
            Charts.lineItem("equal", theme.truthStroke(), theme.truth())),
        theme);
  }
}
