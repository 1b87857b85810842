package ml.regard.kernel;

import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/**
 * How many pairs of query and key go through the exact sums in a nanosecond?
 *
 * <ul>
 *   <li>{@link #plain}: what a plain loop with Math.exp does, the yardstick of the others.
 *   <li>{@link #predict}: the pooled value. How much faster than plain are the scalar loops, and
 *       how much faster those of the Vector API?
 *   <li>{@link #single}: the pooled value with precision float32. Is it twice as fast?
 *   <li>{@link #spread}: also effective keys and variance.
 *   <li>{@link #shared}: gradient and curvature by one width. What does a pass of a fit cost in
 *       passes of a prediction?
 *   <li>{@link #byFeature}: gradient and curvature by a width for each feature.
 * </ul>
 *
 * <p>4,096 keys and 1,024 queries uniform on the unit cube, all weights 1, every width 0.1: no pair
 * is left out or skipped. Each result is checked against {@link AttentionPooling#reference} before
 * it is timed.
 */
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@OperationsPerInvocation(PoolingBenchmark.KEYS * PoolingBenchmark.QUERIES)
@Warmup(iterations = 2, time = 1)
@Measurement(iterations = 3, time = 1)
@Fork(
    value = 1,
    jvmArgsAppend = {"--add-modules=jdk.incubator.vector", "-Xmx1g"})
public class PoolingBenchmark {
  static final int KEYS = 4096;
  static final int QUERIES = 1024;
  private static final double INVERSE_WIDTH = 10;

  /** Keys and queries. */
  @State(Scope.Benchmark)
  public static class Data {
    @Param({"1", "2", "3", "8", "16"})
    int dim;

    PackedKeys keys;
    double[][] asking;
    QueryBlock queries;
    double[] byFeature;

    @Setup
    public void setUp() {
      SplittableRandom random = new SplittableRandom(1);
      KeyPacker packer = new KeyPacker(dim);
      for (int j = 0; j < KEYS; j++) {
        packer.add(random.doubles(dim).toArray(), random.nextDouble(), 1);
      }
      keys = packer.pack();
      asking = new double[QUERIES][];
      byFeature = new double[dim];
      for (int i = 0; i < QUERIES; i++) {
        asking[i] = random.doubles(dim).toArray();
      }
      java.util.Arrays.fill(byFeature, INVERSE_WIDTH);
      queries = QueryBlock.of(dim, asking);
    }
  }

  /** The loops that are timed. */
  @State(Scope.Benchmark)
  public static class Loops {
    @Param({"scalar", "simd"})
    String support;

    PoolingSupport loops;

    @Setup
    public void setUp(Data data) {
      loops = support.equals("scalar") ? new ScalarSupport() : AttentionPooling.SUPPORT;
      if (!loops.name().equals(support)) {
        throw new IllegalStateException("the support is " + loops.name());
      }
      for (Terms terms : Terms.values()) {
        check(data, pool(data, this, data.byFeature, terms).pooled(0), 1e-12);
      }
      check(data, poolSingle(data, this).pooled(0), Precision.FLOAT32_ERROR);
    }
  }

  private static void check(Data data, double pooled, double tolerance) {
    double exact = AttentionPooling.reference(data.keys, data.asking[0], data.byFeature);
    if (!(Math.abs(pooled - exact) <= tolerance)) {
      throw new IllegalStateException("pooled value %s instead of %s".formatted(pooled, exact));
    }
  }

  private static PooledState pool(Data data, Loops loops, double[] inverseWidths, Terms terms) {
    double[][] candidates = {inverseWidths};
    return pool(data, loops, candidates, terms, Precision.FLOAT64);
  }

  private static PooledState poolSingle(Data data, Loops loops) {
    return pool(data, loops, new double[][] {data.byFeature}, Terms.VALUE, Precision.FLOAT32);
  }

  private static PooledState pool(
      Data data, Loops loops, double[][] candidates, Terms terms, Precision precision) {
    return new PoolingPass(
            loops.loops, data.keys, data.queries, candidates, terms, precision, 0, false)
        .meet(data.keys)
        .states()[0];
  }

  /** S0 and S1 by the formula, with the value of each key before its features. */
  @Benchmark
  public double plain(Data data) {
    double total = 0;
    for (double[] query : data.asking) {
      double s0 = 0;
      double s1 = 0;
      for (int b = 0; b < data.keys.numBlocks(); b++) {
        KeyBlock block = data.keys.block(b);
        double[] features = block.features;
        double[] values = block.siteValues;
        for (int j = 0; j < values.length; j++) {
          double sum = 0;
          for (int f = 0; f < query.length; f++) {
            double scaled = (query[f] - features[j * query.length + f]) * INVERSE_WIDTH;
            sum += scaled * scaled;
          }
          double e = Math.exp(-0.5 * sum);
          s0 += e;
          s1 += e * values[j];
        }
      }
      total += s1 / s0;
    }
    return total;
  }

  @Benchmark
  public PooledState predict(Data data, Loops loops) {
    return pool(data, loops, data.byFeature, Terms.VALUE);
  }

  @Benchmark
  public PooledState single(Data data, Loops loops) {
    return poolSingle(data, loops);
  }

  @Benchmark
  public PooledState spread(Data data, Loops loops) {
    return pool(data, loops, data.byFeature, Terms.SPREAD);
  }

  @Benchmark
  public PooledState detail(Data data, Loops loops) {
    return pool(data, loops, data.byFeature, Terms.DETAIL);
  }

  @Benchmark
  public PooledState shared(Data data, Loops loops) {
    return pool(data, loops, new double[] {INVERSE_WIDTH}, Terms.CURVATURE);
  }

  @Benchmark
  public PooledState byFeature(Data data, Loops loops) {
    return pool(data, loops, data.byFeature, Terms.CURVATURE);
  }
}
