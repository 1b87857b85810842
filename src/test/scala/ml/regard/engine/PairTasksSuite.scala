package ml.regard.engine

import ml.regard.SharedSpark
import org.scalatest.funsuite.AnyFunSuite

class PairTasksSuite extends AnyFunSuite {
  private def uneven(rows: Int) =
    SharedSpark.session.range(0, rows, 1, 1).toDF().union(SharedSpark.session.range(3).toDF())

  private def partitionSizes(table: org.apache.spark.sql.Dataset[org.apache.spark.sql.Row]) =
    table.rdd.mapPartitions(rows => Iterator(rows.size)).collect().toSeq

  test("tasks have between 1e7 and 5e9 pairs, and are three a core in between") {
    assert(PairTasks.tasks(0, 2) == 1)
    assert(PairTasks.tasks(1.9e7, 2) == 1)
    assert(PairTasks.tasks(4e7, 2) == 4)
    assert(PairTasks.tasks(1e9, 2) == 6)
    assert(PairTasks.tasks(3e10, 2) == 6)
    assert(PairTasks.tasks(3.1e10, 2) == 7)
    assert(PairTasks.tasks(1e13, 2) == 2000)
  }

  test("a table stays as it is below 1e9 pairs, and is evened out from there on") {
    val table = uneven(997)
    val before = partitionSizes(table)
    assert(before.contains(997))
    assert(partitionSizes(PairTasks.splitByPairs(table, 999999)) == before)
    val split = partitionSizes(PairTasks.splitByPairs(table, 1000000))
    assert(split.sum == 1000)
    assert(split.size == PairTasks.tasks(1e9, SharedSpark.session.sparkContext.defaultParallelism))
    assert(split.max - split.min <= split.size, split)
  }

  test("more partitions than tasks are evened out as well") {
    val many = uneven(997).union(SharedSpark.session.range(0).repartition(20).toDF())
    val split = partitionSizes(PairTasks.splitByPairs(many, 1000000))
    assert(split.sum == 1000 && split.max < 997)
  }
}
