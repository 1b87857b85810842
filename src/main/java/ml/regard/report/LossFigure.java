package ml.regard.report;

import java.util.List;
import java.util.stream.IntStream;
import org.jfree.chart.JFreeChart;
import org.jfree.chart.axis.NumberAxis;
import org.jfree.chart.plot.CombinedDomainXYPlot;
import org.jfree.chart.plot.XYPlot;
import org.jfree.chart.ui.RectangleInsets;
import org.jfree.data.xy.XYDataset;

/**
 * The loss after each epoch or iteration: a line with a point per step, steps on whole ticks.
 *
 * <p>When the first loss stands so high above the others that they would look like one flat line, a
 * second panel under the first shows the others on an axis of their own. A loss that is not finite
 * is a gap, and the description counts them.
 */
public final class LossFigure extends Figure {
  /** The drop after the first loss, in spans of the others, from which they get a panel. */
  private static final double DWARFS = 5;

  /** More points than this would be one thick line. */
  private static final int MOST_POINTS = 60;

  private static final RectangleInsets ROOM_IN_HALF_PANEL = new RectangleInsets(5, 6, 5, 6);

  private final String stepLabel;
  private final String yLabel;
  private final double[] step;
  private final double[] loss;

  private LossFigure(
      String name, String title, String stepLabel, int firstStep, double[] loss, String yLabel) {
    super(name, title);
    this.stepLabel = Check.text("stepLabel", stepLabel);
    this.yLabel = Check.text("yLabel", yLabel);
    this.loss = Numbers.gaps(loss);
    this.step = IntStream.range(0, loss.length).mapToDouble(i -> firstStep + i).toArray();
  }

  /**
   * The loss of epochs 1, 2, ... E.
   *
   * @param loss {@code [E]}, {@code E >= 1}
   * @param yLabel what the loss is, such as {@code sum of squared errors}
   * @throws IllegalArgumentException when there is no loss or a text is blank
   */
  public static LossFigure of(String name, String title, double[] loss, String yLabel) {
    return of(name, title, "epoch", 1, loss, yLabel);
  }

  /**
   * The loss of steps {@code firstStep}, {@code firstStep + 1}, ...
   *
   * @param stepLabel what a step is, such as {@code iteration}
   * @param firstStep the number of the first loss: 0 when it is that of the start
   * @param loss one per step, at least one
   * @throws IllegalArgumentException when there is no loss or a text is blank
   */
  public static LossFigure of(
      String name, String title, String stepLabel, int firstStep, double[] loss, String yLabel) {
    return new LossFigure(name, title, stepLabel, firstStep, Check.notEmpty("loss", loss), yLabel);
  }

  @Override
  public String description() {
    int[] known = IntStream.range(0, loss.length).filter(i -> !Double.isNaN(loss[i])).toArray();
    String steps =
        "Line chart of " + yLabel + " over " + Numbers.count(loss.length, "step", "steps");
    if (known.length == 0) {
      return steps + ": no loss is finite.";
    }
    int lowest = known[0];
    for (int i : known) {
      lowest = loss[i] < loss[lowest] ? i : lowest;
    }
    String text = steps + ": " + at(known[0]);
    if (known.length > 1) {
      text += ", " + at(known[known.length - 1]) + ", lowest " + at(lowest);
    }
    int missing = loss.length - known.length;
    return text + (missing > 0 ? "; " + Numbers.grouped(missing) + " not finite." : ".");
  }

  private String at(int i) {
    return Numbers.text(loss[i]) + " at " + stepLabel + " " + (long) step[i];
  }

  /** Whether the losses after the first get a panel of their own. */
  boolean hasTailPanel() {
    double[] range = Numbers.range(tail());
    if (range.length == 0 || Double.isNaN(loss[0])) {
      return false;
    }
    double span = range[1] - range[0];
    return span > 0 && loss[0] - range[1] > DWARFS * span;
  }

  /** The losses with a gap for the first. */
  private double[] tail() {
    double[] tail = loss.clone();
    tail[0] = Double.NaN;
    return tail;
  }

  @Override
  JFreeChart chart(Theme theme) {
    NumberAxis steps = Charts.axis(stepLabel, 1, theme);
    if (!hasTailPanel()) {
      return Charts.chart(title(), panel(steps, loss, yLabel, theme), List.of(), theme);
    }
    CombinedDomainXYPlot both = new CombinedDomainXYPlot(steps);
    both.setGap(20);
    both.add(panel(null, loss, null, theme));
    both.add(panel(null, tail(), null, theme));
    JFreeChart chart = Charts.chart(title(), both, List.of(), theme);
    String second = stepLabel + " " + (long) step[1];
    Charts.subtitle(chart, yLabel + "; lower panel: from " + second + ", on its own scale", theme);
    return chart;
  }

  private XYPlot panel(NumberAxis steps, double[] losses, String label, Theme theme) {
    NumberAxis range = Charts.axis(label, 0, theme);
    range.setLowerMargin(0.1);
    range.setUpperMargin(0.1);
    XYPlot panel = Charts.plot(steps, range, theme);
    if (steps == null) {
      range.setTickLabelInsets(ROOM_IN_HALF_PANEL);
    }
    XYDataset data = Charts.points(step, losses);
    Charts.layer(panel, data, Charts.line(theme.predictionStroke(), theme.prediction()));
    if (losses.length <= MOST_POINTS) {
      Charts.layer(panel, data, Charts.dots(theme.pointRadius(), theme.prediction()));
    }
    return panel;
  }
}
