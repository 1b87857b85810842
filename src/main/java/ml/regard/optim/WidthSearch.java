package ml.regard.optim;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import ml.regard.kernel.LeaveOut;
import ml.regard.kernel.LossSums;
import ml.regard.kernel.Terms;

/**
 * Learns widths without tuning: {@link TrustRegion} steps on a sample of rows that grows.
 *
 * <ol>
 *   <li>The best few starts of the {@link StartScan} take some steps each on the first sample
 *       (1,024 rows, against all keys); the best goes on.
 *   <li>When noise may hide as much of the criterion as the next step promises, the sample grows
 *       fourfold: with few rows far from the minimum, with many near it. Smaller samples are part
 *       of larger ones, and the choice is by a hash of the position, so it is repeatable whatever
 *       the partitions.
 *   <li>{@code sgd} forms first derivatives only. Its sample grows until noise can hide less than
 *       {@value #NOISE} of the criterion, and it stops when the next step promises less than tol of
 *       it. {@code newton} forms the Hessian (up to {@value #MAX_HESSIAN} widths) and stops over
 *       all rows, when the norm of the gradient has fallen to tol of the first.
 *   <li>With one width per feature each feature is ignored in turn; one without which the criterion
 *       rises by nothing is switched off, and the others go on without it.
 * </ol>
 *
 * <p>Source of the growing sample: R. H. Byrd, G. M. Chin, J. Nocedal, Y. Wu, Sample size selection
 * in optimization methods for machine learning, Mathematical Programming 134 (2012) 127-155. Here
 * noise and promise are compared in the metric of the curvature, so no unit matters.
 *
 * @param newton whether to form Hessians and to go on to the end over all rows
 * @param maxIter the largest number of steps of one start
 * @param tol see above
 * @param reduction the loss that is reported; the steps do not depend on it
 * @param batchFraction the share of the rows in the first sample; 0 for 1,024 rows
 * @param validation the errors of rows that are no keys, where learning stops when they no longer
 *     fall for {@value #PATIENCE} steps and the widths of the smallest are taken
 */
