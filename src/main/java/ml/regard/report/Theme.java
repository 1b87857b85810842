package ml.regard.report;

import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.Font;
import java.awt.Stroke;

/**
 * The look of every figure: all colours, fonts and strokes are here and nowhere else.
 *
 * <p>Lengths are in figure units: one pixel of the SVG at its natural size, two of the PNG. The
 * colours of curves and rows are told apart under the common colour-vision deficiencies (they
 * differ in lightness and along blue-orange), and lines differ in dash as well.
 */
public enum Theme {
  /** Dark ink on white. */
  LIGHT(
      new Color(0xFFFFFF),
      new Color(0x1B2330),
      new Color(0x566172),
      new Color(0xC3CBD6),
      new Color(0x1A5FB4),
      new Color(0x6B7686),
      new Color(0xD97400)),

  /** Light ink on near-black blue. */
  DARK(
      new Color(0x151B23),
      new Color(0xE8EBF0),
      new Color(0xA3AEBC),
      new Color(0x3D4959),
      new Color(0x6CB2FF),
      new Color(0x98A4B3),
      new Color(0xFFB057));

  private static final String FAMILY = Font.SANS_SERIF;
  private static final int ROW_ALPHA = 150;
  private static final int BAND_ALPHA = 60;

  private final Color paper;
  private final Color ink;
  private final Color mutedInk;
  private final Color grid;
  private final Color prediction;
  private final Color truth;
  private final Color row;

  Theme(
      Color paper,
      Color ink,
      Color mutedInk,
      Color grid,
      Color prediction,
      Color truth,
      Color row) {
    this.paper = paper;
    this.ink = ink;
    this.mutedInk = mutedInk;
    this.grid = grid;
    this.prediction = prediction;
    this.truth = truth;
    this.row = row;
  }

  Color paper() {
    return paper;
  }

  Color ink() {
    return ink;
  }

  Color mutedInk() {
    return mutedInk;
  }

  Color grid() {
    return grid;
  }

  Color prediction() {
    return prediction;
  }

  Color truth() {
    return truth;
  }

  /** Half-transparent, so that rows on top of each other darken. */
  Color row() {
    return new Color(row.getRed(), row.getGreen(), row.getBlue(), ROW_ALPHA);
  }

  /** The area around the curve of the predictions. */
  Color band() {
    return new Color(prediction.getRed(), prediction.getGreen(), prediction.getBlue(), BAND_ALPHA);
  }

  Font titleFont() {
    return new Font(FAMILY, Font.BOLD, 15);
  }

  Font legendFont() {
    return new Font(FAMILY, Font.PLAIN, 13);
  }

  /** Ticks and axis labels. Differs from the others: {@link SvgCanvas} tells them apart by it. */
  Font axisFont() {
    return new Font(FAMILY, Font.PLAIN, 12);
  }

  Stroke predictionStroke() {
    return new BasicStroke(2.4f, BasicStroke.CAP_ROUND, BasicStroke.JOIN_ROUND);
  }

  Stroke truthStroke() {
    return new BasicStroke(
        1.8f, BasicStroke.CAP_BUTT, BasicStroke.JOIN_ROUND, 1, new float[] {6, 4}, 0);
  }

  Stroke gridStroke() {
    return new BasicStroke(
        1, BasicStroke.CAP_ROUND, BasicStroke.JOIN_ROUND, 1, new float[] {0.1f, 3.5f}, 0);
  }

  Stroke hairline() {
    return new BasicStroke(1);
  }

  /** Radius of the circle of a training row. */
  double rowRadius() {
    return 4;
  }

  /** Radius of the point of one epoch, or of a prediction without neighbours. */
  double pointRadius() {
    return 3.4;
  }
}
