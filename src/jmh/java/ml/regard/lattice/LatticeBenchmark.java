package ml.regard.lattice;

import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import ml.regard.kernel.Terms;
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
 * What does a lattice cost, in nanoseconds: to spread a site, to convolve a node, to answer a query
 * that leaves itself out, and to bound its error?
 *
 * <p>Sites uniform on the unit cube, in a random order, every width a fiftieth of it (a twentieth
 * with three features). The tolerance chooses spacing and order. That a share of the queries is
 * certified is checked before anything is timed.
 */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(value = 1, jvmArgsAppend = "-Xmx2g")
@State(Scope.Benchmark)
public class LatticeBenchmark {
  private static final int SITES = 20_000;

  @Param({"1", "2", "3"})
  int dim;

  @Param({"1e-4", "1e-6", "1e-8"})
  double tolerance;

  @Param({"VALUE", "CURVATURE"})
  Terms terms;

  private double[] sites;
  private LatticePlan plan;
  private LatticeState state;
  private LatticeSums sums;
  private LatticeAnswers answers;

  @Setup
  public void setUp() {
    SplittableRandom random = new SplittableRandom(1);
    int columns = dim + 3;
    sites = new double[SITES * columns];
    for (int s = 0; s < SITES; s++) {
      for (int f = 0; f < dim; f++) {
        sites[s * columns + f] = random.nextDouble();
      }
      double value = random.nextDouble() - 0.5;
      sites[s * columns + dim] = 1;
      sites[s * columns + dim + 1] = value;
      sites[s * columns + dim + 2] = value * value;
    }
    double[][] box = new double[2][dim];
    double[] inverseWidths = new double[dim];
    java.util.Arrays.fill(box[1], 1);
    java.util.Arrays.fill(inverseWidths, dim < 3 ? 50 : 20);
    plan = LatticePlan.of(box, inverseWidths, terms, tolerance, SITES, SITES, LatticePlan.BUDGET);
    state = spread();
    sums = state.sums();
    answers = sums.answers(sites);
    int certified = certify();
    if (certified < SITES / 2) {
      throw new IllegalStateException(certified + " certified, " + plan.sentence());
    }
    System.out.println(plan.sentence() + ", certified " + certified + " of " + SITES);
  }

  @Benchmark
  @OperationsPerInvocation(SITES)
  public LatticeState spread() {
    LatticeState spread = new LatticeState(plan, 0);
    for (int s = 0; s < SITES; s++) {
      spread.add(sites, s * (dim + 3));
    }
    return spread;
  }

  /** All nodes, not one. */
  @Benchmark
  public LatticeSums convolve() {
    return state.sums();
  }

  @Benchmark
  @OperationsPerInvocation(SITES)
  public LatticeAnswers answer() {
    return sums.answers(sites);
  }

  @Benchmark
  @OperationsPerInvocation(SITES)
  public int certify() {
    int certified = 0;
    for (int i = 0; i < SITES; i++) {
      certified += answers.certified(i) ? 1 : 0;
    }
    return certified;
  }
}
