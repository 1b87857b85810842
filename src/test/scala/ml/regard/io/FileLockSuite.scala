package ml.regard.io

import java.nio.file.{Files, Path => LocalPath}
import java.time.{Clock, Duration, Instant, ZoneId, ZoneOffset}
import java.util.concurrent.{CountDownLatch, Executors, TimeUnit}

import scala.jdk.CollectionConverters._

import ml.regard.{DataException, SharedSpark}
import org.apache.hadoop.fs.{FileSystem, Path}
import org.scalatest.funsuite.AnyFunSuite

class FileLockSuite extends AnyFunSuite {
  private val folder = SharedSpark.temporaryFolder("locks")

  private class Watch extends Clock {
    var now: Instant = Instant.now
    override def instant: Instant = now
    override def getZone: ZoneId = ZoneOffset.UTC
    override def withZone(zone: ZoneId): Clock = this
    def pass(seconds: Long): Unit = now = now.plusSeconds(seconds)
  }

  private val hour = Duration.ofHours(1) // no beat of its own in a test

  private class Setting(name: String) {
    val watch = new Watch
    val times = new LockTimes(watch, hour, Duration.ofSeconds(60))
    val path = new Path(folder.resolve(s"$name/the.lock").toUri.toString)
    val files: FileSystem = Paths.fileSystem(SharedSpark.session, path.toString)
    def acquire(run: String): FileLock = FileLock.acquire(files, path, "the thing", run, times)
    def refused(run: String): String = intercept[DataException](acquire(run)).getMessage
    def names: Set[String] = {
      val listed = Files.list(folder.resolve(name))
      try listed.iterator.asScala.map((p: LocalPath) => p.getFileName.toString).toSet
      finally listed.close()
    }
  }

  test("only one holds the lock, and the other learns who it is") {
    val s = new Setting("one")
    val first = s.acquire("run-1")
    s.watch.pass(7)
    val said = s.refused("run-2")
    for (part <- Seq("the thing is being written by run run-1 on ", "process", "7 s ago"))
      assert(said.contains(part))
    first.requireMine()
    first.close()
    s.acquire("run-2").close()
    assert(s.names.isEmpty)
  }

  test("of many at once, one gets it") {
    val s = new Setting("many")
    val pool = Executors.newFixedThreadPool(8)
    val start = new CountDownLatch(1)
    val tries = (1 to 8).map { i =>
      pool.submit { () =>
        start.await()
        try Some(s.acquire(s"run-$i"))
        catch { case _: DataException => None }
      }
    }
    start.countDown()
    val held = tries.flatMap(_.get(1, TimeUnit.MINUTES))
    pool.shutdown()
    assert(held.size == 1)
    held.foreach(_.close())
  }

  test("a heartbeat keeps it; silence of more than a minute loses it") {
    val s = new Setting("stale")
    val first = s.acquire("run-1")
    s.watch.pass(59)
    first.beat()
    s.watch.pass(59)
    assert(s.refused("run-2").contains("59 s ago"))
    s.watch.pass(2)
    val second = s.acquire("run-2")
    second.requireMine()
    val said = intercept[DataException](first.requireMine()).getMessage
    assert(said.contains("the thing was taken over by run run-2"))
    // The one that lost does no harm any more.
    first.beat()
    first.close()
    second.requireMine()
    second.close()
    assert(s.names.isEmpty)
  }

  test("of many that find a stale lock, one takes it over") {
    for (round <- 1 to 20) {
      val s = new Setting(s"takeover-$round")
      s.acquire("dead").stop()
      s.watch.pass(61)
      val pool = Executors.newFixedThreadPool(4)
      val start = new CountDownLatch(1)
      val tries = (1 to 4).map { i =>
        pool.submit { () =>
          start.await()
          try Some(s.acquire(s"run-$i"))
          catch { case _: DataException => None }
        }
      }
      start.countDown()
      val held = tries.flatMap(_.get(1, TimeUnit.MINUTES))
      pool.shutdown()
      // One that lost its new lock to a slower rival would find that out before it commits.
      val mine = held.filter { lock =>
        try { lock.requireMine(); true }
        catch { case _: DataException => false }
      }
      assert(mine.size <= 1)
      assert(held.nonEmpty)
      held.foreach(_.close())
    }
  }

  test("a lock whose writing was interrupted goes stale like any other") {
    val s = new Setting("empty")
    Files.createDirectories(folder.resolve("empty"))
    Files.createFile(folder.resolve("empty/the.lock"))
    assert(s.refused("run-1").contains("unknown"))
    s.watch.pass(120)
    s.acquire("run-1").close()
  }

  test("the heartbeat beats by itself until it is closed") {
    val beats = new CountDownLatch(3)
    val heart = new Heartbeat(
      Duration.ofMillis(1),
      () => {
        beats.countDown()
        throw new IllegalStateException("a beat that fails does not end the others")
      }
    )
    assert(beats.await(1, TimeUnit.MINUTES))
    heart.close()
  }
}
