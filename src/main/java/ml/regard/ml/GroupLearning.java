package ml.regard.ml;

import java.io.Serializable;
import java.util.Arrays;
import java.util.Comparator;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import ml.regard.engine.LocalObjective;
import ml.regard.engine.MemoryStore;
import ml.regard.engine.Widths;
import ml.regard.kernel.AttentionMask;
import ml.regard.kernel.LossSums;
import ml.regard.kernel.PackedKeys;
import ml.regard.optim.FeatureScales;
import ml.regard.optim.Learned;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;

/**
 * Widths of each group, learned from its own rows as a fit of these alone would: with all keys
 * broadcast, one job learns for all groups. A task takes many groups, and a group is one task's, so
 * the largest group bounds the time. A group without two rows that may attend to each other keeps
 * the rule of thumb, which changes none of its predictions.
 *
 * @param widths by group
 * @param loss over the rows of all groups, each at the widths of its group
 */
record GroupLearning(Widths widths, FinalLoss loss) {
  private static final int TASKS_PER_CORE = 8;

  /** What a task finds out about a group. */
  private static final class Found implements Serializable {
    private static final long serialVersionUID = 1;

    private int group;
    private double[] inverseWidths;
    private LossSums row;
    private LossSums ties;
    private long tiedRows;
    private long identicalRows;
    private double pairs; // formed while it learned
  }

  /**
   * Learns.
   *
   * @param all the keys of a model
   * @param learned those of them to learn from; groups may lack there
   */
  static GroupLearning run(
      JavaSparkContext spark, PackedKeys all, PackedKeys learned, KernelRegressionParams params) {
    AttentionMask mask = learned.mask();
    int tasks = Math.min(mask.numGroups(), TASKS_PER_CORE * spark.defaultParallelism());
    WidthLearning learning = new WidthLearning(params);
    Broadcast<PackedKeys> shared = spark.broadcast(learned);
    List<Found> found;
    try {
      found =
          spark
              .parallelize(IntStream.range(0, tasks).boxed().toList(), tasks)
              .flatMap(task -> learn(shared.value(), task, tasks, learning, params))
              .collect()
              .stream()
              .sorted(Comparator.comparingInt(group -> group.group))
              .toList();
    } finally {
      shared.destroy();
    }
    double[][] widths = new double[all.mask().numGroups()][];
    for (Found group : found) {
      widths[all.mask().indexOf(mask.group(group.group))] = group.inverseWidths;
    }
    for (int g = 0; g < widths.length; g++) { // a group of which nothing was to be learned from
      widths[g] = widths[g] == null ? ruleOfThumb(all.group(g), params) : widths[g];
    }
    double pairs = found.stream().mapToDouble(group -> group.pairs).sum() / mask.numPairs();
    return new GroupLearning(Widths.ofGroups(widths), loss(found, pairs));
  }

  /** Large groups first, dealt out one by one. */
  private static Iterator<Found> learn(
      PackedKeys keys, int task, int tasks, WidthLearning learning, KernelRegressionParams params) {
    AttentionMask mask = keys.mask();
    int[] bySize =
        IntStream.range(0, mask.numGroups())
            .boxed()
            .sorted(Comparator.comparingInt(g -> mask.groupFirst(g) - mask.groupEnd(g)))
            .mapToInt(g -> g)
            .toArray();
    return IntStream.range(0, bySize.length)
        .filter(i -> i % tasks == task)
        .mapToObj(i -> learn(keys, bySize[i], learning, params))
        .iterator();
  }

  private static Found learn(
      PackedKeys all, int g, WidthLearning learning, KernelRegressionParams params) {
    PackedKeys keys = all.group(g);
    LocalObjective objective = new LocalObjective(keys, params.getAnswerTolerance());
    FeatureScales scales = scales(keys, params);
    Learned learned =
        keys.mask().hasPairs() || !learning.learns()
            ? learning.learn(objective, Optional.empty(), scales, keys.dim(), (s, most, l) -> {})
            : Learned.kept(ruleOfThumb(keys, params), "the group has no two rows");
    FinalLoss loss =
        FinalLoss.of(
            learned,
            objective,
            learning.measured(learned, objective),
            params,
            new MemoryStore(keys));
    double shift = all.valueCentre() - keys.valueCentre();
    Found found = new Found();
    found.group = g;
    found.inverseWidths = learned.inverseWidths();
    found.row = loss.row().scalars(shift);
    found.ties = loss.ties().map(ties -> ties.scalars(shift)).orElse(loss.row().scalars(shift));
    found.tiedRows = loss.tiedRows();
    found.identicalRows = loss.identicalRows();
    found.pairs = (learned.passes() + loss.passes()) * keys.mask().numPairs();
    return found;
  }

  private static FeatureScales scales(PackedKeys keys, KernelRegressionParams params) {
    return FeatureScales.of(keys, keys.numKeys(), !params.getPerFeatureWidth());
  }

  private static double[] ruleOfThumb(PackedKeys keys, KernelRegressionParams params) {
    return Arrays.stream(scales(keys, params).ruleOfThumb()).map(h -> 1 / h).toArray();
  }

  private static FinalLoss loss(List<Found> found, double passes) {
    long tied = found.stream().mapToLong(group -> group.tiedRows).sum();
    long identical = found.stream().mapToLong(group -> group.identicalRows).sum();
    LossSums row = found.stream().map(group -> group.row).reduce(LossSums::merge).orElseThrow();
    LossSums ties = found.stream().map(group -> group.ties).reduce(LossSums::merge).orElseThrow();
    return new FinalLoss(
        row,
        tied > 0 ? Optional.of(ties) : Optional.empty(),
        tied,
        identical,
        passes,
        "each of %d groups has its own widths, after %.3g passes".formatted(found.size(), passes));
  }
}
