package ml.regard.report;

import java.util.Arrays;
import java.util.List;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;
import org.jfree.chart.JFreeChart;
import org.jfree.chart.axis.NumberAxis;
import org.jfree.chart.plot.CombinedDomainXYPlot;
import org.jfree.chart.plot.Plot;
import org.jfree.chart.plot.XYPlot;

/**
 * The loss after each epoch or iteration: a line with a point per step, steps on whole ticks.
 *
 * <p>When the first loss stands so high above the others that they would look like one flat line, a
 * second panel under the first shows the others on an axis of their own. A loss that is not finite
 * is a gap, and the description counts them.
 */
public final class LossFigure extends Figure {
  private static final int WIDTH = 560;
  private static final int HEIGHT = 390;

  /** The drop after the first loss, in spans of the others, from which they get a panel. */
  private static final double DWARFS = 5;

  /** More points than this would be one thick line. */
  private static final int MOST_POINTS = 60;

  private final String stepLabel;
  private final String yLabel;
  private final double[] step;
  private final double[] loss;

  private LossFigure(
      String name, String title, String stepLabel, int firstStep, double[] loss, String yLabel) {
    super(name, title, WIDTH, HEIGHT);
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
    double[] tail = DoubleStream.of(tail()).filter(Double::isFinite).toArray();
    if (tail.length < 2 || Double.isNaN(loss[0])) {
      return false;
    }
    double max = DoubleStream.of(tail).max().getAsDouble();
    double span = max - DoubleStream.of(tail).min().getAsDouble();
    return span > 0 && loss[0] - max > DWARFS * span;
  }

  private double[] tail() {
    return Arrays.copyOfRange(loss, 1, loss.length);
  }

  @Override
  JFreeChart chart(Theme theme) {
    NumberAxis steps = Charts.axis(stepLabel, 1, theme);
    Plot plot;
    if (hasTailPanel()) {
      CombinedDomainXYPlot both = new CombinedDomainXYPlot(steps);
      both.setGap(18);
      both.add(panel(null, yLabel, theme), 1);
      XYPlot zoom = panel(null, "from " + stepLabel + " " + (long) step[1], theme);
      NumberAxis range = (NumberAxis) zoom.getRangeAxis();
      double[] tail = DoubleStream.of(tail()).filter(Double::isFinite).toArray();
      double low = DoubleStream.of(tail).min().getAsDouble();
      double high = DoubleStream.of(tail).max().getAsDouble();
      range.setRange(low - 0.12 * (high - low), high + 0.12 * (high - low));
      both.add(zoom, 1);
      plot = both;
    } else {
      plot = panel(steps, yLabel, theme);
    }
    return Charts.chart(title(), plot, List.of(), theme);
  }

  private XYPlot panel(NumberAxis steps, String label, Theme theme) {
    XYPlot panel = Charts.plot(steps, Charts.axis(label, 0, theme), theme);
    Charts.layer(
        panel,
        Charts.points(step, loss),
        Charts.line(theme.predictionStroke(), theme.prediction()));
    if (loss.length <= MOST_POINTS) {
      Charts.layer(
          panel, Charts.points(step, loss), Charts.dots(theme.pointRadius(), theme.prediction()));
    }
    return panel;
  }
}