public record WidthSearch(
    boolean newton,
    Criterion criterion,
    int maxIter,
    double tol,
    LossReduction reduction,
    double batchFraction,
    long seed,
    FeatureScales scales,
    Optional<Objective> validation)
    implements WidthOptimizer {
  static final int MAX_HESSIAN = 8;
  private static final int EXPLORING_STEPS = 4;
  private static final double GROWTH = 4;
  private static final double NOISE = 1e-4;
  private static final double NOTHING = 1e-9;
  private static final double FLAT = 1e-12;
  private static final double MIN_RADIUS = 1e-10;
  private static final int PATIENCE = 3;

  @Override
  public Learned learn(Objective objective, List<double[]> starts, Progress progress) {
    return new Run(objective, progress).learn(starts);
  }

  /** A start on its way. */
  private static final class Path {
    final TrustRegion region;
    final List<Learned.Iteration> iterations = new ArrayList<>();
    double firstNorm = Double.NaN;
    double smallestError = Double.POSITIVE_INFINITY;
    double[] widthsOfSmallest;
    int stepsSinceSmallest;
    String stop;

    Path(TrustRegion region) {
      this.region = region;
    }
  }

  private final class Run {
    private final Objective objective;
    private final Progress progress;
    private final List<String> notes = new ArrayList<>();
    private double passes;
    private double lastLoss = Double.NaN;
    private Path best;
    private double[] losses = new double[0];

    Run(Objective objective, Progress progress) {
      this.objective = objective;
      this.progress = progress;
    }

    Learned learn(List<double[]> starts) {
      try {
        best = explored(starts);
        run(best, maxIter);
        switchOff();
      } catch (LearningCancelled e) {
        if (best == null || best.iterations.isEmpty()) {
          throw e;
        }
        best.stop = "cancelled after step %d".formatted(best.iterations.size());
        return learned().asCancelled();
      }
      return learned();
    }

    /**
     * The best of the starts after some steps on the first sample, or at their ends over all rows.
     */
    private Path explored(List<double[]> starts) {
      for (double[] start : starts) {
        Path path = new Path(region(start));
        if (best == null) {
          best = path;
        }
        if (starts.size() > 1) {
          explore(path);
        }
        if (path != best && maxIter > 0 && path.region.value() < best.region.value()) {
          best = path;
        }
      }
      if (starts.size() > 1) {
        notes.add("the best of %d starting widths went on".formatted(starts.size()));
      }
      return best;
    }

    private void explore(Path path) {
      int most = path.region.batch().isAll() ? maxIter : Math.min(EXPLORING_STEPS, maxIter);
      while (path.iterations.size() < most && !isGrowing(path) && !ended(path)) {
        step(path);
      }
    }

    private void run(Path path, int most) {
      while (path.stop == null) {
        if (ended(path)) {
          return;
        }
        if (path.iterations.size() >= most) {
          path.stop = "maxIter %d reached".formatted(maxIter);
          return;
        }
        if (isGrowing(path)) {
          grow(path);
        }
        step(path);
      }
    }

    private TrustRegion region(double[] start) {
      Terms terms = newton && start.length <= MAX_HESSIAN ? Terms.CURVATURE : Terms.WIDTHS;
      double rows = batchFraction > 0 ? batchFraction * objective.numRows() : StartScan.SAMPLE_ROWS;
      Batch first = Batch.nested(rows, seed, objective.numRows());
      return new TrustRegion(objective, criterion, terms, scales, first, start);
    }

    private void grow(Path path) {
      double rows = GROWTH * path.region.batch().fraction() * objective.numRows();
      path.region.over(Batch.nested(rows, seed, objective.numRows()));
    }

    /** Whether noise may hide as much as the next step promises, and more than is asked for. */
    private boolean isGrowing(Path path) {
      TrustRegion region = path.region;
      if (region.sums() == null || region.batch().isAll()) {
        return false;
      }
      double noise = region.noise();
      boolean enough = !newton && noise <= NOISE;
      return !enough && !(region.promise(region.proposal()) > noise);
    }

    private boolean ended(Path path) {
      TrustRegion region = path.region;
      if (region.sums() == null || isGrowing(path)) {
        return false;
      }
      double[] step = region.proposal();
      double promise = region.promise(step);
      if (path.stepsSinceSmallest >= PATIENCE) {
        path.stop = "the error of the held-out rows fell no longer";
      } else if (newton
          && region.batch().isAll()
          && !(region.gradientNorm() > tol * path.firstNorm)) {
        path.stop = "the norm of the gradient fell to tol %s of the first".formatted(tol);
      } else if (!newton && !(promise > tol)) {
        path.stop = "the next step promised less than tol %s of the criterion".formatted(tol);
      } else if (!(promise > 0) || region.stalled() || region.radius() < MIN_RADIUS) {
        path.stop = "no step lowers the criterion any further";
      } else if (promise < FLAT && Dense.largest(step) > 1e-3) {
        path.stop = "the criterion is flat around the widths";
      }
      return path.stop != null;
    }

    private void step(Path path) {
      TrustRegion region = path.region;
      progress.step(path.iterations.size() + 1, maxIter, lastLoss);
      double[] step = region.sums() == null ? null : region.proposal();
      LossSums sums = region.evaluate(step);
      passes += region.batch().fraction();
      lastLoss = criterion.reported(sums, objective.numRows(), reduction);
      if (Double.isNaN(path.firstNorm)) {
        path.firstNorm = region.gradientNorm();
      }
      path.iterations.add(
          new Learned.Iteration(
              path.iterations.size() + 1,
              passes,
              region.batch().fraction(),
              lastLoss,
              criterion.reportedNorm(sums, objective.numRows(), reduction),
              region.inverseWidths()));
      validation.ifPresent(held -> validate(path, held));
    }

    private void validate(Path path, Objective held) {
      double[][] at = {path.region.inverseWidths()};
      LossRequest request = new LossRequest(at, Batch.all(), LeaveOut.NONE, Terms.VALUE);
      double error = held.evaluate(request)[0].meanLoss();
      passes += (double) held.numRows() / objective.numRows();
      path.stepsSinceSmallest++;
      if (error < path.smallestError) {
        path.smallestError = error;
        path.widthsOfSmallest = at[0];
        path.stepsSinceSmallest = 0;
      }
    }

    /** Switches off the features without which the criterion rises by nothing, one by one. */
    private void switchOff() {
      int widths = best.region.inverseWidths().length;
      if (widths == 1 || best.region.sums() == null || validation.isPresent()) {
        return;
      }
      for (int round = 0; round < widths; round++) {
        losses = without();
        int feature = leastRelevant();
        if (feature < 0 || best.iterations.size() >= maxIter) {
          return;
        }
        Path before = best;
        Path without = new Path(before.region.copy());
        without.iterations.addAll(before.iterations);
        without.firstNorm = before.firstNorm;
        without.region.switchOff(feature);
        run(without, maxIter);
        if (isWorse(without.region, before.region)) {
          return;
        }
        best = without;
      }
    }

    /** Whether the criterion is higher over the same rows; over more rows it is not compared. */
    private boolean isWorse(TrustRegion now, TrustRegion before) {
      return now.batch().same(before.batch())
          && now.value() > before.value() + NOTHING * criterion.scale(before.sums());
    }

    /** By how much the criterion rises without each feature, over the first sample. */
    private double[] without() {
      double[] w = best.region.inverseWidths();
      double[][] candidates = new double[w.length + 1][];
      candidates[w.length] = w;
      for (int g = 0; g < w.length; g++) {
        candidates[g] = w.clone();
        candidates[g][g] = 1 / scales.highest(g);
      }
      Batch sample = Batch.nested(StartScan.SAMPLE_ROWS, seed, objective.numRows());
      LossRequest request = new LossRequest(candidates, sample, criterion.leaveOut(), Terms.VALUE);
      LossSums[] sums = objective.evaluate(request);
      passes += request.passes();
      double[] rises = new double[w.length];
      double value = criterion.value(sums[w.length], objective.numRows());
      for (int g = 0; g < w.length; g++) {
        double rise = criterion.value(sums[g], objective.numRows()) - value;
        rises[g] = scales.isConstant(g) ? Double.NaN : rise / criterion.scale(sums[w.length]);
      }
      return rises;
    }

    /** The feature that is missed least, if at all; negative for none. */
    private int leastRelevant() {
      int least = -1;
      for (int g = 0; g < losses.length; g++) {
        boolean candidate = !best.region.isOff(g) && losses[g] <= NOTHING; // not where NaN
        if (candidate && (least < 0 || losses[g] < losses[least])) {
          least = g;
        }
      }
      return least;
    }

    private Learned learned() {
      List<Learned.Relevance> relevance = new ArrayList<>();
      for (int g = 0; g < losses.length; g++) {
        relevance.add(new Learned.Relevance(losses[g], best.region.isOff(g)));
      }
      double[] end = best.region.inverseWidths();
      double[] learned = best.widthsOfSmallest == null ? end : best.widthsOfSmallest;
      LossSums last = Arrays.equals(learned, end) ? best.region.sums() : null;
      return new Learned(
          learned,
          best.iterations,
          passes,
          best.stop,
          Optional.ofNullable(last),
          Optional.empty(),
          relevance,
          notes,
          false);
    }
  }
}
