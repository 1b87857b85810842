package ml.regard.cluster

import java.net.URI
import java.nio.charset.StandardCharsets
import java.nio.file.{Files, Path => LocalPath}

import scala.jdk.CollectionConverters._
import scala.util.Random

import org.apache.hadoop.fs.{FSDataInputStream, FSInputStream, FileStatus, Path, RawLocalFileSystem}

/** Local CSV files under `moving:/` whose rows are in another order each time a file is opened, and
  * whose files are listed in another order each time: what a table without an order may do.
  * `fs.moving.pause` is the time in milliseconds that opening a file takes.
  */
class MovingFiles extends RawLocalFileSystem {
  override def getScheme: String = "moving"
  override def getUri: URI = URI.create("moving:///")

  override def listStatus(path: Path): Array[FileStatus] =
    moved(super.listStatus(path).toSeq).toArray

  override def open(path: Path, bufferSize: Int): FSDataInputStream = {
    Thread.sleep(getConf.getLong("fs.moving.pause", 0))
    val lines = Files.readAllLines(LocalPath.of(path.toUri.getPath)).asScala.toSeq
    val text = (lines.head +: moved(lines.tail)).mkString("", "\n", "\n")
    new FSDataInputStream(new MovingFiles.Content(text.getBytes(StandardCharsets.UTF_8)))
  }

  private def moved[T](things: Seq[T]): Seq[T] = new Random(System.nanoTime).shuffle(things)
}

object MovingFiles {
  private final class Content(bytes: Array[Byte]) extends FSInputStream {
    private var position = 0

    override def getPos: Long = position
    override def seek(to: Long): Unit = position = to.toInt
    override def seekToNewSource(to: Long): Boolean = false

    override def read(): Int =
      if (position == bytes.length) -1
      else {
        position += 1
        bytes(position - 1) & 0xff
      }

    override def read(into: Array[Byte], offset: Int, length: Int): Int = {
      val count = math.min(length, bytes.length - position)
      System.arraycopy(bytes, position, into, offset, count)
      position += count
      if (count == 0 && length > 0) -1 else count
    }
  }
}
