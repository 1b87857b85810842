package ml.regard.job

import java.net.{ServerSocket, URI}
import java.nio.charset.StandardCharsets
import java.nio.file.Files

import scala.jdk.CollectionConverters._
import scala.util.Using

import com.github.luben.zstd.ZstdInputStream
import ml.regard.SharedSpark
import ml.regard.ml.KernelRegressionModel
import org.scalatest.tags.Slow

/** A fit as an operator sees it: told to stop, on the metrics page, in the history. */
@Slow
class StoppedFitSuite extends DisturbedFits {
  override protected def master = "local[2]"

  test("SIGTERM with --on-cancel keep: the model so far is saved, and the line of JSON says so") {
    val process = endless("kept", Nil, "--on-cancel", "keep", "--report", path("kept-report"))
    process.terminate()
    val kept = process.ended(seconds = 20)
    assert(kept.code == 143)
    assert(kept.out.size == 1, kept.err)
    val steps = kept.json.get("iterations").asInt
    assert(steps >= 3 && kept.json.get("stopReason").asText == s"cancelled after step $steps")
    assert(kept.json.get("looLoss").isNull) // not evaluated any more
    SharedSpark.session
    val model = KernelRegressionModel.load(path("kept"))
    assert(model.numKeys == rows)
    assert(model.widths.head == kept.json.get("widths").get("x").asDouble)
    assert(Jobs.names(folder.resolve("kept-report")).contains("report.html"))
    assert(!Jobs.names(folder).exists(_.startsWith(".")), Jobs.names(folder))
  }

  test("SIGTERM by default: the fit ends within seconds, says why, and leaves nothing") {
    val port = Using.resource(new ServerSocket(0))(_.getLocalPort)
    val process = endless("discarded", Seq("--conf", s"spark.ui.port=$port"))
    // conf/metrics.properties is read, and the page is there while the fit runs.
    val page = Using.resource(
      URI.create(s"http://127.0.0.1:$port/metrics/prometheus/").toURL.openStream()
    )(in => new String(in.readAllBytes(), StandardCharsets.UTF_8))
    def metric(name: String): Double = {
      val line = page.linesIterator.find(_.startsWith(s"metrics_regard_driver_regard_$name"))
      line.getOrElse(fail(s"no $name in\n$page")).split(" ").last.toDouble
    }
    assert(metric("fit_rows_Count") == rows)
    assert(metric("fit_steps_Count") >= 3 && metric("fit_pairs_Count") > rows.toDouble * rows)
    assert(metric("fit_loss_Value") > 0)
    process.terminate()
    val discarded = process.ended(seconds = 20)
    assert(discarded.code == 143 && discarded.out.isEmpty)
    val last = discarded.err.last
    assert(last.startsWith("regard: the command was cancelled: [SPARK_JOB_CANCELLED] Job "), last)
    assert(last.contains("because the process was told to stop"), last)
    assert(!Jobs.names(folder).exists(n => n == "discarded" || n.startsWith(".")))
  }

  test("conf/history.conf: the event log names the epochs; the last numbers reach a file") {
    val (events, metrics) = (folder.resolve("events"), folder.resolve("metrics"))
    Seq(events, metrics).foreach(Files.createDirectories(_))
    val sink = "spark.metrics.conf.driver.sink.csv"
    val logged = fit(
      "logged",
      Seq("--load-spark-defaults", "--properties-file", "conf/history.conf") ++
        Seq("--conf", s"spark.eventLog.dir=$events") ++
        Seq("--conf", s"$sink.class=org.apache.spark.metrics.sink.CsvSink") ++
        Seq("--conf", s"$sink.directory=$metrics"),
      "--max-iter",
      "3"
    ).good()
    val log = Using
      .resource(Files.walk(events))(_.iterator.asScala.toSeq)
      .filter(_.getFileName.toString.matches("events_1_.*\\.zstd"))
    assert(log.size == 1, Jobs.names(events))
    val text = Using.resource(new ZstdInputStream(Files.newInputStream(log.head)))(in =>
      new String(in.readAllBytes(), StandardCharsets.UTF_8)
    )
    assert(text.contains("Regard fit: epoch 2 of at most 3, loss "))
    assert(text.contains("\"spark.jobGroup.id\":\"regard fit\""))
    assert(text.contains("\"spark.sql.session.timeZone\":\"UTC\"")) // the defaults hold as well
    def reported(name: String): Double =
      Jobs
        .read(metrics.resolve(s"regard.driver.regard.$name.csv"))
        .linesIterator
        .toSeq
        .last
        .split(",")(1)
        .toDouble
    assert(reported("fit.rows") == rows && reported("fit.steps") == 3)
    assert(reported("fit.loss") == logged.json.get("looLoss").asDouble)
  }
}
