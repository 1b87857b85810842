package ml.regard.cluster

import java.nio.file.Path

import com.fasterxml.jackson.databind.JsonNode
import ml.regard.SharedSpark
import ml.regard.job.Jobs
import org.scalatest.{BeforeAndAfterAll, Outcome}
import org.scalatest.funsuite.AnyFunSuite
import org.scalatest.tags.Network

/** A suite with files of its own and, where it makes one, a standalone cluster. Runs with `mvn
  * verify -Pcluster` only.
  */
@Network
abstract class ClusterSuite extends AnyFunSuite with BeforeAndAfterAll {
  protected val folder: Path = SharedSpark.temporaryFolder("cluster")
  protected def cluster: Option[StandaloneCluster] = None

  override def withFixture(test: NoArgTest): Outcome = {
    val outcome = super.withFixture(test)
    if (outcome.isFailed) cluster.foreach(c => println(c.tails))
    outcome
  }

  override def afterAll(): Unit =
    try cluster.foreach(_.close())
    finally super.afterAll()

  protected def path(name: String): String = folder.resolve(name).toString

  /** What a run in this process, which ends well, answers. */
  protected def here(arguments: Seq[String]): JsonNode = {
    val run = Jobs.run(arguments: _*)
    assert(run.code == 0, run.err)
    run.json
  }

  protected def assertSameFit(actual: JsonNode, expected: JsonNode): Unit =
    for (key <- Seq("widths", "inverseWidths", "looLoss", "looRSquared", "rows", "iterations"))
      assert(actual.get(key) == expected.get(key), key)
}
