package ml.regard.report;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.DoubleStream;
import org.jfree.chart.JFreeChart;
import org.jfree.chart.LegendItem;
import org.jfree.chart.axis.NumberAxis;
import org.jfree.chart.plot.ValueMarker;
import org.jfree.chart.plot.XYPlot;

/**
 * The attention of one query over the training rows: circles whose area is the attention weight, on
 * all rows as faint dots, and the query where two lines cross. With one feature the rows lie at
 * (feature, value), with the curve of the predictions, and the query at its own prediction; with
 * two the rows and the query lie on a map of the features around the rows that carry.
 */
public final class QueryFigure extends Figure {
  private static final double LARGEST = 11;
  private static final double SMALLEST = 0.7;

  /** What all circles may cover, in square units of the figure. */
  private static final double COVERED = 8000;

  /** How much of the map is shown on each side of the carriers, as a share of their range. */
  private static final double AROUND = 0.6;

  private static final double FAINT = 2;

  private final String xLabel;
  private final String yLabel;
  private final double[][] curve;
  private final double[][] rows;
  private final double[][] carriers;
  private final double[] query;

  private QueryFigure(
      String name,
      String title,
      String xLabel,
      String yLabel,
      double[][] curve,
      double[][] rows,
      double[][] carriers,
      double[] query) {
    super(name, title);
    this.xLabel = Check.text("xLabel", xLabel);
    this.yLabel = Check.text("yLabel", yLabel);
    this.curve = copy(curve);
    this.rows = copy(rows);
    this.carriers = copy(carriers);
    this.query = query.clone();
  }

  /**
   * The figure of a query.
   *
   * @param curve x and prediction {@code [2 x points]}; no points where there is no curve
   * @param rows x and y of some training rows {@code [2 x rows]}
   * @param carriers x, y and attention weight of those that carry the most {@code [3 x carriers]}
   * @param query its x and y
   * @throws IllegalArgumentException when lengths differ, a place or weight is not finite, or a
   *     text is blank
   */
  public static QueryFigure of(
      String name,
      String title,
      String xLabel,
      String yLabel,
      double[][] curve,
      double[][] rows,
      double[][] carriers,
      double[] query) {
    Check.sameLength("prediction", curve[1], "x of the curve", curve[0]);
    Check.sameLength("y of the rows", rows[1], "x of the rows", rows[0]);
    Check.sameLength("y of the carriers", carriers[1], "x of the carriers", carriers[0]);
    Check.sameLength("weights", carriers[2], "x of the carriers", carriers[0]);
    Check.notEmpty("weights", carriers[2]);
    Check.finite("query", query);
    for (double[][] places : new double[][][] {rows, carriers}) {
      Arrays.stream(places).forEach(numbers -> Check.finite("a training row", numbers));
    }
    return new QueryFigure(name, title, xLabel, yLabel, curve, rows, carriers, query);
  }

  private static double[][] copy(double[][] numbers) {
    return Arrays.stream(numbers).map(double[]::clone).toArray(double[][]::new);
  }

  @Override
  public String description() {
    return "Scatter plot of %s over %s: the query at %s and %s; %s carry %s of the attention, with weights %s."
        .formatted(
            yLabel,
            xLabel,
            Numbers.text(query[0]),
            Numbers.text(query[1]),
            Numbers.count(carriers[2].length, "training row", "training rows"),
            Numbers.text(Arrays.stream(carriers[2]).sum()),
            Numbers.span(carriers[2]));
  }

  @Override
  JFreeChart chart(Theme theme) {
    boolean map = curve[0].length == 0;
    XYPlot plot = Charts.plot(axis(xLabel, 0, map, theme), axis(yLabel, 1, map, theme), theme);
    plot.addDomainMarker(new ValueMarker(query[0], theme.prediction(), theme.hairline()));
    plot.addRangeMarker(new ValueMarker(query[1], theme.prediction(), theme.hairline()));
    List<LegendItem> legend = new ArrayList<>();
    Charts.layer(
        plot,
        Charts.points(Charts.sample(rows[0]), Charts.sample(rows[1])),
        Charts.dots(FAINT, theme.grid()));
    legend.add(Charts.dotItem("training rows", FAINT + 1, theme.grid()));
    Charts.layer(
        plot, Charts.points(carriers[0], carriers[1]), new DotRenderer(theme.row(), radii()));
    legend.add(Charts.dotItem("attention", theme.rowRadius(), theme.row()));
    if (!map) {
      Charts.layer(
          plot,
          Charts.points(curve[0], Numbers.gaps(curve[1])),
          Charts.line(theme.predictionStroke(), theme.prediction()));
      legend.add(Charts.lineItem("prediction", theme.predictionStroke(), theme.prediction()));
    }
    Charts.layer(
        plot,
        Charts.points(new double[] {query[0]}, new double[] {query[1]}),
        Charts.dots(theme.pointRadius() + 1, theme.prediction()));
    legend.add(Charts.dotItem("query", theme.pointRadius() + 1, theme.prediction()));
    return Charts.chart(title(), plot, legend, theme);
  }

  private NumberAxis axis(String label, int side, boolean map, Theme theme) {
    NumberAxis axis = Charts.axis(label, 0, theme);
    axis.setLowerMargin(0.08);
    axis.setUpperMargin(0.08);
    if (map) {
      double[] range =
          Numbers.range(
              DoubleStream.concat(DoubleStream.of(carriers[side]), DoubleStream.of(query[side]))
                  .toArray());
      double around = range[1] > range[0] ? AROUND * (range[1] - range[0]) : 1;
      axis.setRange(range[0] - around, range[1] + around);
    }
    return axis;
  }

  /** Areas are in the proportion of the weights; many circles are smaller than few. */
  private double[] radii() {
    double most = Arrays.stream(carriers[2]).max().orElse(1);
    double share = most / Arrays.stream(carriers[2]).sum();
    double largest = Math.min(LARGEST, Math.sqrt(COVERED / Math.PI * share));
    return Arrays.stream(carriers[2])
        .map(weight -> Math.max(SMALLEST, largest * Math.sqrt(weight / most)))
        .toArray();
  }
}
