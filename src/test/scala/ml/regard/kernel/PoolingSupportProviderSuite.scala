package ml.regard.kernel

import scala.jdk.CollectionConverters._

import ml.regard.Support
import org.scalatest.funsuite.AnyFunSuite

class PoolingSupportProviderSuite extends AnyFunSuite {
  private def chosen(property: String, hasModule: Boolean, arguments: String*): String =
    PoolingSupportProvider.choose(property, hasModule, arguments.asJava).name

  test("a JVM with the module and C2 takes the vectors, and one without either does not") {
    assert(chosen("auto", hasModule = true) == "simd")
    assert(chosen("auto", hasModule = true, "-Xmx1g", "-XX:TieredStopAtLevel=4") == "simd")
    assert(chosen("auto", hasModule = false) == "scalar")
    assert(chosen("auto", hasModule = true, "-Xmx1g", "-Xint") == "scalar")
    for (level <- 0 to 3)
      assert(chosen("auto", hasModule = true, s"-XX:TieredStopAtLevel=$level") == "scalar")
  }

  test("of two levels to stop at the last one counts, as it does for the JVM") {
    val levels = Seq("-XX:TieredStopAtLevel=1", "-XX:TieredStopAtLevel=4")
    assert(chosen("auto", hasModule = true, levels: _*) == "simd")
    assert(chosen("auto", hasModule = true, levels.reverse: _*) == "scalar")
  }

  test("the property forces a support") {
    assert(chosen("simd", hasModule = true, "-Xint") == "simd")
    assert(chosen("scalar", hasModule = true) == "scalar")
    assert(chosen("scalar", hasModule = false) == "scalar")
  }

  test("each choice has its reason") {
    def reason(property: String, hasModule: Boolean, arguments: String*) =
      PoolingSupportProvider.choose(property, hasModule, arguments.asJava).reason
    val reasons = Seq(
      reason("auto", hasModule = true),
      reason("auto", hasModule = false),
      reason("auto", hasModule = true, "-Xint"),
      reason("simd", hasModule = true)
    )
    assert(reasons.toSet.size == reasons.size)
    assert(reasons(1).contains("--add-modules jdk.incubator.vector"))
  }

  test("another value of the property is refused, and so are vectors without the module") {
    val unknown = intercept[IllegalArgumentException](chosen("avx", hasModule = true))
    assert(unknown.getMessage == "regard.support must be auto, simd or scalar, but was 'avx'")
    val missing = intercept[IllegalStateException](chosen("simd", hasModule = false))
    assert(
      missing.getMessage == "regard.support is simd, but this JVM was started without " +
        "--add-modules jdk.incubator.vector"
    )
  }

  test("this JVM runs the support that its lane expects") {
    assert(PoolingSupportProvider.pick().name == Support.expected)
  }
}
