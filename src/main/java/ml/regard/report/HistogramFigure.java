package ml.regard.report;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.jfree.chart.JFreeChart;
import org.jfree.chart.LegendItem;
import org.jfree.chart.axis.NumberAxis;
import org.jfree.chart.plot.XYPlot;
import org.jfree.chart.renderer.xy.StandardXYBarPainter;
import org.jfree.chart.renderer.xy.XYBarRenderer;
import org.jfree.data.xy.XYBarDataset;

/** A histogram, and as a dashed line the normal distribution of the same mean and deviation. */
public final class HistogramFigure extends Figure {
  private static final int LINE_POINTS = 101;

  private final String xLabel;
  private final Histogram histogram;

  private HistogramFigure(String name, String title, String xLabel, Histogram histogram) {
    super(name, title);
    this.xLabel = Check.text("xLabel", xLabel);
    this.histogram = histogram;
  }

  /**
   * The figure of a histogram.
   *
   * @param xLabel what the values are
   * @throws IllegalArgumentException when a text is blank
   */
  public static HistogramFigure of(String name, String title, String xLabel, Histogram histogram) {
    return new HistogramFigure(name, title, xLabel, histogram);
  }

  @Override
  public String description() {
    int most =
        IntStream.range(0, histogram.counts().length)
            .reduce((a, b) -> histogram.counts()[b] > histogram.counts()[a] ? b : a)
            .orElse(0);
    return "Histogram of %s over %s, mean %s, standard deviation %s; most, %s, are between %s and %s."
        .formatted(
            xLabel,
            Numbers.count(histogram.total(), "row", "rows"),
            Numbers.text(histogram.mean()),
            Numbers.text(histogram.deviation()),
            Numbers.grouped(histogram.counts()[most]),
            Numbers.text(histogram.edges()[most]),
            Numbers.text(histogram.edges()[most + 1]));
  }

  @Override
  JFreeChart chart(Theme theme) {
    double[] edges = histogram.edges();
    double width = edges[1] - edges[0];
    NumberAxis rows = Charts.axis("rows", 1, theme);
    rows.setAutoRangeIncludesZero(true);
    rows.setLowerMargin(0);
    XYPlot plot = Charts.plot(Charts.axis(xLabel, 0, theme), rows, theme);
    double[] middles =
        IntStream.range(0, edges.length - 1).mapToDouble(b -> edges[b] + width / 2).toArray();
    double[] counts = Arrays.stream(histogram.counts()).mapToDouble(n -> n).toArray();
    XYBarRenderer bars = new XYBarRenderer(0.08);
    bars.setBarPainter(new StandardXYBarPainter());
    bars.setShadowVisible(false);
    bars.setSeriesPaint(0, theme.row());
    Charts.layer(plot, new XYBarDataset(Charts.points(middles, counts), width), bars);
    List<LegendItem> legend = new ArrayList<>();
    legend.add(Charts.dotItem("rows", theme.rowRadius(), theme.row()));
    if (histogram.deviation() > 0) {
      double span = edges[edges.length - 1] - edges[0];
      double[] x =
          IntStream.range(0, LINE_POINTS)
              .mapToDouble(i -> edges[0] + span * i / (LINE_POINTS - 1))
              .toArray();
      double[] normal = Arrays.stream(x).map(histogram::normal).toArray();
      Charts.layer(plot, Charts.points(x, normal), Charts.line(theme.truthStroke(), theme.truth()));
      legend.add(Charts.lineItem("normal", theme.truthStroke(), theme.truth()));
    }
    return Charts.chart(title(), plot, legend, theme);
  }
}
