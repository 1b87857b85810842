package ml.regard.io

import java.io.IOException
import java.net.URI
import java.util.concurrent.locks.LockSupport

import org.apache.hadoop.conf.Configuration
import org.apache.hadoop.fs.permission.FsPermission
import org.apache.hadoop.fs.{DelegateToFileSystem, FSDataOutputStream, Path, RawLocalFileSystem}
import org.apache.hadoop.util.Progressable

/** The local disk under the scheme `mortal`, seen by a driver that dies.
  *
  * In process, [[MortalFileSystem.dieAt]] lets the k-th operation that changes something fail
  * half-way, and refuses every later one. In a process of its own, the option `regard.test.kill`
  * names a stage of the commit at which the JVM kills itself with SIGKILL.
  */
class MortalFileSystem extends RawLocalFileSystem {
  import MortalFileSystem._

  override def getUri: URI = URI.create(s"$Scheme:///")

  override def getScheme: String = Scheme

  override def create(
      path: Path,
      permission: FsPermission,
      overwrite: Boolean,
      bufferSize: Int,
      replication: Short,
      blockSize: Long,
      progress: Progressable
  ): FSDataOutputStream = {
    def make() =
      super.create(path, permission, overwrite, bufferSize, replication, blockSize, progress)
    change(make().close())(make())
  }

  override def createNonRecursive(
      path: Path,
      permission: FsPermission,
      overwrite: Boolean,
      bufferSize: Int,
      replication: Short,
      blockSize: Long,
      progress: Progressable
  ): FSDataOutputStream =
    change(())(
      super.createNonRecursive(
        path,
        permission,
        overwrite,
        bufferSize,
        replication,
        blockSize,
        progress
      )
    )

  override def rename(from: Path, to: Path): Boolean = {
    if (to.getName == "journal.json") reached(Stages(0))
    val done = change(())(super.rename(from, to))
    if (to.getName == "journal.json") reached(Stages(1))
    if (to.getName.startsWith("trash-")) reached(Stages(2))
    if (from.getName == "out" && to.getName.startsWith("run_date=")) reached(Stages(3))
    if (from.getName == "rejected" && to.getName.startsWith("run_date=")) reached(Stages(4))
    done
  }

  /** Half-way, a part of the folder is gone. */
  override def delete(path: Path, recursive: Boolean): Boolean = {
    def half() =
      if (recursive && exists(path) && getFileStatus(path).isDirectory)
        listStatus(path).headOption.foreach(child => super.delete(child.getPath, true))
    val done = change(half())(super.delete(path, recursive))
    if (path.getName == "journal.json") reached(Stages(5))
    done
  }

  override def mkdirs(path: Path, permission: FsPermission): Boolean =
    change(())(super.mkdirs(path, permission))

  override def setTimes(path: Path, modified: Long, accessed: Long): Unit =
    change(())(super.setTimes(path, modified, accessed))

  private def reached(stage: String): Unit =
    if (getConf.get("regard.test.kill") == stage) {
      new ProcessBuilder("kill", "-9", ProcessHandle.current.pid.toString).start()
      while (true) LockSupport.park()
    }
}

object MortalFileSystem {
  val Scheme = "mortal"

  /** The stages of a commit, in their order. */
  val Stages: Seq[String] = Seq(
    "staging written",
    "journal written",
    "old moved to trash",
    "new in place",
    "rejected in place",
    "journal dropped"
  )

  /** What Spark is told to know the scheme. */
  val Settings: Map[String, String] = Map(
    s"fs.$Scheme.impl" -> classOf[MortalFileSystem].getName,
    s"fs.AbstractFileSystem.$Scheme.impl" -> classOf[MortalFs].getName
  )

  private val Never = Long.MaxValue
  private var remaining = Never
  private var depth = 0 // operations call each other; the outermost counts

  /** Lets the k-th operation from now fail. */
  def dieAt(k: Long): Unit = synchronized { remaining = k }

  /** Lives again; whether it had died. */
  def revive(): Boolean = synchronized {
    val died = remaining <= 0
    remaining = Never
    died
  }

  private def change[T](half: => Unit)(whole: => T): T = synchronized {
    if (depth == 0 && remaining != Never) {
      remaining -= 1
      if (remaining <= 0) {
        if (remaining == 0) {
          depth += 1
          try half
          finally depth -= 1
        }
        throw new IOException("the driver is dead")
      }
    }
    depth += 1
    try whole
    finally depth -= 1
  }
}

/** The same for Hadoop's FileContext. */
class MortalFs(uri: URI, conf: Configuration)
    extends DelegateToFileSystem(
      uri,
      new MortalFileSystem,
      conf,
      MortalFileSystem.Scheme,
      false
    )
