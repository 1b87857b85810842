package ml.regard.kernel;

/**
 * The function 2^t for loops over one or several lanes: additions, {@link Math#fma} and shifts
 * alone, with no table and no branch but the last one, so that every form of it gives the same bits
 * if it takes the same operations in the same order.
 *
 * <pre>
 *   y = t + MAGIC                    its last bits are n, the integer nearest to t
 *   r = t - (y - MAGIC)              in [-1/2, 1/2], exact
 *   p = 1 + C1 r + ... + C9 r^9      by Horner's rule
 *   2^t = p 2^n                      n is added to the exponent of p
 *   2^t = 0 if t &lt; MIN
 * </pre>
 *
 * <p>For t from {@link #MIN} to 1023 the relative error, as measured, is at most 1.54e-14. Integers
 * give exact powers of two, both zeros among them: 2^-0.0 is 1. Results below the smallest normal
 * number are 0, so 2^-infinity is 0 too. A t above 1023 is outside of the domain; a logit never is,
 * with its maximum subtracted.
 *
 * <p>In single precision the polynomial has degree 6, as degree 5 exceeds an error of 1e-7. For t
 * from {@link #MIN_FLOAT} to 127 the relative error, as measured, is at most 6.8e-8, little more
 * than the half ulp of the last operation.
 *
 * <p>{@code docs/exp2.py} derives the coefficients.
 */
final class Exp2 {
  /** The smallest t whose power is not 0. */
  static final double MIN = -1022.0;

  /** Added to t, it leaves no bits for a fraction: t is rounded to an integer, half to even. */
  static final double MAGIC = 0x1.8p52;

  static final double C1 = 0x1.62e42fefa37d1p-1;
  static final double C2 = 0x1.ebfbdff81be1p-3;
  static final double C3 = 0x1.c6b08d70c88d4p-5;
  static final double C4 = 0x1.3b2ab72411558p-7;
  static final double C5 = 0x1.5d87fd9379882p-10;
  static final double C6 = 0x1.430897f46b207p-13;
  static final double C7 = 0x1.ffce2fe02a814p-17;
  static final double C8 = 0x1.63e69538a955ap-20;
  static final double C9 = 0x1.b3de1966af8ap-24;

  /** {@link #MIN} in single precision. */
  static final float MIN_FLOAT = -126.0f;

  /** {@link #MAGIC} in single precision. */
  static final float MAGIC_FLOAT = 0x1.8p23f;

  static final float F1 = 0x1.62e43p-1f;
  static final float F2 = 0x1.ebfbdcp-3f;
  static final float F3 = 0x1.c6af7ap-5f;
  static final float F4 = 0x1.3b2dfap-7f;
  static final float F5 = 0x1.5f0934p-10f;
  static final float F6 = 0x1.415fcap-13f;

  /** log2(e), so that exp(x) = 2^(x LOG2_E). */
  static final double LOG2_E = 1.4426950408889634;

  /**
   * sqrt(log2(e) / 2): a difference times an inverse width times SCALE, squared, is minus the
   * exponent of base 2 of a Gaussian, exp(-((q - k) w)^2 / 2) = 2^-((q - k) w SCALE)^2.
   */
  static final double SCALE = 0.8493218002880191;

  /** 2 log(2) = 1 / SCALE^2, which turns such a square back into ((q - k) w)^2. */
  static final double SQUARE = 1.3862943611198906;

  private Exp2() {}

  static double exp2(double t) {
    double y = t + MAGIC;
    double r = t - (y - MAGIC);
    double p = Math.fma(C9, r, C8);
    p = Math.fma(p, r, C7);
    p = Math.fma(p, r, C6);
    p = Math.fma(p, r, C5);
    p = Math.fma(p, r, C4);
    p = Math.fma(p, r, C3);
    p = Math.fma(p, r, C2);
    p = Math.fma(p, r, C1);
    p = Math.fma(p, r, 1.0);
    long bits = Double.doubleToRawLongBits(p) + (Double.doubleToRawLongBits(y) << 52);
    return t < MIN ? 0.0 : Double.longBitsToDouble(bits);
  }

  static float exp2(float t) {
    float y = t + MAGIC_FLOAT;
    float r = t - (y - MAGIC_FLOAT);
    float p = Math.fma(F6, r, F5);
    p = Math.fma(p, r, F4);
    p = Math.fma(p, r, F3);
    p = Math.fma(p, r, F2);
    p = Math.fma(p, r, F1);
    p = Math.fma(p, r, 1.0f);
    int bits = Float.floatToRawIntBits(p) + (Float.floatToRawIntBits(y) << 23);
    return t < MIN_FLOAT ? 0.0f : Float.intBitsToFloat(bits);
  }

  /** log2(c), exact if c is a power of two, -infinity if it is 0. */
  static double log2(double c) {
    int e = Math.getExponent(c);
    // In [1, 2), where the logarithm of 1 is 0; less if c is subnormal, and the sum rounds that
    // off.
    double m = Math.scalb(c, -e);
    return e + StrictMath.log(m) * LOG2_E;
  }
}
