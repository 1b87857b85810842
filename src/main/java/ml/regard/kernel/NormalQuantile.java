package ml.regard.kernel;

/**
 * The quantile z of the standard normal distribution, P(Z &lt;= z) = p, to about sixteen digits.
 *
 * <p>Source: M. J. Wichura, Algorithm AS 241 (PPND16), Applied Statistics 37 (1988) 477-484.
 */
public final class NormalQuantile {
  // Coefficients of quotients of polynomials, highest power first, as doubles.
  private static final double[] CENTRE = {
    2509.0809287301227,
    33430.57558358813,
    67265.7709270087,
    45921.95393154987,
    13731.69376550946,
    1971.5909503065513,
    133.14166789178438,
    3.3871328727963665
  };

  private static final double[] CENTRE_BELOW = {
    5226.495278852854,
    28729.085735721943,
    39307.89580009271,
    21213.794301586597,
    5394.196021424751,
    687.1870074920579,
    42.31333070160091,
    1.0
  };

  private static final double[] MIDDLE = {
    0.0007745450142783414,
    0.022723844989269184,
    0.2417807251774506,
    1.2704582524523684,
    3.6478483247632045,
    5.769497221460691,
    4.630337846156546,
    1.4234371107496835
  };

  private static final double[] MIDDLE_BELOW = {
    1.0507500716444169e-09,
    0.0005475938084995345,
    0.015198666563616457,
    0.14810397642748008,
    0.6897673349851,
    1.6763848301838038,
    2.053191626637759,
    1.0
  };

  private static final double[] TAIL = {
    2.0103343992922881e-07,
    2.7115555687434876e-05,
    0.0012426609473880784,
    0.026532189526576124,
    0.29656057182850487,
    1.7848265399172913,
    5.463784911164114,
    6.657904643501103
  };

  private static final double[] TAIL_BELOW = {
    2.0442631033899397e-15,
    1.421511758316446e-07,
    1.8463183175100548e-05,
    0.0007868691311456133,
    0.014875361290850615,
    0.1369298809227358,
    0.599832206555888,
    1.0
  };

  private NormalQuantile() {}

  /**
   * The quantile at a probability in (0, 1).
   *
   * @throws IllegalArgumentException if it is outside
   */
  public static double of(double probability) {
    if (!(probability > 0 && probability < 1)) {
      throw new IllegalArgumentException("probability must be in (0, 1), but was " + probability);
    }
    double q = probability - 0.5;
    if (Math.abs(q) <= 0.425) {
      return q * quotient(CENTRE, CENTRE_BELOW, 0.180625 - q * q);
    }
    double r = Math.sqrt(-StrictMath.log(Math.min(probability, 1 - probability)));
    double z = r <= 5 ? quotient(MIDDLE, MIDDLE_BELOW, r - 1.6) : quotient(TAIL, TAIL_BELOW, r - 5);
    return q < 0 ? -z : z;
  }

  private static double quotient(double[] above, double[] below, double r) {
    return polynomial(above, r) / polynomial(below, r);
  }

  private static double polynomial(double[] coefficients, double r) {
    double sum = 0;
    for (double coefficient : coefficients) {
      sum = sum * r + coefficient;
    }
    return sum;
  }
}
