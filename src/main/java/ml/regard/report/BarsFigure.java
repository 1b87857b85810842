package ml.regard.report;

import java.util.List;
import org.jfree.chart.JFreeChart;
import org.jfree.chart.axis.NumberAxis;
import org.jfree.chart.axis.SymbolAxis;
import org.jfree.chart.plot.PlotOrientation;
import org.jfree.chart.plot.XYPlot;
import org.jfree.chart.renderer.xy.StandardXYBarPainter;
import org.jfree.chart.renderer.xy.XYBarRenderer;
import org.jfree.data.xy.XYBarDataset;

/** Horizontal bars with names, the first on top. */
public final class BarsFigure extends Figure {
  private static final int LONGEST = 16;

  private final List<String> names;
  private final double[] values;
  private final String label;

  private BarsFigure(String name, String title, List<String> names, double[] values, String label) {
    super(name, title);
    this.names = names;
    this.values = values.clone();
    this.label = Check.text("label", label);
  }

  /**
   * The figure of some numbers.
   *
   * @param names of the bars; of a long one the beginning is shown
   * @param values as many, finite
   * @param label what the values are
   * @throws IllegalArgumentException when lengths differ, or a value is not finite
   */
  public static BarsFigure of(
      String name, String title, List<String> names, double[] values, String label) {
    Check.finite("values", Check.notEmpty("values", values));
    Check.sameLength("values", values, "names", new double[names.size()]);
    return new BarsFigure(name, title, List.copyOf(names), values, label);
  }

  @Override
  public String description() {
    return "Bar chart of %s: %s of %s, %s."
        .formatted(
            label,
            Numbers.count(values.length, "bar", "bars"),
            String.join(", ", names),
            Numbers.span(values));
  }

  @Override
  JFreeChart chart(Theme theme) {
    String[] symbols = names.stream().map(BarsFigure::shown).toArray(String[]::new);
    SymbolAxis across = new SymbolAxis(null, symbols);
    across.setGridBandsVisible(false);
    across.setInverted(true);
    across.setTickLabelFont(theme.axisFont());
    across.setTickLabelPaint(theme.mutedInk());
    across.setTickMarksVisible(false);
    across.setAxisLineVisible(false);
    NumberAxis along = Charts.axis(label, 0, theme);
    along.setLowerMargin(0);
    along.setAutoRangeIncludesZero(true);
    XYPlot plot = Charts.plot(across, along, theme);
    plot.setOrientation(PlotOrientation.HORIZONTAL);
    plot.setDomainGridlinesVisible(false);
    double[] places = new double[values.length];
    for (int i = 0; i < places.length; i++) {
      places[i] = i;
    }
    XYBarRenderer bars = new XYBarRenderer();
    bars.setBarPainter(new StandardXYBarPainter());
    bars.setShadowVisible(false);
    bars.setSeriesPaint(0, theme.row());
    Charts.layer(plot, new XYBarDataset(Charts.points(places, values), 0.7), bars);
    return Charts.chart(title(), plot, List.of(), theme);
  }

  private static String shown(String name) {
    String legal = Html.legal(name);
    return legal.length() <= LONGEST ? legal : legal.substring(0, LONGEST - 1) + "\u2026";
  }
}
