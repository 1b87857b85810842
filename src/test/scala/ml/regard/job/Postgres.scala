package ml.regard.job

import java.net.ServerSocket
import java.nio.file.{Files, Path}
import java.sql.{Connection, DriverManager}

import scala.collection.mutable
import scala.sys.process._
import scala.util.Using

import ml.regard.SharedSpark

/** A PostgreSQL of its own, on a free port of this machine, with its data in a temporary folder. */
final class Postgres(bin: Path) {
  val user = "scorer"
  val password = "sw0rdfish-and-more"

  private val folder = SharedSpark.temporaryFolder("postgres")
  private val port = Using.resource(new ServerSocket(0))(_.getLocalPort)
  val url = s"jdbc:postgresql://127.0.0.1:$port/postgres"

  /** The server refuses to be root. */
  private val as =
    if (System.getProperty("user.name") == "root") Seq("runuser", "-u", "nobody", "--") else Nil

  private def run(command: String*): Unit = {
    val said = mutable.Buffer.empty[String]
    val log = ProcessLogger(line => said.synchronized(said += line))
    // pg_ctl's server keeps the output open: a file takes it.
    val code = Process(as ++ command, folder.toFile).!(log)
    if (code != 0) throw new IllegalStateException(said.mkString("\n"))
  }

  def start(): Unit = {
    val secret = Files.writeString(folder.resolve("secret"), password)
    if (as.nonEmpty) Seq("chown", "-R", "nobody", folder.toString).!!
    run(
      Seq(bin.resolve("initdb").toString, "-D", data, "-U", user, "--pwfile", secret.toString) ++
        Seq("-A", "scram-sha-256", "-E", "UTF8", "--no-sync"): _*
    )
    val options =
      s"-p $port -c listen_addresses=127.0.0.1 -c unix_socket_directories='' -c fsync=off"
    run(
      Seq(bin.resolve("pg_ctl").toString, "-D", data, "-l", s"$folder/log", "-w", "-o", options) :+
        "start": _*
    )
  }

  def stop(): Unit = run(bin.resolve("pg_ctl").toString, "-D", data, "-m", "immediate", "stop")

  private def data = folder.resolve("data").toString

  def connect(): Connection = DriverManager.getConnection(url, user, password)

  def execute(sql: String): Unit =
    Using.resource(connect())(c => Using.resource(c.createStatement)(_.execute(sql)))

  /** The rows of a query, their cells joined. */
  def rows(sql: String): Seq[String] = Using.resource(connect()) { c =>
    val found = c.createStatement.executeQuery(sql)
    val columns = 1 to found.getMetaData.getColumnCount
    Iterator
      .continually(found)
      .takeWhile(_.next())
      .map(r => columns.map(r.getString(_)).mkString("|"))
      .toList
  }
}

object Postgres {

  /** The newest installed one. */
  def installed: Option[Path] = {
    val versions = Option(new java.io.File("/usr/lib/postgresql").listFiles).toSeq.flatten
    versions
      .map(_.toPath.resolve("bin"))
      .filter(b => Files.exists(b.resolve("initdb")))
      .sorted
      .lastOption
  }
}
