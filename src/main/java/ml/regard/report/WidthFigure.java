package ml.regard.report;

import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.jfree.chart.JFreeChart;
import org.jfree.chart.axis.NumberAxis;
import org.jfree.chart.plot.XYPlot;

/**
 * A loss over the width, on a logarithmic axis: a line through the widths that were compared, and a
 * dot at the one that was learned.
 */
public final class WidthFigure extends Figure {
  /** The loss can be huge at the narrow end: what is above this many spans is cut off. */
  private static final double CUT = 3;

  private final String xLabel;
  private final String yLabel;
  private final double[] logWidth;
  private final double[] loss;
  private final double learned;

  private WidthFigure(
      String name,
      String title,
      String xLabel,
      double[] logWidth,
      double[] loss,
      double learned,
      String yLabel) {
    super(name, title);
    this.xLabel = Check.text("xLabel", xLabel);
    this.yLabel = Check.text("yLabel", yLabel);
    this.logWidth = logWidth;
    this.loss = loss;
    this.learned = learned;
  }

  /**
   * The figure.
   *
   * @param width {@code [k]}, each &gt; 0
   * @param loss {@code [k]}; what is not finite is a gap
   * @param learned the width to mark; NaN for none
   * @throws IllegalArgumentException when there is no width, lengths differ or a text is blank
   */
  public static WidthFigure of(
      String name,
      String title,
      String xLabel,
      double[] width,
      double[] loss,
      double learned,
      String yLabel) {
    Check.notEmpty("width", width);
    if (width.length != loss.length) {
      throw new IllegalArgumentException(
          "loss must have length %d, as width has, but has %d"
              .formatted(width.length, loss.length));
    }
    int[] ascending =
        IntStream.range(0, width.length)
            .boxed()
            .sorted((a, b) -> Double.compare(width[a], width[b]))
            .mapToInt(i -> i)
            .toArray();
    return new WidthFigure(
        name,
        title,
        xLabel,
        Arrays.stream(ascending).mapToDouble(i -> Math.log10(width[i])).toArray(),
        Numbers.gaps(Arrays.stream(ascending).mapToDouble(i -> loss[i]).toArray()),
        learned,
        yLabel);
  }

  @Override
  public String description() {
    int best = lowest();
    if (best < 0) {
      return "Line chart of " + yLabel + " over the width: no loss is finite.";
    }
    String text =
        "Line chart of %s over %s: lowest %s at width %s"
            .formatted(
                yLabel,
                Numbers.count(loss.length, "width", "widths"),
                Numbers.text(loss[best]),
                Numbers.text(Math.pow(10, logWidth[best])));
    return text + (Double.isNaN(learned) ? "." : "; learned " + Numbers.text(learned) + ".");
  }

  @Override
  JFreeChart chart(Theme theme) {
    NumberAxis widths = Charts.axis(xLabel + " (power of ten)", 0, theme);
    NumberAxis losses = Charts.axis(yLabel, 0, theme);
    XYPlot plot = Charts.plot(widths, losses, theme);
    int best = lowest();
    if (best >= 0) {
      double right = loss[loss.length - 1];
      double ceiling = loss[best] + CUT * Math.max(right - loss[best], 0.1 * Math.abs(loss[best]));
      losses.setRange(loss[best] - 0.05 * (ceiling - loss[best]), ceiling);
    }
    Charts.layer(
        plot,
        Charts.points(logWidth, loss),
        Charts.line(theme.predictionStroke(), theme.prediction()));
    if (!Double.isNaN(learned) && best >= 0) {
      double[] x = {Math.log10(learned)};
      double[] y = {at(x[0])};
      Charts.layer(plot, Charts.points(x, y), Charts.dots(2 * theme.pointRadius(), theme.row()));
    }
    return Charts.chart(title(), plot, List.of(), theme);
  }

  private int lowest() {
    int best = -1;
    for (int i = 0; i < loss.length; i++) {
      if (!Double.isNaN(loss[i]) && (best < 0 || loss[i] < loss[best])) {
        best = i;
      }
    }
    return best;
  }

  /** The loss at a width between those compared. */
  private double at(double log) {
    int next = Arrays.binarySearch(logWidth, log);
    if (next >= 0) {
      return loss[next];
    }
    int above = Math.max(1, Math.min(loss.length - 1, -next - 1));
    double share = (log - logWidth[above - 1]) / (logWidth[above] - logWidth[above - 1]);
    return loss[above - 1] + share * (loss[above] - loss[above - 1]);
  }
}
