package ml.regard.ml

import scala.reflect.ClassTag

import ml.regard.Rows
import ml.regard.kernel.PackedKeys
import org.apache.spark.SparkConf
import org.apache.spark.serializer.{JavaSerializer, KryoSerializer}

/** A model may travel inside a closure, and a cluster may use Kryo. */
class SerializationSuite extends MlSuite {
  private def javaCopy[T: ClassTag](value: T): T = {
    val java = new JavaSerializer(new SparkConf()).newInstance()
    java.deserialize[T](java.serialize(value))
  }

  test("a model survives Java serialisation") {
    val model = fixed(0.5).setPredictionCol("p").fit(d2l)
    val copy = javaCopy(model)
    assert(copy.uid == model.uid && copy.getPredictionCol == "p" && copy.getTol == model.getTol)
    assert(copy.params.map(_.toString).toSeq == model.params.map(_.toString).toSeq)
    assert(
      bits(column(copy.transform(d2lQueries), "p")) ==
        bits(column(model.transform(d2lQueries), "p"))
    )
    copy.setHandleInvalid("skip")
    assertThrows[IllegalArgumentException](copy.setHandleInvalid("no such way"))
    assert(!copy.hasSummary)
  }

  test("an estimator survives Java serialisation") {
    val copy = javaCopy(fixed(0.5))
    assert(bits(copy.fit(d2l).widths) == bits(Array(0.5)))
  }

  test("packed keys survive Kryo, to the last bit") {
    val kryo = new KryoSerializer(new SparkConf()).newInstance()
    val keys = Rows.random(1500, 2, seed = 1, weighted = true).pack
    val copy = kryo.deserialize[PackedKeys](kryo.serialize(keys))
    val (before, after) = (Rows.of(keys), Rows.of(copy))
    assert(bits(after.features.flatten) == bits(before.features.flatten))
    assert(bits(after.values) == bits(before.values))
    assert(bits(after.weights) == bits(before.weights))
    assert(copy.numBlocks == 2 && copy.valueCentre == keys.valueCentre)
  }
}
