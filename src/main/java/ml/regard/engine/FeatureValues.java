package ml.regard.engine;

import java.util.Arrays;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import ml.regard.kernel.KeyBlock;
import org.apache.spark.api.java.JavaRDD;

/** The values of each feature, where they are at most {@value #MOST}. */
final class FeatureValues {
  private static final int MOST = 4096;

  private FeatureValues() {}

  /** By feature, all its values, ascending; empty if one has too many. One visit of all keys. */
  static Optional<double[][]> of(JavaRDD<KeyBlock> blocks, int dim) {
    List<double[][]> parts =
        blocks.mapPartitions(some -> List.<double[][]>of(values(some, dim)).iterator()).collect();
    double[][] all = new double[dim][];
    for (int f = 0; f < dim; f++) {
      int feature = f;
      boolean few = parts.stream().allMatch(part -> part[feature] != null);
      all[f] =
          few
              ? parts.stream()
                  .flatMapToDouble(p -> Arrays.stream(p[feature]))
                  .distinct()
                  .sorted()
                  .toArray()
              : null;
    }
    boolean few = Arrays.stream(all).allMatch(values -> values != null && values.length <= MOST);
    return few ? Optional.of(all) : Optional.empty();
  }

  /** By feature, the values in some blocks; null if there are too many. */
  private static double[][] values(Iterator<KeyBlock> blocks, int dim) {
    List<Set<Double>> found =
        java.util.stream.IntStream.range(0, dim)
            .<Set<Double>>mapToObj(f -> new HashSet<>())
            .toList();
    boolean[] many = new boolean[dim];
    double[] site = new double[dim + 3];
    while (blocks.hasNext()) {
      KeyBlock block = blocks.next();
      for (int s = 0; s < block.sites(); s++) {
        block.readSite(s, site);
        for (int f = 0; f < dim; f++) {
          if (!many[f]) {
            found.get(f).add(site[f]);
            many[f] = found.get(f).size() > MOST;
          }
        }
      }
    }
    double[][] values = new double[dim][];
    for (int f = 0; f < dim; f++) {
      values[f] = many[f] ? null : found.get(f).stream().mapToDouble(Double::doubleValue).toArray();
    }
    return values;
  }
}
