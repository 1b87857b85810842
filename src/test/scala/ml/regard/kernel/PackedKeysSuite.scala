package ml.regard.kernel

import scala.util.Random

import ml.regard.Rows
import ml.regard.Rows.{assertClose, bits, refusal}
import org.scalatest.funsuite.AnyFunSuite

class PackedKeysSuite extends AnyFunSuite {
  private def bitsOf(keys: PackedKeys): Seq[Long] = {
    val rows = Rows.of(keys)
    bits(rows.features.flatten) ++ bits(rows.values) ++ bits(rows.weights) ++
      bits(Array(keys.valueCentre))
  }

  test("the packed keys do not depend on the order of arrival, to the last bit") {
    val random = Rows.random(2049, 2, seed = 1, weighted = true)
    // Whole numbers make many ties: in features, in features and values, and in everything.
    val rows = random.copy(
      features = random.features.map(_.map(_.round.toDouble)),
      values = random.values.map(_.round.toDouble),
      weights = random.weights.map(_.round + 1.0)
    )
    val expected = bitsOf(rows.pack)
    for (seed <- 1 to 3)
      assert(bitsOf(rows.select(new Random(seed).shuffle((0 until 2049).toList)).pack) == expected)
  }

  test("chunks of any size pack like single rows") {
    val rows = Rows.random(100, 3, seed = 2, weighted = true)
    val packer = new KeyPacker(3)
    for (part <- (0 until 100).toList.reverse.grouped(37)) {
      val chunk = new RowChunk(3)
      part.foreach(i => chunk.add(rows.features(i), rows.values(i), rows.weights(i)))
      packer.addAll(chunk)
    }
    assert(bitsOf(packer.pack()) == bitsOf(rows.pack))
  }

  test("keys of one feature are sorted by it, then value, then weight") {
    val rows = Rows(
      Array(Array(2.0), Array(1.0), Array(1.0), Array(1.0), Array(-4.0)),
      Array(0, 3, 2, 2, 9),
      Array(1, 1, 8, 4, 1)
    )
    val packed = Rows.of(rows.pack)
    assert(packed.features.map(_.head).toSeq == Seq(-4, 1, 1, 1, 2))
    assert(packed.values.toSeq == Seq(9, 2, 2, 3, 0))
    assert(packed.weights.toSeq == Seq(1, 4, 8, 1, 1))
  }

  test("keys with equal features are neighbours, sorted by value, then weight") {
    for (dim <- Seq(2, 3, 6, 7, 12)) {
      val random = Rows.random(2000, dim, seed = dim, weighted = true)
      val rows = random.copy(features = random.features.map(_.map(x => (x / 2.6).floor)))
      val packed = Rows.of(rows.pack)
      val runs = packed.features.map(_.toSeq).toSeq
      assert(runs.zip(runs.tail).count(x => x._1 != x._2) == runs.distinct.size - 1)
      for (j <- 1 until 2000 if runs(j) == runs(j - 1))
        assert(packed.values(j) >= packed.values(j - 1))
    }
  }

  test("keys are cut into blocks of 1024 positions") {
    for ((size, blocks) <- Seq(0 -> 0, 1 -> 1, 1023 -> 1, 1024 -> 1, 1025 -> 2, 2049 -> 3)) {
      val packer = new KeyPacker(1)
      (0 until size).foreach(i => packer.add(Array(i.toDouble), 0, 1))
      val keys = packer.pack()
      assert(keys.numKeys == size && keys.numBlocks == blocks)
      val inBlocks = (0 until blocks).map(keys.block)
      assert(inBlocks.map(_.size).sum == size)
      assert(inBlocks.map(_.firstPosition) == (0 until blocks).map(_ * 1024))
    }
  }

  test("rows of weight zero are dropped and counted") {
    val packer = new KeyPacker(1)
    packer.add(Array(1.0), 1, 0).add(Array(2.0), 2, 0.5).add(Array(3.0), 3, -0.0)
    val keys = packer.pack()
    assert(keys.numKeys == 1 && keys.value(0) == 2)
    assert(packer.zeroWeights == 2)
  }

  test("the centre of the values is their weighted mean, and does not overflow") {
    val rows = Rows.random(1025, 1, seed = 3, weighted = true)
    val mean = rows.values.zip(rows.weights).map { case (v, c) => v * c }.sum / rows.weights.sum
    assertClose(rows.pack.valueCentre, mean, 1e-12)
    val huge = Checks.MAX_MAGNITUDE
    val constant = Rows(Array.fill(9, 1)(0.0), Array.fill(9)(huge), Array.fill(9)(huge))
    assert(constant.pack.valueCentre == huge)
  }

  test("-0.0 is 0.0, so that equal rows have equal bits") {
    def packed(zero: Double) = Rows(Array(Array(zero)), Array(zero), Array(1.0)).pack
    assert(bitsOf(packed(-0.0)) == bitsOf(packed(0.0)))
    assert(bits(Array(packed(-0.0).feature(0, 0), packed(-0.0).value(0))) == Seq(0L, 0L))
  }

