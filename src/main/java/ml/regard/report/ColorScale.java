package ml.regard.report;

import java.awt.Color;

/**
 * Colours for weights in {@code [0, max]}: the more attention, the further from the paper.
 *
 * <p>The anchors are one hue, the blue of the prediction line, whose lightness rises evenly, so
 * that the order survives grey printing and every colour-vision deficiency. The light theme runs
 * from pale to near-black; the dark theme from just above its paper to pale. Between two anchors
 * the sRGB components are interpolated.
 *
 * @param theme which end of the scale is 0
 * @param max the weight at the far end, {@code > 0}
 */
record ColorScale(Theme theme, double max) {
  private static final int[] DARK_TO_PALE = {
    0x061325, 0x0D3160, 0x1D5597, 0x4280C4, 0x85ADDD, 0xC3D8F0, 0xF2F7FD
  };

  private static final double DARK_START = 0.5;

  /** The colour of a weight as {@code 0xFFrrggbb}; the paper for NaN. */
  int rgb(double weight) {
    if (Double.isNaN(weight)) {
      return theme.paper().getRGB();
    }
    double part = Math.min(1, Math.max(0, weight / max));
    double last = DARK_TO_PALE.length - 1;
    double place =
        theme == Theme.DARK ? DARK_START + part * (last - DARK_START) : (1 - part) * last;
    int below = Math.min((int) place, DARK_TO_PALE.length - 2);
    double t = place - below;
    Color a = new Color(DARK_TO_PALE[below]);
    Color b = new Color(DARK_TO_PALE[below + 1]);
    return new Color(
            mix(a.getRed(), b.getRed(), t),
            mix(a.getGreen(), b.getGreen(), t),
            mix(a.getBlue(), b.getBlue(), t))
        .getRGB();
  }

  private static int mix(int a, int b, double t) {
    return (int) Math.round(a + t * (b - a));
  }
}
