package ml.regard.job;

import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The widths of many groups in few numbers. */
final class GroupWidthsSummary {
  private GroupWidthsSummary() {}

  /** The least, the median and the largest width of each feature, in its unit. */
  static Map<String, Map<String, Double>> of(List<String> names, Collection<double[]> widths) {
    Map<String, Map<String, Double>> all = new LinkedHashMap<>();
    for (int f = 0; f < names.size(); f++) {
      int feature = f;
      double[] sorted = widths.stream().mapToDouble(h -> h[feature]).sorted().toArray();
      Map<String, Double> of = new LinkedHashMap<>();
      of.put("least", sorted[0]);
      of.put("median", sorted[(sorted.length - 1) / 2]);
      of.put("largest", sorted[sorted.length - 1]);
      all.put(names.get(f), of);
    }
    return all;
  }
}
