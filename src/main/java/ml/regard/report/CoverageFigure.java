package ml.regard.report;

import java.awt.Paint;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.StringJoiner;
import java.util.stream.IntStream;
import org.jfree.chart.JFreeChart;
import org.jfree.chart.LegendItem;
import org.jfree.chart.axis.NumberAxis;
import org.jfree.chart.plot.ValueMarker;
import org.jfree.chart.plot.XYPlot;

/**
 * The share of rows inside their interval over the tenths of the prediction, a line for each
 * confidence, beside the dashed line at the confidence.
 */
public final class CoverageFigure extends Figure {
  private final Coverage coverage;

  private CoverageFigure(String name, String title, Coverage coverage) {
    super(name, title);
    this.coverage = coverage;
  }

  /**
   * The figure of shares.
   *
   * @throws IllegalArgumentException when a text is blank
   */
  public static CoverageFigure of(String name, String title, Coverage coverage) {
    return new CoverageFigure(name, title, coverage);
  }

  @Override
  public String description() {
    StringJoiner lines = new StringJoiner("; ");
    for (int c = 0; c < coverage.confidences().length; c++) {
      lines.add(
          "at %s %% the share is %s %%"
              .formatted(
                  Numbers.text(100 * coverage.confidences()[c]),
                  Numbers.span(percent(coverage.shares()[c]))));
    }
    return "Line chart of the share of rows inside their interval, over %s of the prediction, of %s: %s."
        .formatted(
            Numbers.count(coverage.means().length, "part", "parts"),
            Numbers.count(coverage.rows(), "row", "rows"),
            lines);
  }

  private static double[] percent(double[] shares) {
    return Arrays.stream(shares).map(share -> 100 * share).toArray();
  }

  @Override
  JFreeChart chart(Theme theme) {
    NumberAxis parts = Charts.axis("tenth of the prediction", 1, theme);
    NumberAxis shares = Charts.axis("rows inside (%)", 0, theme);
    XYPlot plot = Charts.plot(parts, shares, theme);
    double[] x = IntStream.rangeClosed(1, coverage.means().length).mapToDouble(t -> t).toArray();
    for (int c = coverage.confidences().length - 1; c >= 0; c--) {
      Paint paint = c % 2 == 0 ? theme.prediction() : theme.row();
      double nominal = 100 * coverage.confidences()[c];
      plot.addRangeMarker(new ValueMarker(nominal, theme.truth(), theme.truthStroke()));
      double[] share = percent(coverage.shares()[c]);
      Charts.layer(plot, Charts.points(x, share), Charts.line(theme.predictionStroke(), paint));
      Charts.layer(plot, Charts.points(x, share), Charts.dots(theme.pointRadius(), paint));
    }
    double least =
        Math.min(
            100 * Arrays.stream(coverage.confidences()).min().orElse(0),
            100 * Arrays.stream(coverage.shares()).flatMapToDouble(Arrays::stream).min().orElse(0));
    shares.setRange(Math.max(0, least - 5), 102);
    return Charts.chart(title(), plot, legend(theme), theme);
  }

  /** From the highest line down, as they are drawn. */
  private List<LegendItem> legend(Theme theme) {
    List<LegendItem> legend = new ArrayList<>();
    for (int c = coverage.confidences().length - 1; c >= 0; c--) {
      Paint paint = c % 2 == 0 ? theme.prediction() : theme.row();
      String text = Numbers.text(100 * coverage.confidences()[c]) + " %";
      legend.add(Charts.lineItem(text, theme.predictionStroke(), paint));
    }
    return legend;
  }
}
