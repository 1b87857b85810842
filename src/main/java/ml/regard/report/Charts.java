package ml.regard.report;

import java.awt.Paint;
import java.awt.RenderingHints;
import java.awt.Stroke;
import java.awt.geom.Ellipse2D;
import java.awt.geom.Line2D;
import java.util.List;
import org.jfree.chart.JFreeChart;
import org.jfree.chart.LegendItem;
import org.jfree.chart.LegendItemCollection;
import org.jfree.chart.axis.NumberAxis;
import org.jfree.chart.block.BlockBorder;
import org.jfree.chart.plot.DatasetRenderingOrder;
import org.jfree.chart.plot.Plot;
import org.jfree.chart.plot.XYPlot;
import org.jfree.chart.renderer.xy.XYItemRenderer;
import org.jfree.chart.renderer.xy.XYLineAndShapeRenderer;
import org.jfree.chart.text.TextUtils;
import org.jfree.chart.title.LegendTitle;
import org.jfree.chart.title.TextTitle;
import org.jfree.chart.ui.HorizontalAlignment;
import org.jfree.chart.ui.RectangleEdge;
import org.jfree.chart.ui.RectangleInsets;
import org.jfree.data.xy.DefaultXYDataset;
import org.jfree.data.xy.XYDataset;

/** Parts of charts, dressed by a {@link Theme}: no outline, no gradient, a light dotted grid. */
final class Charts {
  /** More circles than this say nothing more and make the SVG heavy. */
  static final int MOST_CIRCLES = 2000;

  /** Up to so many circles have the full size. */
  private static final int FULL_CIRCLES = 300;

  private static final double SMALLEST_CIRCLE = 1.8;

  private static final double LEGEND_LINE = 22;

  /** Room around tick labels: the axis takes fewer ticks when each needs more. */
  private static final RectangleInsets ROOM_ACROSS = new RectangleInsets(4, 14, 4, 14);

  private static final RectangleInsets ROOM_UP = new RectangleInsets(11, 6, 11, 6);

  static {
    // Otherwise JFreeChart draws rotated labels as outlines of glyphs, and the SVG loses their
    // text.
    TextUtils.setUseDrawRotatedStringWorkaround(false);
  }

  private Charts() {}

  /** A chart with its title at the left, and a legend under it unless {@code legend} is empty. */
  static JFreeChart chart(String title, Plot plot, List<LegendItem> legend, Theme theme) {
    JFreeChart chart = new JFreeChart(null, null, plot, false);
    chart.setBackgroundPaint(theme.paper());
    chart.setBorderVisible(false);
    chart.setPadding(new RectangleInsets(12, 14, 10, 18));
    chart
        .getRenderingHints()
        .put(RenderingHints.KEY_STROKE_CONTROL, RenderingHints.VALUE_STROKE_PURE);
    chart.setTextAntiAlias(true);
    plot.setBackgroundPaint(null);
    plot.setOutlineVisible(false);

    TextTitle heading = new TextTitle(title, theme.titleFont());
    heading.setPaint(theme.ink());
    heading.setTextAlignment(HorizontalAlignment.LEFT);
    heading.setHorizontalAlignment(HorizontalAlignment.LEFT);
    heading.setPadding(2, 2, legend.isEmpty() ? 14 : 6, 2);
    chart.setTitle(heading);
    if (!legend.isEmpty()) {
      chart.addSubtitle(legendOf(legend, theme));
    }
    return chart;
  }

  /** A line of words under the title. */
  static void subtitle(JFreeChart chart, String text, Theme theme) {
    chart.getTitle().setPadding(2, 2, 6, 2);
    TextTitle subtitle = new TextTitle(text, theme.legendFont());
    subtitle.setPaint(theme.mutedInk());
    subtitle.setTextAlignment(HorizontalAlignment.LEFT);
    subtitle.setHorizontalAlignment(HorizontalAlignment.LEFT);
    subtitle.setPadding(0, 2, 12, 2);
    chart.addSubtitle(subtitle);
  }

