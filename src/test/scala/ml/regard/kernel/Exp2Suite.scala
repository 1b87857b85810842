package ml.regard.kernel

import java.util.SplittableRandom
import org.scalatest.funsuite.AnyFunSuite

class Exp2Suite extends AnyFunSuite {

  // Relative errors: 1.5321e-14 was the largest at 8e7 points, 6.7960e-8 that of all floats in
  // [-0.5, 0.5] from 2^-26, which fill a period. docs/exp2.py prints 1.52e-14 and 5.91e-8 of a grid.
  private val Error = 1.54e-14
  private val FloatError = 6.8e-8
  // What the weights of a fit may be off from StrictMath.exp, the rounding of x log2(e) included.
  private val ExpError = 1e-13
  // Of a product or two.
  private val Rounding = 4e-16

  private val Max = 1023.0
  private val MaxFloat = 127.0f
  private val Points = 2000000

  /** All integers and halves with their neighbours, tiny arguments and random points. */
  private def points: Iterator[Double] = {
    val random = new SplittableRandom(1)
    val halves = (-2044 to 2046).iterator.map(_ / 2.0)
    val joints = halves.flatMap(t => Iterator(Math.nextDown(t), t, Math.nextUp(t)))
    val tiny = (-1074 to 0).iterator.map(Math.scalb(1.0, _)).flatMap(t => Iterator(-t, t))
    val small = Iterator.fill(Points)(random.nextDouble(-1, 1))
    val any = Iterator.fill(Points)(random.nextDouble(Exp2.MIN, Max))
    (joints ++ tiny ++ small ++ any).filter(t => t >= Exp2.MIN && t <= Max)
  }

  private def floats: Iterator[Float] = {
    val random = new SplittableRandom(2)
    val halves = (-252 to 254).iterator.map(_ / 2.0f)
    val joints = halves.flatMap(t => Iterator(Math.nextDown(t), t, Math.nextUp(t)))
    val tiny = (-149 to 0).iterator.map(Math.scalb(1.0f, _)).flatMap(t => Iterator(-t, t))
    val small = Iterator.fill(Points)(random.nextDouble(-1, 1).toFloat)
    val any = Iterator.fill(Points)(random.nextDouble(Exp2.MIN_FLOAT, MaxFloat).toFloat)
    (joints ++ tiny ++ small ++ any).filter(t => t >= Exp2.MIN_FLOAT && t <= MaxFloat)
  }

  private def relativeError(actual: Double, expected: Double) = Math.abs(actual / expected - 1)

  test("2^t is StrictMath.pow(2, t) within the error") {
    for (t <- points) {
      val error = relativeError(Exp2.exp2(t), StrictMath.pow(2, t))
      if (!(error <= Error)) fail(s"2^$t: error $error")
    }
  }

  test("2^(x log2 e) is StrictMath.exp(x) within 1e-13 over the whole range") {
    for (t <- points) {
      val x = t / Exp2.LOG2_E
      val exponent = x * Exp2.LOG2_E
      if (exponent >= Exp2.MIN && exponent <= Max) {
        val error = relativeError(Exp2.exp2(exponent), StrictMath.exp(x))
        if (!(error <= ExpError)) fail(s"exp($x): error $error")
      }
    }
  }

  test("2^t in float is StrictMath.pow(2, t) within the error") {
    for (t <- floats) {
      val error = relativeError(Exp2.exp2(t).toDouble, StrictMath.pow(2, t.toDouble))
      if (!(error <= FloatError)) fail(s"2^$t: error $error")
    }
  }

  test("integers give exact powers of two") {
    for (n <- -1022 to 1023) assert(Exp2.exp2(n.toDouble) == Math.scalb(1.0, n))
    for (n <- -126 to 127) assert(Exp2.exp2(n.toFloat) == Math.scalb(1.0f, n))
  }

  test("both zeros, and what is next to nothing, give exactly 1") {
    for (t <- Seq(0.0, -0.0, Double.MinPositiveValue, -Double.MinPositiveValue, 1e-17, -1e-17))
      assert(Exp2.exp2(t) == 1.0)
    for (t <- Seq(0.0f, -0.0f, Float.MinPositiveValue, -Float.MinPositiveValue, 1e-8f, -1e-8f))
      assert(Exp2.exp2(t) == 1.0f)
  }

