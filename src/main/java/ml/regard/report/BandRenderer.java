package ml.regard.report;

import java.awt.Graphics2D;
import java.awt.Paint;
import java.awt.geom.Path2D;
import java.awt.geom.Rectangle2D;
import org.jfree.chart.axis.ValueAxis;
import org.jfree.chart.plot.CrosshairState;
import org.jfree.chart.plot.PlotRenderingInfo;
import org.jfree.chart.plot.XYPlot;
import org.jfree.chart.renderer.xy.AbstractXYItemRenderer;
import org.jfree.chart.renderer.xy.XYItemRendererState;
import org.jfree.data.xy.XYDataset;

/**
 * The area between the series 0 below and 1 above, which have the same x; a gap in either is a gap.
 */
final class BandRenderer extends AbstractXYItemRenderer {
  private static final long serialVersionUID = 1;

  private final transient Paint paint;

  BandRenderer(Paint paint) {
    this.paint = paint;
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
    boolean starts = !gap(data, item) && (item == 0 || gap(data, item - 1));
    if (series != 0 || !starts) {
      return;
    }
    int end = item;
    while (end < data.getItemCount(0) && !gap(data, end)) {
      end++;
    }
    Path2D path = new Path2D.Double();
    for (int k = 0; k < 2 * (end - item); k++) {
      int side = k < end - item ? 0 : 1;
      int at = side == 0 ? item + k : end - 1 - (k - (end - item));
      double x = domain.valueToJava2D(data.getXValue(side, at), area, plot.getDomainAxisEdge());
      double y = range.valueToJava2D(data.getYValue(side, at), area, plot.getRangeAxisEdge());
      if (k == 0) {
        path.moveTo(x, y);
      } else {
        path.lineTo(x, y);
      }
    }
    path.closePath();
    g.setPaint(paint);
    g.fill(path);
  }

  private static boolean gap(XYDataset data, int item) {
    return Double.isNaN(data.getYValue(0, item)) || Double.isNaN(data.getYValue(1, item));
  }
}
