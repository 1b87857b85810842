package ml.regard

/** The loops that the tests of this JVM expect to run. */
object Support {

  /** "simd", unless the lane that started the tests says otherwise. */
  val expected: String = System.getProperty("regard.test.support", "simd")
}
