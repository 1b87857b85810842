package ml.regard.lattice

import scala.util.Random

import _root_.ml.regard.Rows

/** Rows that a lattice may find easy or hard, by name, and boxes around them. */
object Data {
  val names: Seq[String] =
    Seq("uniform", "clustered", "whole numbers", "heavy-tailed", "duplicates", "one at 1e12")

  def apply(name: String, size: Int, dim: Int, seed: Long): Rows = {
    val random = new Random(seed)
    val features = Array.fill(size)(name match {
      case "clustered" =>
        val centre = random.nextInt(3) * 4.0
        Array.fill(dim)(centre + math.pow(10, -random.nextInt(4)) * random.nextGaussian())
      case "knots" =>
        val corner = random.nextInt(1 << dim)
        Array.tabulate(dim)(f => 10.0 * (corner >> f & 1) + 0.1 * random.nextGaussian())
      case "whole numbers" => Array.fill(dim)(random.nextInt(if (dim == 1) 60 else 9).toDouble)
      case "heavy-tailed"  => Array.fill(dim)(math.tan(math.Pi * (random.nextDouble() - 0.5)))
      case _               => Array.fill(dim)(1000 + 5 * random.nextDouble())
    })
    if (name == "duplicates")
      for (i <- 0 until size if i % 4 > 0) features(i) = features(i - i % 4)
    if (name == "one at 1e12") features(size / 2) = Array.fill(dim)(1e12)
    val values = features.map(x => math.sin(x.sum) + 0.5 * random.nextGaussian() + 3)
    Rows(features, values, Array.fill(size)(0.2 + 2 * random.nextDouble()))
  }

  /** From the quantile 1 % to 99 % of each feature, or its whole range where that is not long. */
  def box(rows: Rows): Array[Array[Double]] = {
    val sides = Array.tabulate(rows.dim) { f =>
      val sorted = rows.features.map(_(f)).sorted
      val low = sorted(rows.size / 100)
      val high = sorted(rows.size - 1 - rows.size / 100)
      val long = sorted.last - sorted.head > 3 * (high - low)
      if (long) (low, high) else (sorted.head, sorted.last)
    }
    Array(sides.map(_._1), sides.map(_._2))
  }

  /** Points of the box, some of them on its rim. */
  def points(box: Array[Array[Double]], count: Int, seed: Long): Array[Array[Double]] = {
    val random = new Random(seed)
    Array.fill(count)(Array.tabulate(box(0).length) { f =>
      random.nextInt(20) match {
        case 0 => box(0)(f)
        case 1 => box(1)(f)
        case _ => box(0)(f) + random.nextDouble() * (box(1)(f) - box(0)(f))
      }
    })
  }
}