  test("rows that cannot be keys are refused with one sentence") {
    def add(features: Array[Double], value: Double, weight: Double) =
      refusal(new KeyPacker(2).add(features, value, weight))
    val fine = Array(1.0, 2.0)
    assert(add(Array(1.0), 1, 1) == "a row must have length 2, but has 1")
    assert(
      add(Array(1.0, Double.NaN), 1, 1) ==
        "feature must be finite and at most 1.0E150 in magnitude, but was NaN"
    )
    assert(
      add(fine, Double.NegativeInfinity, 1) ==
        "value must be finite and at most 1.0E150 in magnitude, but was -Infinity"
    )
    assert(
      add(fine, 1, 1e151) ==
        "weight must be finite and at most 1.0E150 in magnitude, but was 1.0E151"
    )
    assert(add(fine, 1, -2) == "weight must not be negative, but was -2.0")
    assert(refusal(new KeyPacker(0)) == "number of features must be at least 1, but was 0")
    assert(
      refusal(new KeyPacker(2).addAll(new RowChunk(3))) == "a row must have length 2, but has 3"
    )
  }

  test("a block of more keys than the loops have room for is refused") {
    def block(size: Int) =
      KeyBlock.of(0, 1, new Array(size), new Array(size), Array.fill(size)(1.0), 0)
    assert(block(1024).size == 1024)
    assert(refusal(block(1025)) == "a block must have at most 1024 keys, but has 1025")
  }

  test("a position outside the keys is refused") {
    val keys = Rows.random(3, 1, seed = 4).pack
    for (position <- Seq(-1, 3)) {
      val thrown = intercept[IndexOutOfBoundsException](keys.value(position))
      assert(thrown.getMessage == s"position must be in [0, 3), but was $position")
    }
  }

  test("the content hash is that of the set of rows") {
    val rows = Rows.random(1500, 2, seed = 8, weighted = true)
    val hash = rows.pack.contentHash
    val shuffled = rows.select(new Random(5).shuffle((0 until 1500).toList))
    assert(shuffled.pack.contentHash == hash)
    assert(rows.without(700).pack.contentHash != hash)
    val twice = rows.select((0 until 1500) :+ 700)
    assert(twice.pack.contentHash != hash)
  }

  test("the content hash changes with a last bit of a feature, a value or a weight") {
    val rows = Rows.random(1500, 2, seed = 8, weighted = true)
    def nextUp(values: Array[Double]) = values.updated(1200, Math.nextUp(values(1200)))
    val changed = Seq(
      rows.copy(features = rows.features.updated(1200, rows.features(1200).map(Math.nextUp))),
      rows.copy(values = nextUp(rows.values)),
      rows.copy(weights = nextUp(rows.weights))
    )
    assert((rows +: changed).map(_.pack.contentHash).toSet.size == 4)
  }

  test("the content hashes of the blocks add up") {
    val keys = Rows.random(2500, 1, seed = 9).pack
    val parts = (0 until keys.numBlocks).reverse.map(keys.block(_).contentHash)
    assert(parts.sum == keys.contentHash)
    assert(new KeyPacker(1).pack().contentHash == 0)
  }

  /** Ties of many lengths: within a block, over several and, of two folds, beside each other. */
  private def tied(folds: Int): PackedKeys = {
    val random = new Random(11)
    val chunk = new RowChunk(2)
    for ((length, run) <- Seq(1, 2, 1, 1500, 3, 2600, 1, 700, 1).zipWithIndex; _ <- 0 until length)
      chunk.add(Array(run / 9.0, 0), random.nextInt(300), 1, random.nextInt(folds))
    new KeyPacker(2).addAll(chunk).pack()
  }

  test("the ties of a key are its neighbours with equal features, in other blocks and folds too") {
    for (folds <- Seq(1, 2)) {
      val keys = tied(folds)
      val rows = Rows.of(keys)
      val n = keys.numKeys
      def same(p: Int, q: Int) = rows.features(p).sameElements(rows.features(q))
      val starts = (0 until n).filter(p => p == 0 || !same(p, p - 1)) :+ n
      val queries = TrainingQueries.of(keys, (0 until n).toArray, LeaveOut.TIES)
      val sites = queries.sites
      for ((first, end) <- starts.zip(starts.tail)) {
        for (p <- first until end) {
          assert(keys.leftOutFirst(p, LeaveOut.TIES) == first)
          assert(keys.leftOutEnd(p, LeaveOut.TIES) == end)
          assert(sites(queries.query(p) * 5 + 2) == end - first)
        }
      }
      val runs = starts.zip(starts.tail).map { case (first, end) => first until end }
      assert(keys.tiedKeys(false) == runs.map(_.size).filter(_ > 1).sum)
      val alike = (0 until n).count { p =>
        Seq(p - 1, p + 1).exists { q =>
          q >= 0 && q < n && same(p, q) && rows.values(p) == rows.values(q)
        }
      }
      assert(alike > 0 && keys.tiedKeys(true) == alike)
    }
  }

  test("leaving out a tie costs its length, not the square of it") {
    val chunk = new RowChunk(2)
    for (i <- 0 until 400000) chunk.add(Array(1.0, 2.0), i, 1)
    val keys = new KeyPacker(2).addAll(chunk).pack()
    val begin = System.nanoTime()
    val queries = TrainingQueries.of(keys, (200000 until 201000).toArray, LeaveOut.TIES)
    assert(queries.size == 1000 && keys.tiedKeys(false) == 400000)
    assert((System.nanoTime() - begin) / 1e9 < 5)
  }
}
