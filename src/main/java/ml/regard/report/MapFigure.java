package ml.regard.report;

import java.awt.Graphics2D;
import java.awt.geom.Ellipse2D;
import java.awt.geom.Rectangle2D;
import java.awt.image.BufferedImage;
import java.util.Arrays;
import org.jfree.chart.JFreeChart;
import org.jfree.chart.axis.NumberAxis;

/**
 * Predictions over two features as a heat map, with training rows as faint points, beside the scale
 * from the lowest prediction to the highest. A cell without a finite prediction stays blank.
 *
 * <p>The map is one image with hard pixel edges, a pixel per cell. Of more than 2000 training rows
 * every k-th is drawn.
 */
public final class MapFigure extends Figure {
  private static final double FAINT = 1.6;

  private final String[] labels;
  private final double[][] ranges;
  private final double[][] cells;
  private final double[][] rows;
  private final double[] span;

  private MapFigure(
      String name,
      String title,
      String[] labels,
      double[][] ranges,
      double[][] cells,
      double[][] rows) {
    super(name, title);
    this.labels =
        Arrays.stream(labels).map(text -> Check.text("label", text)).toArray(String[]::new);
    this.ranges = copy(ranges);
    this.cells = Arrays.stream(cells).map(Numbers::gaps).toArray(double[][]::new);
    this.rows = copy(rows);
    double[] found = Numbers.range(all());
    this.span = found.length == 0 ? new double[] {0, 0} : found;
  }

  /**
   * The figure of a map.
   *
   * @param labels what runs across, what runs up, and what the predictions are
   * @param ranges the ends of the map across and up, {@code [2 x 2]}, ascending
   * @param cells predictions {@code [up x across]}, from the lowest row to the highest, each cell
   *     of equal size
   * @param rows training rows across and up {@code [2 x n]}, finite
   * @throws IllegalArgumentException when there is no cell, lengths differ, a range does not
   *     ascend, or a text is blank
   */
  public static MapFigure of(
      String name,
      String title,
      String[] labels,
      double[][] ranges,
      double[][] cells,
      double[][] rows) {
    for (double[] range : ranges) {
      if (!(range[1] > range[0])) {
        throw new IllegalArgumentException(
            "a range must ascend, but was from %s to %s".formatted(range[0], range[1]));
      }
    }
    if (cells.length == 0) {
      throw new IllegalArgumentException("cells must have at least 1 row, but had 0");
    }
    Check.notEmpty("a row of cells", cells[0]);
    for (double[] row : cells) {
      Check.sameLength("a row of cells", row, "the first", cells[0]);
    }
    Check.sameLength("rows up", Check.finite("rows", rows[1]), "rows across", rows[0]);
    Check.finite("rows", rows[0]);
    return new MapFigure(name, title, labels, ranges, cells, rows);
  }

  private static double[][] copy(double[][] numbers) {
    return Arrays.stream(numbers).map(double[]::clone).toArray(double[][]::new);
  }

  private double[] all() {
    return Arrays.stream(cells).flatMapToDouble(Arrays::stream).toArray();
  }

  @Override
  public String description() {
    long blank = Arrays.stream(all()).filter(Double::isNaN).count();
    int drawn = Math.min(rows[0].length, Charts.MOST_CIRCLES);
    return "Heat map of %s over %s, from %s to %s, across and %s, from %s to %s, up: %s%s. Points show %s%s."
        .formatted(
            labels[2],
            labels[0],
            Numbers.text(ranges[0][0]),
            Numbers.text(ranges[0][1]),
            labels[1],
            Numbers.text(ranges[1][0]),
            Numbers.text(ranges[1][1]),
            Numbers.span(all()),
            blank == 0 ? "" : "; %d of %d cells are blank".formatted(blank, all().length),
            drawn < rows[0].length ? Numbers.grouped(drawn) + " of " : "",
            Numbers.count(rows[0].length, "training row", "training rows"));
  }

  @Override
  JFreeChart chart(Theme theme) {
    NumberAxis across = Charts.axis(labels[0], 0, theme);
    across.setRange(ranges[0][0], ranges[0][1]);
    NumberAxis up = Charts.axis(labels[1], 0, theme);
    up.setRange(ranges[1][0], ranges[1][1]);
    return HeatScale.chart(title(), across, up, theme);
  }

  @Override
  void decorate(Graphics2D g, Theme theme, Rectangle2D inside) {
    HeatScale.drawPixels(g, image(theme), inside);
    double[] x = Charts.sample(rows[0]);
    double[] y = Charts.sample(rows[1]);
    g.setPaint(theme.row());
    for (int i = 0; i < x.length; i++) {
      double atX = inside.getX() + share(x[i], ranges[0]) * inside.getWidth();
      double atY = inside.getMaxY() - share(y[i], ranges[1]) * inside.getHeight();
      g.fill(new Ellipse2D.Double(atX - FAINT, atY - FAINT, 2 * FAINT, 2 * FAINT));
    }
    boolean flat = !(span[1] > span[0]);
    double to = flat ? span[0] + 1 : span[1];
    HeatScale.draw(g, theme, inside, span[0], to, labels[2]);
  }

  private static double share(double value, double[] range) {
    return (value - range[0]) / (range[1] - range[0]);
  }

  /** A pixel per cell, the highest row on top. */
  BufferedImage image(Theme theme) {
    ColorScale scale = new ColorScale(theme, span[1] > span[0] ? span[1] - span[0] : 1);
    BufferedImage image =
        new BufferedImage(cells[0].length, cells.length, BufferedImage.TYPE_INT_RGB);
    for (int r = 0; r < cells.length; r++) {
      for (int c = 0; c < cells[r].length; c++) {
        image.setRGB(c, cells.length - 1 - r, scale.rgb(cells[r][c] - span[0]));
      }
    }
    return image;
  }
}
