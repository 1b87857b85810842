package ml.regard.report;

import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.geom.Rectangle2D;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import javax.imageio.ImageIO;
import javax.imageio.stream.MemoryCacheImageOutputStream;
import org.jfree.chart.ChartRenderingInfo;
import org.jfree.chart.JFreeChart;

/**
 * A picture with a name, a title and a sentence that says what it shows.
 *
 * <p>A figure is immutable and may be drawn from any thread, as often as wanted; every drawing
 * builds its chart anew. The SVG keeps its text as text; the PNG has two pixels per figure unit.
 */
public abstract sealed class Figure
    permits AttentionFigure,
        BarsFigure,
        CoverageFigure,
        HistogramFigure,
        LossFigure,
        MapFigure,
        PredictionFigure,
        QueryFigure,
        ResidualFigure,
        ScatterFigure,
        WidthFigure {
  /** Every figure has the same size, so that they line up in columns. */
  static final int WIDTH = 420;

  static final int HEIGHT = 330;
  static final int PNG_SCALE = 2;

  private final String name;
  private final String title;

  Figure(String name, String title) {
    this.name = Check.fileStem(name);
    this.title = Check.text("title", title);
  }

  /** The stem of the figure's file names, such as {@code prediction-trained}. */
  public final String name() {
    return name;
  }

  /** The line on top of the picture. */
  public final String title() {
    return title;
  }

  /** What the picture shows, with numbers: the text for readers who do not see it. */
  public abstract String description();

  /** Width in figure units, the pixels of the SVG at its natural size. */
  public final int width() {
    return WIDTH;
  }

  /** Height in figure units. */
  public final int height() {
    return HEIGHT;
  }

  /** The figure as an SVG document without an XML declaration, to be written as UTF-8. */
  public final String svg(Theme theme) {
    SvgCanvas canvas = new SvgCanvas(WIDTH, HEIGHT, theme);
    draw(canvas, theme);
    return canvas.document(title, description());
  }

  /** The figure as a PNG file, {@code 2 width() x 2 height()} pixels. */
  public final byte[] png(Theme theme) {
    BufferedImage image =
        new BufferedImage(PNG_SCALE * WIDTH, PNG_SCALE * HEIGHT, BufferedImage.TYPE_INT_RGB);
    Graphics2D g = image.createGraphics();
    g.setRenderingHint(
        RenderingHints.KEY_FRACTIONALMETRICS, RenderingHints.VALUE_FRACTIONALMETRICS_ON);
    g.scale(PNG_SCALE, PNG_SCALE);
    draw(g, theme);
    g.dispose();
    return pngBytes(image);
  }

  /** Draws into {@code [0, WIDTH] x [0, HEIGHT]} and returns the rectangle inside the axes. */
  final Rectangle2D draw(Graphics2D g, Theme theme) {
    ChartRenderingInfo info = new ChartRenderingInfo();
    chart(theme).draw(g, new Rectangle2D.Double(0, 0, WIDTH, HEIGHT), info);
    Rectangle2D inside = info.getPlotInfo().getDataArea();
    decorate(g, theme, inside);
    return inside;
  }

  abstract JFreeChart chart(Theme theme);

  /** Draws what a chart library has no crisp way for, on top of the chart. */
  void decorate(Graphics2D g, Theme theme, Rectangle2D inside) {}

  static byte[] pngBytes(BufferedImage image) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    // In memory: ImageIO's own stream is a file with a shutdown hook, which a process that was told
    // to stop can no longer add.
    try (MemoryCacheImageOutputStream out = new MemoryCacheImageOutputStream(bytes)) {
      if (!ImageIO.write(image, "png", out)) {
        throw new IllegalStateException("this JVM has no PNG writer for " + image);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return bytes.toByteArray();
  }
}