  private static LegendTitle legendOf(List<LegendItem> items, Theme theme) {
    LegendItemCollection collection = new LegendItemCollection();
    items.forEach(collection::add);
    LegendTitle legend = new LegendTitle(() -> collection);
    legend.setItemFont(theme.legendFont());
    legend.setItemPaint(theme.mutedInk());
    legend.setBackgroundPaint(null);
    legend.setFrame(BlockBorder.NONE);
    legend.setPosition(RectangleEdge.TOP);
    legend.setHorizontalAlignment(HorizontalAlignment.LEFT);
    legend.setItemLabelPadding(new RectangleInsets(2, 4, 2, 14));
    legend.setPadding(0, 0, 6, 0);
    return legend;
  }

  static LegendItem lineItem(String label, Stroke stroke, Paint paint) {
    return new LegendItem(
        label, null, null, null, new Line2D.Double(0, 0, LEGEND_LINE, 0), stroke, paint);
  }

  static LegendItem dotItem(String label, double radius, Paint paint) {
    return new LegendItem(
        label,
        null,
        null,
        null,
        new Ellipse2D.Double(-radius, -radius, 2 * radius, 2 * radius),
        paint);
  }

  /** An axis that hugs its data, with ticks no closer than {@code leastStep}. */
  static NumberAxis axis(String label, double leastStep, Theme theme) {
    NumberAxis axis = new NumberAxis(label);
    axis.setStandardTickUnits(new TickSource(leastStep));
    axis.setAutoRangeIncludesZero(false);
    axis.setAutoRangeStickyZero(false);
    axis.setLowerMargin(0.04);
    axis.setUpperMargin(0.04);
    axis.setLabelFont(theme.axisFont());
    axis.setLabelPaint(theme.ink());
    axis.setTickLabelFont(theme.axisFont());
    axis.setTickLabelPaint(theme.mutedInk());
    axis.setTickMarksVisible(false);
    axis.setAxisLineVisible(false);
    return axis;
  }

  /** A plot on two axes; {@code domain} is null for a panel that shares one. */
  static XYPlot plot(NumberAxis domain, NumberAxis range, Theme theme) {
    range.setTickLabelInsets(ROOM_UP);
    if (domain != null) {
      domain.setTickLabelInsets(ROOM_ACROSS);
    }
    XYPlot plot = new XYPlot(null, domain, range, null);
    plot.setBackgroundPaint(null);
    plot.setOutlineVisible(false);
    plot.setDatasetRenderingOrder(DatasetRenderingOrder.FORWARD);
    plot.setAxisOffset(RectangleInsets.ZERO_INSETS);
    plot.setInsets(RectangleInsets.ZERO_INSETS);
    plot.setDomainGridlinePaint(theme.grid());
    plot.setRangeGridlinePaint(theme.grid());
    plot.setDomainGridlineStroke(theme.gridStroke());
    plot.setRangeGridlineStroke(theme.gridStroke());
    return plot;
  }

  /** Adds a layer on top of those there. */
  static void layer(XYPlot plot, XYDataset data, XYItemRenderer renderer) {
    int next = plot.getDataset() == null ? 0 : plot.getDatasetCount();
    plot.setDataset(next, data);
    plot.setRenderer(next, renderer);
  }

  static XYLineAndShapeRenderer line(Stroke stroke, Paint paint) {
    XYLineAndShapeRenderer line = new XYLineAndShapeRenderer(true, false);
    line.setDrawSeriesLineAsPath(true);
    line.setSeriesStroke(0, stroke);
    line.setSeriesPaint(0, paint);
    return line;
  }

  /** Training rows as half-transparent circles, smaller where there are many. */
  static DotRenderer rows(int count, Theme theme) {
    double share = Math.min(1, Math.sqrt((double) FULL_CIRCLES / Math.max(1, count)));
    return dots(Math.max(SMALLEST_CIRCLE, share * theme.rowRadius()), theme.row());
  }

  static DotRenderer dots(double radius, Paint paint) {
    return new DotRenderer(paint, radius);
  }

  static XYDataset points(double[] x, double[] y) {
    DefaultXYDataset data = new DefaultXYDataset();
    data.addSeries("points", new double[][] {x, y});
    return data;
  }

  /** Evenly spaced elements, all of them when they are at most {@link #MOST_CIRCLES}. */
  static double[] sample(double[] values) {
    if (values.length <= MOST_CIRCLES) {
      return values;
    }
    double[] some = new double[MOST_CIRCLES];
    for (int i = 0; i < some.length; i++) {
      some[i] = values[(int) ((long) i * values.length / MOST_CIRCLES)];
    }
    return some;
  }
}