  test("2^t never falls by more than the error, where the nearest integer changes too") {
    for (n <- -1022 to 1022) {
      val joint = n + 0.5
      val below = Exp2.exp2(Math.nextDown(joint))
      val at = Exp2.exp2(joint)
      val above = Exp2.exp2(Math.nextUp(joint))
      assert(below <= at * (1 + 2 * Error) && at <= above * (1 + 2 * Error))
    }
    for (n <- -126 to 126) {
      val joint = n + 0.5f
      val below = Exp2.exp2(Math.nextDown(joint)).toDouble
      val at = Exp2.exp2(joint).toDouble
      val above = Exp2.exp2(Math.nextUp(joint)).toDouble
      assert(below <= at * (1 + 2 * FloatError) && at <= above * (1 + 2 * FloatError))
    }
    val (all, allFloats) = (points.toArray, floats.toArray)
    java.util.Arrays.sort(all) // not .sorted, which boxes each of millions
    java.util.Arrays.sort(allFloats)
    val steps = all.map(Exp2.exp2(_))
    assert((1 until steps.length).forall(i => steps(i - 1) <= steps(i) * (1 + 2 * Error)))
    val floatSteps = allFloats.map(Exp2.exp2(_).toDouble)
    assert(
      (1 until floatSteps.length)
        .forall(i => floatSteps(i - 1) <= floatSteps(i) * (1 + 2 * FloatError))
    )
  }

  test("what would be subnormal, and all below it, is 0 and not -0, NaN or a number") {
    def isZero(t: Double) = java.lang.Double.doubleToRawLongBits(Exp2.exp2(t)) == 0
    def isZeroFloat(t: Float) = java.lang.Float.floatToRawIntBits(Exp2.exp2(t)) == 0
    // Where the bits of n overflow the exponent, come round to it, or are bits of MAGIC.
    val places = Seq(-1022.5, -1023, -1074, -1075, -2046, -2048, -3071, -4096, -1e5, -1e9, -1e15)
    val powers = (10 to 1023).map(-Math.scalb(1.0, _)) ++ Seq(-Double.MaxValue)
    for (t <- places ++ powers.filter(_ < Exp2.MIN)) {
      assert(isZero(t), t)
      assert(isZeroFloat(t.toFloat), t)
    }
    assert(isZero(Double.NegativeInfinity) && isZero(Math.nextDown(Exp2.MIN)))
    assert(isZeroFloat(Float.NegativeInfinity) && isZeroFloat(Math.nextDown(Exp2.MIN_FLOAT)))
    val random = new SplittableRandom(3)
    for (_ <- 1 to Points) {
      val t = -Math.exp(random.nextDouble(Math.log(1022.1), 709))
      if (!isZero(t)) fail(s"2^$t is ${Exp2.exp2(t)}")
      val f = (-Math.exp(random.nextDouble(Math.log(126.1), 88))).toFloat
      if (!isZeroFloat(f)) fail(s"2^$f is ${Exp2.exp2(f)}")
    }
    assert(Exp2.exp2(Exp2.MIN) == java.lang.Double.MIN_NORMAL)
    assert(Exp2.exp2(Exp2.MIN_FLOAT) == java.lang.Float.MIN_NORMAL)
  }

  test("log2 is exact for powers of two, and log / log 2 for the others") {
    for (n <- -1074 to 1023) assert(Exp2.log2(Math.scalb(1.0, n)) == n)
    for (t <- points.take(100000)) {
      val c = StrictMath.pow(2, t)
      val expected = StrictMath.log(c) / StrictMath.log(2)
      val tolerance = 2 * Rounding * Math.max(1, Math.abs(expected))
      assert(Math.abs(Exp2.log2(c) - expected) <= tolerance)
    }
    assert(Exp2.log2(0.0) == Double.NegativeInfinity)
  }

  test("the scale makes a Gaussian a power of two, and the square takes it back") {
    assert(relativeError(Exp2.LOG2_E, 1 / StrictMath.log(2)) <= Rounding)
    assert(relativeError(Exp2.SCALE * Exp2.SCALE, Exp2.LOG2_E / 2) <= Rounding)
    assert(relativeError(Exp2.SQUARE, 2 * StrictMath.log(2)) <= Rounding)
    assert(relativeError(Exp2.SQUARE * Exp2.SCALE * Exp2.SCALE, 1) <= 2 * Rounding)
  }
}
