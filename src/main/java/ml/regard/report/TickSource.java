package ml.regard.report;

import java.text.DecimalFormat;
import java.text.DecimalFormatSymbols;
import java.util.Locale;
import org.jfree.chart.axis.NumberTickUnit;
import org.jfree.chart.axis.TickUnit;
import org.jfree.chart.axis.TickUnitSource;

/**
 * Ticks at 1, 2 or 5 times a power of ten, never closer than a least step; every label of an axis
 * has the decimals its step needs, and looks the same in every locale.
 *
 * @param leastStep the closest ticks may be: 1 for counts, 0 for anything
 */
record TickSource(double leastStep) implements TickUnitSource {
  private static final int[] STEPS = {1, 2, 5};
  private static final int WIDEST_PLAIN = 6;

  @Override
  public TickUnit getLargerTickUnit(TickUnit unit) {
    return step(unit.getSize() * 1.5);
  }

  @Override
  public TickUnit getCeilingTickUnit(TickUnit unit) {
    return step(unit.getSize());
  }

  @Override
  public TickUnit getCeilingTickUnit(double size) {
    return step(size);
  }

  /** The smallest step of at least {@code size}. */
  NumberTickUnit step(double size) {
    double wanted = Math.max(Math.max(size, leastStep), 1e-300);
    int exponent = (int) Math.floor(Math.log10(wanted));
    for (; ; exponent++) {
      for (int digit : STEPS) {
        double step = Double.parseDouble(digit + "e" + exponent);
        if (step >= wanted * (1 - 1e-9)) {
          return new Step(step, exponent);
        }
      }
    }
  }

  private static final class Step extends NumberTickUnit {
    private static final long serialVersionUID = 1;

    private Step(double size, int exponent) {
      super(size, format(exponent));
    }

    private static DecimalFormat format(int exponent) {
      DecimalFormatSymbols symbols = DecimalFormatSymbols.getInstance(Locale.ROOT);
      symbols.setMinusSign(Numbers.MINUS);
      String pattern = "0";
      if (Math.abs(exponent) > WIDEST_PLAIN) {
        pattern = "0.###E0";
      } else if (exponent < 0) {
        pattern = "0." + "0".repeat(-exponent);
      }
      return new DecimalFormat(pattern, symbols);
    }

    @Override
    public String valueToString(double value) {
      // A tick computed as -1e-17 is zero, and zero has no sign.
      return super.valueToString(Math.abs(value) < 1e-9 * getSize() ? 0.0 : value);
    }
  }
}
