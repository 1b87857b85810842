package ml.regard.kernel;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/**
 * What is gained by passing over blocks of keys that are far from a query, at the width that
 * leave-one-out finds?
 *
 * <p>100,000 keys and 4,096 queries of the same distribution: uniform on the unit cube, or in 20
 * round clusters of standard deviation 0.01 there. Values are sin(6 sum of the features) plus noise
 * of standard deviation 0.3. The width, one for all features, is the best of a scan in steps of 10
 * % on 1,024 rows, and is printed. Tolerance -1 passes nothing over; 0 what is 0 in double
 * precision anyway. Before it is timed, every answer is compared with that of all keys: the largest
 * difference, in standard deviations of the values, is printed, and may not exceed the tolerance.
 */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Warmup(iterations = 2, time = 1)
@Measurement(iterations = 3, time = 1)
@Fork(
    value = 1,
    jvmArgsAppend = {"--add-modules=jdk.incubator.vector", "-Xmx1g"})
@State(Scope.Benchmark)
public class ReachBenchmark {
  private static final int KEYS = 100_000;
  private static final int QUERIES = 4096;
  private static final int CLUSTERS = 20;
  private static final double ROUNDING = 1e-13;

  @Param({"uniform", "clustered"})
  String data;

  @Param({"1", "2", "3"})
  int dim;

  @Param({"-1", "0", "1e-12"})
  double tolerance;

  private Keys keys;
  private QueryBlock queries;
  private double[] inverseWidth;

  @Setup
  public void setUp() {
    SplittableRandom random = new SplittableRandom(dim);
    double[][] centres = new double[CLUSTERS][];
    Arrays.setAll(centres, c -> random.doubles(dim).toArray());
    KeyPacker packer = new KeyPacker(dim);
    for (int j = 0; j < KEYS; j++) {
      double[] key = point(random, centres);
      double noise = 0.3 * random.nextGaussian();
      packer.add(key, Math.sin(6 * Arrays.stream(key).sum()) + noise, 1);
    }
    PackedKeys packed = packer.pack();
    double[][] asking = new double[QUERIES][];
    Arrays.setAll(asking, i -> point(random, centres));
    queries = QueryBlock.of(dim, asking);
    inverseWidth = new double[] {best(packed)};
    keys = tolerance < 0 ? boundless(packed) : packed;
    PooledState all =
        AttentionPooling.predict(
            boundless(packed), queries, inverseWidth, Terms.VALUE, 0, Precision.FLOAT64);
    PooledState some = sums();
    double largest = 0;
    for (int i = 0; i < QUERIES; i++) {
      largest = Math.max(largest, Math.abs(some.pooled(i) - all.pooled(i)));
    }
    double deviation = packed.valueShare() * range(packed);
    System.out.printf(
        "%s, %d features: width %.3g, largest difference %.2g%n",
        data, dim, 1 / inverseWidth[0], largest / deviation);
    if (largest > (Math.max(tolerance, 0) + ROUNDING) * deviation) {
      throw new IllegalStateException("answers differ by " + largest);
    }
  }

  private double[] point(SplittableRandom random, double[][] centres) {
    if (data.equals("uniform")) {
      return random.doubles(dim).toArray();
    }
    double[] centre = centres[random.nextInt(CLUSTERS)];
    return Arrays.stream(centre).map(x -> x + 0.01 * random.nextGaussian()).toArray();
  }

  /** The inverse width of the least leave-one-out loss. */
  private static double best(PackedKeys keys) {
    int[] sample = IntStream.range(0, 1024).map(i -> i * (KEYS / 1024)).toArray();
    double best = 0;
    double least = Double.POSITIVE_INFINITY;
    for (double w = 1; w < 3000; w *= 1.1) {
      double loss =
          LeaveOneOut.sums(keys, sample, new double[] {w}, LeaveOut.ROW, Terms.VALUE).meanLoss();
      if (loss < least) {
        least = loss;
        best = w;
      }
    }
    return best;
  }

  private static double range(PackedKeys keys) {
    double[] values = IntStream.range(0, KEYS).mapToDouble(keys::value).toArray();
    return Arrays.stream(values).max().getAsDouble() - Arrays.stream(values).min().getAsDouble();
  }

  /** The same keys with boxes from which nothing is far. */
  private static Keys boundless(PackedKeys keys) {
    List<KeyBlock> blocks = new ArrayList<>();
    for (int b = 0; b < keys.numBlocks(); b++) {
      KeyBlock block = keys.block(b);
      KeyBlock copy =
          KeyBlock.of(
              block.firstPosition,
              block.dim,
              block.features,
              block.values,
              block.weights,
              block.valueCentre);
      Arrays.fill(copy.summary().lower, Double.NEGATIVE_INFINITY);
      Arrays.fill(copy.summary().upper, Double.POSITIVE_INFINITY);
      blocks.add(copy);
    }
    return new Keys() {
      @Override
      public int dim() {
        return keys.dim();
      }

      @Override
      public int numKeys() {
        return keys.numKeys();
      }

      @Override
      public double valueCentre() {
        return keys.valueCentre();
      }

      @Override
      public Iterator<KeyBlock> blocks() {
        return blocks.iterator();
      }
    };
  }

  @Benchmark
  public PooledState sums() {
    return AttentionPooling.predict(
        keys, queries, inverseWidth, Terms.VALUE, Math.max(tolerance, 0), Precision.FLOAT64);
  }
}
