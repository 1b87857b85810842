package ml.regard.report;

import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.geom.AffineTransform;
import java.awt.geom.Line2D;
import java.awt.geom.Rectangle2D;
import java.awt.image.BufferedImage;
import java.util.List;
import org.jfree.chart.JFreeChart;
import org.jfree.chart.axis.NumberAxis;
import org.jfree.chart.axis.NumberTickUnit;
import org.jfree.chart.plot.XYPlot;
import org.jfree.chart.text.TextUtils;
import org.jfree.chart.ui.RectangleInsets;
import org.jfree.chart.ui.TextAnchor;

/**
 * What heat maps have in common: cells as pixels, and the bar at the right that says their scale.
 */
final class HeatScale {
  /** Room to keep free at the right of the axes. */
  private static final int SPACE = 84;

  private static final int GAP = 16;
  private static final int WIDTH = 12;
  private static final int STEPS = 256;

  private HeatScale() {}

  /** Axes without grid lines, and room for the bar beside them. */
  static JFreeChart chart(String title, NumberAxis across, NumberAxis up, Theme theme) {
    XYPlot plot = Charts.plot(across, up, theme);
    plot.setDomainGridlinesVisible(false);
    plot.setRangeGridlinesVisible(false);
    plot.setInsets(new RectangleInsets(0, 0, 0, SPACE));
    return Charts.chart(title, plot, List.of(), theme);
  }

  /** The bar beside the rectangle inside the axes, for values from {@code from} to {@code to}. */
  static void draw(
      Graphics2D g, Theme theme, Rectangle2D inside, double from, double to, String label) {
    Rectangle2D bar =
        new Rectangle2D.Double(inside.getMaxX() + GAP, inside.getY(), WIDTH, inside.getHeight());
    drawPixels(g, image(theme), bar);
    g.setPaint(theme.mutedInk());
    g.setStroke(theme.hairline());
    g.setFont(theme.axisFont());
    NumberTickUnit unit = new TickSource(0).step((to - from) / 5);
    double size = unit.getSize();
    double labels = bar.getMaxX() + 7;
    double labelsEnd = labels;
    for (long t = (long) Math.ceil(from / size - 1e-9); t * size <= to + 1e-9 * (to - from); t++) {
      double y = bar.getMaxY() - bar.getHeight() * (t * size - from) / (to - from);
      g.draw(new Line2D.Double(bar.getMaxX(), y, bar.getMaxX() + 4, y));
      Rectangle2D place =
          TextUtils.drawAlignedString(
              unit.valueToString(t * size), g, (float) labels, (float) y, TextAnchor.CENTER_LEFT);
      labelsEnd = Math.max(labelsEnd, place.getMaxX());
    }
    g.setPaint(theme.ink());
    TextUtils.drawRotatedString(
        label,
        g,
        (float) labelsEnd + GAP,
        (float) bar.getCenterY(),
        TextAnchor.CENTER,
        -Math.PI / 2,
        TextAnchor.CENTER);
  }

  private static BufferedImage image(Theme theme) {
    BufferedImage image = new BufferedImage(1, STEPS, BufferedImage.TYPE_INT_RGB);
    ColorScale scale = new ColorScale(theme, 1);
    for (int s = 0; s < STEPS; s++) {
      image.setRGB(0, s, scale.rgb(1 - s / (STEPS - 1.0)));
    }
    return image;
  }

  /** An image over a rectangle, with hard pixel edges. */
  static void drawPixels(Graphics2D g, BufferedImage image, Rectangle2D place) {
    if (g instanceof SvgCanvas canvas) {
      canvas.drawPixels(image, place);
      return;
    }
    AffineTransform fit = AffineTransform.getTranslateInstance(place.getX(), place.getY());
    fit.scale(place.getWidth() / image.getWidth(), place.getHeight() / image.getHeight());
    g.setRenderingHint(
        RenderingHints.KEY_INTERPOLATION, RenderingHints.VALUE_INTERPOLATION_NEAREST_NEIGHBOR);
    g.drawImage(image, fit, null);
  }
}
