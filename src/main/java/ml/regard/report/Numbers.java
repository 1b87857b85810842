package ml.regard.report;

import java.math.BigDecimal;
import java.math.MathContext;
import java.math.RoundingMode;
import java.util.Arrays;
import java.util.DoubleSummaryStatistics;
import java.util.Locale;
import java.util.stream.IntStream;

/** Numbers as people read them, the same in every locale, and small sums over arrays with gaps. */
final class Numbers {
  /** The typographic minus: as wide as a plus. */
  static final char MINUS = '\u2212';

  private static final MathContext FOUR_DIGITS = new MathContext(4, RoundingMode.HALF_EVEN);

  private Numbers() {}

  /** Four significant digits: {@code 2.191}, {@code 1234000}, {@code 4.012e-268}. */
  static String text(double value) {
    if (!Double.isFinite(value)) {
      return Double.isNaN(value) ? "missing" : value > 0 ? "infinite" : MINUS + "infinite";
    }
    if (value == 0) {
      return "0";
    }
    BigDecimal rounded = new BigDecimal(value).round(FOUR_DIGITS).stripTrailingZeros();
    int exponent = rounded.precision() - rounded.scale() - 1;
    String text =
        exponent < -4 || exponent > 8
            ? rounded.movePointLeft(exponent).toPlainString() + "e" + exponent
            : rounded.toPlainString();
    return text.replace('-', MINUS);
  }

  /** Copies, with NaN for what is not finite. */
  static double[] gaps(double[] values) {
    return Arrays.stream(values).map(v -> Double.isFinite(v) ? v : Double.NaN).toArray();
  }

  /** The least and the greatest finite value; empty when there is none. */
  static double[] range(double[] values) {
    DoubleSummaryStatistics finite =
        Arrays.stream(values).filter(Double::isFinite).summaryStatistics();
    return finite.getCount() == 0 ? new double[0] : new double[] {finite.getMin(), finite.getMax()};
  }

  /** "from a to b" over the finite values, "a throughout" or "missing". */
  static String span(double[] values) {
    double[] range = range(values);
    if (range.length == 0) {
      return "missing";
    }
    return range[0] == range[1]
        ? text(range[0]) + " throughout"
        : "from " + text(range[0]) + " to " + text(range[1]);
  }

  /** The mean of (a - b)^2 where both are finite; NaN when nowhere. */
  static double meanSquare(double[] a, double[] b) {
    return IntStream.range(0, a.length)
        .mapToDouble(i -> a[i] - b[i])
        .filter(Double::isFinite)
        .map(r -> r * r)
        .average()
        .orElse(Double.NaN);
  }

  /** {@code 1 query}, {@code 1,234 queries}. */
  static String count(long n, String one, String many) {
    return grouped(n) + " " + (n == 1 ? one : many);
  }

  /** {@code 1,234,567}. */
  static String grouped(long n) {
    return String.format(Locale.ROOT, "%,d", n);
  }
}
