package ml.regard.job

import java.util.concurrent.{ConcurrentLinkedQueue, CountDownLatch, TimeUnit}

import scala.jdk.CollectionConverters._

import ml.regard.SharedSpark
import org.apache.spark.scheduler.{SparkListener, SparkListenerJobStart}
import org.scalatest.funsuite.AnyFunSuite

/** How the Spark UI names what a command does. */
class StagesSuite extends AnyFunSuite {
  private lazy val context = SharedSpark.session.sparkContext
  private val folder = SharedSpark.temporaryFolder("stages")

  private def path(name: String): String = folder.resolve(name).toString

  private case class Named(group: String, description: String)

  /** The names of the Spark jobs of a command, in their order. */
  private def jobs(arguments: String*): Seq[Named] = {
    val seen = new ConcurrentLinkedQueue[Named]
    val all = new CountDownLatch(1)
    val listener = new SparkListener {
      override def onJobStart(job: SparkListenerJobStart): Unit = {
        def property(name: String) = job.properties.getProperty(name, "")
        val named = Named(property("spark.jobGroup.id"), property("spark.job.description"))
        if (named.description == "the end") all.countDown() else seen.add(named)
      }
    }
    context.addSparkListener(listener)
    try {
      val run = Jobs.run(arguments: _*)
      assert(run.code == 0, run.err)
      context.setJobDescription("the end")
      context.parallelize(Seq(1)).count()
      assert(all.await(60, TimeUnit.SECONDS))
    } finally {
      context.setJobDescription(null)
      context.removeSparkListener(listener)
    }
    seen.asScala.toSeq
  }

  private def descriptions(jobs: Seq[Named], command: String): Seq[String] = {
    assert(jobs.nonEmpty && jobs.forall(_.group == s"regard $command"), jobs)
    jobs.map(_.description)
  }

  test("generate: writing") {
    val names = descriptions(jobs("generate", "--rows", "60", "--out", path("rows")), "generate")
    assert(names.toSet == Set("Regard generate: writing"))
  }

  test("fit: reading, comparing, every epoch with the loss before it, writing") {
    jobs("generate", "--rows", "60", "--out", path("training"))
    val names = descriptions(
      jobs(
        Seq("fit", "--data", path("training"), "--features", "x", "--label", "y") ++
          Seq("--model", path("model"), "--max-iter", "3", "--tol", "0"): _*
      ),
      "fit"
    )
    val stages = names.map(_.stripPrefix("Regard fit: ")).distinct
    assert(stages.contains("reading the training rows"))
    assert(stages.contains("comparing starting widths"))
    assert(stages.contains("epoch 1 of at most 3"))
    assert(stages.count(_.matches("""epoch [23] of at most 3, loss \d+(\.\d+)?(e-?\d+)?""")) == 2)
    assert(stages.last == "writing the model")
  }

  test("evaluate: reading the model, predicting and measuring") {
    val stages = descriptions(
      jobs("evaluate", "--model", path("model"), "--data", path("training"), "--label", "y"),
      "evaluate"
    )
    assert(stages.head == "Regard evaluate: reading the model")
    assert(stages.last == "Regard evaluate: predicting and measuring")
  }

  test("after a command the group and the description are gone") {
    jobs("generate", "--rows", "6", "--out", path("more"))
    assert(context.getLocalProperty("spark.jobGroup.id") == null)
    assert(context.getLocalProperty("spark.job.description") == null)
    assert(context.getJobTags().isEmpty)
  }
}
