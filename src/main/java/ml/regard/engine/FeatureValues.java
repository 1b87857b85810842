package ml.regard.engine;

import java.io.Serializable;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import ml.regard.kernel.KeyBlock;
import ml.regard.kernel.Mergeable;
import ml.regard.lattice.LatticePlan;

/**
 * The values that each feature has, as long as they are at most {@value #MOST}; none of more than
 * {@link LatticePlan#MAX_FEATURES} features.
 */
final class FeatureValues implements Mergeable<FeatureValues>, Serializable {
  private static final long serialVersionUID = 1;
  private static final int MOST = 4096;

  /** By feature; empty once one of them has too many. */
  private final List<Set<Double>> found;

  private boolean many;

  FeatureValues(int dim) {
    many = dim > LatticePlan.MAX_FEATURES;
    found =
        IntStream.range(0, many ? 0 : dim)
            .<Set<Double>>mapToObj(f -> new HashSet<>())
            .collect(Collectors.toList());
  }

  FeatureValues add(KeyBlock block) {
    double[] site = new double[block.dim() + 3];
    for (int s = 0; !many && s < block.sites(); s++) {
      block.readSite(s, site);
      for (int f = 0; f < block.dim(); f++) {
        add(f, site[f]);
      }
    }
    return this;
  }

  private void add(int f, double value) {
    found.get(f).add(value);
    many |= found.get(f).size() > MOST;
  }

  @Override
  public FeatureValues merge(FeatureValues other) {
    many |= other.many;
    for (int f = 0; !many && f < found.size(); f++) {
      for (double value : other.found.get(f)) {
        add(f, value);
      }
    }
    return this;
  }

  /** By feature, all its values, ascending; empty if one has too many. */
  Optional<double[][]> values() {
    return many
        ? Optional.empty()
        : Optional.of(
            found.stream()
                .map(set -> set.stream().mapToDouble(Double::doubleValue).sorted().toArray())
                .toArray(double[][]::new));
  }
}
