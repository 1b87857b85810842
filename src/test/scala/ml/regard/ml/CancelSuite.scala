package ml.regard.ml

import java.util.concurrent.{CountDownLatch, FutureTask, TimeUnit}

import scala.util.Try

import ml.regard.{DataException, Rows}
import ml.regard.engine.WatchedObjective
import org.apache.spark.scheduler.{SparkListener, SparkListenerJobStart}
import org.apache.spark.sql.SparkSession

/** Fits whose Spark jobs are cancelled from another thread. */
class CancelSuite extends MlSuite {
  private lazy val data = dataFrame(Rows.random(4000, 2, seed = 4)).cache()
  private lazy val context = spark.sparkContext

  private def estimator(onCancel: String): KernelRegression =
    // Mini-batches go on to the last step, so that no fit ends by itself.
    new KernelRegression()
      .setMiniBatchFraction(0.9)
      .setMaxIter(100000)
      .setStepSize(1e-3)
      .setOnCancel(onCancel)

  /** Runs a fit in a thread of its own and cancels it when a job with the description has begun. */
  private def cancelled(estimator: KernelRegression, description: String)(
      cancel: => Any
  ): Try[KernelRegressionModel] = {
    data.count()
    val begun = new CountDownLatch(1)
    val listener = new SparkListener {
      override def onJobStart(job: SparkListenerJobStart): Unit =
        if (job.properties.getProperty("spark.job.description", "").contains(description))
          begun.countDown()
    }
    context.addSparkListener(listener)
    try {
      val fit = new FutureTask(() => Try(estimator.fit(data)))
      val thread = new Thread(fit)
      thread.setDaemon(true) // a fit that nobody can cancel must not keep the tests from ending
      thread.start()
      assert(begun.await(60, TimeUnit.SECONDS), "the fit has not begun")
      val started = System.nanoTime
      cancel
      val ended = fit.get(60, TimeUnit.SECONDS)
      assert(System.nanoTime - started < 10e9, "it ends within seconds")
      ended
    } finally context.removeSparkListener(listener)
  }

  private def assertKept(fit: Try[KernelRegressionModel], atLeast: Int): Unit = {
    val model = fit.get
    val steps = model.summary.totalIterations
    assert(steps >= atLeast && model.summary.stopReason == s"cancelled after step $steps")
    assert(model.summary.looLoss.isNaN) // not evaluated any more
    // The session goes on working, and the model with it.
    assert(predictions(model.transform(data.limit(10))).forall(!_.isNaN))
  }

  private def interrupted(onCancel: String, description: String): Try[KernelRegressionModel] = {
    SparkSession.setActiveSession(spark)
    spark.addTag("nightly") // inherited by the thread of the fit
    try cancelled(estimator(onCancel), description)(spark.interruptTag("nightly"))
    finally spark.removeTag("nightly")
  }

  test("keep: interruptTag from another thread ends the fit with its best widths so far") {
    assertKept(interrupted("keep", "epoch 4 of"), atLeast = 3)
  }

  test("discard: interruptTag from another thread ends the fit with Spark's exception") {
    val failure = interrupted("discard", "epoch 2 of").failed.get
    assert(WatchedObjective.isCancellation(failure), failure)
    assert(fixed(1).fit(d2l).summary.looLoss > 0) // Spark goes on working
  }

  test("keep: cancelled while starting widths are compared, there is nothing to keep") {
    val failure = interrupted("keep", "comparing starting widths").failed.get
    assert(failure.getMessage.startsWith("learning was cancelled: [SPARK_JOB_CANCELLED]"))
  }

  test("keep: cancelJobGroup and cancelJobsWithTag are heard as well") {
    context.setJobGroup("mine", "my own words", false)
    context.addJobTag("mine")
    try {
      assertKept(
        cancelled(estimator("keep"), "epoch 3 of")(context.cancelJobGroup("mine")),
        atLeast = 2
      )
      assertKept(
        cancelled(estimator("keep"), "epoch 3 of")(context.cancelJobsWithTag("mine")),
        atLeast = 2
      )
    } finally {
      context.clearJobGroup()
      context.clearJobTags()
    }
  }

  test("keep: a cancelled fit with a checkpoint goes on from there when it is started again") {
    val checkpoint = folder("checkpoint").toString
    def fit = estimator("keep").setMiniBatchFraction(0.1).setCheckpointDir(checkpoint)
    spark.addTag("resumed")
    val kept =
      try cancelled(fit, "epoch 5 of")(spark.interruptTag("resumed")).get
      finally spark.removeTag("resumed")
    assert(kept.summary.looLoss.isNaN) // the mean of the last steps was not evaluated
    spark.addTag("again")
    val again =
      try
        cancelled(fit, s"epoch ${kept.summary.totalIterations + 3} of")(spark.interruptTag("again"))
      finally spark.removeTag("again")
    assert(again.get.summary.resumedSteps == kept.summary.totalIterations + 1)
    assert(again.get.summary.totalIterations > kept.summary.totalIterations)
  }

  test("a failure of another kind stays what it is") {
    assert(!WatchedObjective.isCancellation(new DataException("no")))
    assert(!WatchedObjective.isCancellation(new RuntimeException(new IllegalStateException("no"))))
  }

  test("the caller's description, group and tags come back after a fit") {
    context.setJobGroup("mine", "my own words", true)
    context.addJobTag("t")
    try {
      fixed(1).fit(d2l)
      intercept[DataException](fixed(1).fit(d2l.limit(0)))
      assert(context.getLocalProperty("spark.jobGroup.id") == "mine")
      assert(context.getLocalProperty("spark.job.description") == "my own words")
      assert(context.getJobTags() == Set("t"))
    } finally {
      context.clearJobGroup()
      context.clearJobTags()
    }
  }
}
