package ml.regard.report;

import java.awt.Graphics2D;
import java.awt.Paint;
import java.awt.geom.Ellipse2D;
import java.awt.geom.Rectangle2D;
import org.jfree.chart.axis.ValueAxis;
import org.jfree.chart.plot.CrosshairState;
import org.jfree.chart.plot.PlotRenderingInfo;
import org.jfree.chart.plot.XYPlot;
import org.jfree.chart.renderer.xy.AbstractXYItemRenderer;
import org.jfree.chart.renderer.xy.XYItemRendererState;
import org.jfree.data.xy.XYDataset;

/**
 * A filled circle per point, which an SVG keeps as a circle; all of one radius, or each of its own.
 */
final class DotRenderer extends AbstractXYItemRenderer {
  private static final long serialVersionUID = 1;

  private final double[] radii;

  DotRenderer(Paint paint, double... radii) {
    this.radii = radii;
    setSeriesPaint(0, paint);
  }

  @Override
  public void drawItem(
      Graphics2D g,
      XYItemRendererState state,
      Rectangle2D area,
      PlotRenderingInfo info,
      XYPlot plot,
      ValueAxis domain,
      ValueAxis range,
      XYDataset data,
      int series,
      int item,
      CrosshairState crosshair,
      int pass) {
    double x = domain.valueToJava2D(data.getXValue(series, item), area, plot.getDomainAxisEdge());
    double y = range.valueToJava2D(data.getYValue(series, item), area, plot.getRangeAxisEdge());
    if (Double.isNaN(x) || Double.isNaN(y)) {
      return;
    }
    double radius = radii[radii.length == 1 ? 0 : item];
    g.setPaint(getItemPaint(series, item));
    g.fill(new Ellipse2D.Double(x - radius, y - radius, 2 * radius, 2 * radius));
  }
}
