package ml.regard.engine

import ml.regard.{DataException, SharedSpark}
import org.scalatest.funsuite.AnyFunSuite

class EngineChoiceSuite extends AnyFunSuite {
  private lazy val spark = SharedSpark.session.sparkContext
  private val megabyte = 1L << 20

  test("keys fit when they do so twice in Spark's share of the heap") {
    // 0.6 (1324 - 300) MB = 614.4 MB
    val memory = new KeyMemory("spark.executor.memory", 1324 * megabyte, 6144 * megabyte / 10)
    assert(memory.holds(307 * megabyte) && !memory.holds(308 * megabyte))
    // 2 x 614.4 / 0.6 + 300
    assert(memory.heapFor(6144 * megabyte / 10) == 2348)
  }

  test("in local mode it is the driver's heap that counts") {
    val memory = KeyMemory.of(spark)
    assert(memory.setting == "spark.driver.memory")
    assert(memory.heap == Runtime.getRuntime.maxMemory)
    assert(memory.available == (0.6 * (memory.heap - 300 * megabyte)).toLong)
  }

  test("auto takes the broadcast engine as long as keys fit, and says why") {
    val small = EngineChoice.of("auto", spark, 1000, 2, false)
    assert(small.isBroadcast)
    // (8 2 + 36) 1000 = 52,000 bytes
    assert(
      small.reason.startsWith("engine broadcast (chosen): keys [1000 x 2] take 0.0496 MB, twice")
    )
    val large = EngineChoice.of("auto", spark, 2000000000L, 96, false)
    assert(large.engine == "partitioned")
    // (8 96 + 36) 2e9 bytes = 1.53e6 MB
    assert(
      large.reason.startsWith("engine partitioned (chosen): keys [2000000000 x 96] take 1.53e+06")
    )
  }

  test("an engine that is asked for is taken") {
    assert(EngineChoice.of("partitioned", spark, 10, 1, false).reason.contains("(as asked for)"))
    assert(EngineChoice.of("broadcast", spark, 10, 1, false).isBroadcast)
  }

  test("the broadcast engine refuses keys that do not fit, and names the setting to change") {
    val thrown =
      intercept[DataException](EngineChoice.of("broadcast", spark, 2000000000L, 96, false))
    val message = thrown.getMessage
    for (
      part <- Seq(
        "engine broadcast",
        "[2000000000 x 96]",
        "raise spark.driver.memory to ",
        "or take engine partitioned"
      )
    )
      assert(message.contains(part), message)
    assert(message.linesIterator.size == 1)
  }
}
