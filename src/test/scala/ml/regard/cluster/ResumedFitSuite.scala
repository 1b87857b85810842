package ml.regard.cluster

import ml.regard.job.ResumedFits
import org.scalatest.BeforeAndAfterAll
import org.scalatest.tags.Network

/** Drivers of fits are killed while their executors live on a standalone cluster. */
@Network
class ResumedFitSuite extends ResumedFits with BeforeAndAfterAll {
  private lazy val standalone = new StandaloneCluster
  override protected def master: String = standalone.url

  override def afterAll(): Unit =
    try standalone.close()
    finally super.afterAll()
}
