package ml.regard.kernel;

import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/** Pairs of query and key per second and core, by support. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
public class SupportBenchmark {
  private static final int KEYS = 1024;
  private static final int QUERIES = 1024;

  /** Which loop. */
  @Param({"scalar", "simd"})
  public String support;

  /** Number of features. */
  @Param({"1", "4"})
  public int dim;

  private PoolingSupport loop;
  private PackedKeys keys;
  private QueryBlock queries;

  /** Draws keys and queries. */
  @Setup
  public void draw() {
    Random random = new Random(42);
    KeyPacker packer = new KeyPacker(dim);
    for (int j = 0; j < KEYS; j++) {
      packer.add(point(random), random.nextGaussian(), 1);
    }
    keys = packer.pack();
    double[][] points = new double[QUERIES][];
    for (int i = 0; i < QUERIES; i++) {
      points[i] = point(random);
    }
    queries = QueryBlock.of(dim, points);
    loop = support.equals("simd") ? new SimdSupport() : new ScalarSupport();
  }

  /** One block of queries over one block of keys. */
  @Benchmark
  @OperationsPerInvocation(KEYS * QUERIES)
  public PooledState pairs() {
    PooledState state = new PooledState(QUERIES, 1, Terms.VALUE, keys.valueCentre());
    keys.blocks()
        .forEachRemaining(block -> loop.accumulate(block, queries, new double[] {1}, state));
    return state;
  }

  private double[] point(Random random) {
    return random.doubles(dim).toArray();
  }
}
