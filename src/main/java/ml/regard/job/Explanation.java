package ml.regard.job;

import static ml.regard.job.ReportFiles.number;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Why one query has its prediction.
 *
 * @param row its number in the table, from 1
 * @param features their names
 * @param query the features, null for one that cannot be used
 * @param prediction NaN where the row cannot be scored
 * @param keys those of largest weight, largest first; none where the row cannot be scored
 */
record Explanation(
    long row, List<String> features, List<Double> query, double prediction, List<Key> keys) {

  /** A key, and how much of the prediction it carries. */
  record Key(String id, long position, double weight, List<Double> features, double value) {}

  /** The same with fewer keys. */
  Explanation top(int count) {
    List<Key> first = keys.subList(0, Math.min(count, keys.size()));
    return new Explanation(row, features, query, prediction, first);
  }

  /** "minute = 612, distance = 337". */
  String asked() {
    List<String> parts = new ArrayList<>();
    for (int f = 0; f < features.size(); f++) {
      Double value = query.get(f);
      parts.add(features.get(f) + " = " + (value == null ? "null" : number(value)));
    }
    return String.join(", ", parts);
  }

  /** What the keys carry together. */
  double share() {
    return keys.stream().mapToDouble(Key::weight).sum();
  }

  /** The answer in one sentence. */
  String answer() {
    if (keys.isEmpty()) {
      return "The row cannot be scored.";
    }
    return "The prediction is %s; %s of the attention."
        .formatted(
            number(prediction),
            keys.size() == 1
                ? "one training row carries " + percent(share())
                : "these %d training rows carry %s".formatted(keys.size(), percent(share())));
  }

  private boolean named() {
    return keys.stream().anyMatch(key -> key.id() != null);
  }

  List<String> header() {
    return Stream.of(
            Stream.of(named() ? "id" : "position", "weight"), features.stream(), Stream.of("value"))
        .flatMap(cells -> cells)
        .toList();
  }

  List<List<String>> table() {
    return keys.stream()
        .map(
            key ->
                Stream.of(
                        Stream.of(name(key), percent(key.weight())),
                        key.features().stream().map(ReportFiles::number),
                        Stream.of(number(key.value())))
                    .flatMap(cells -> cells)
                    .toList())
        .toList();
  }

  /** What the user calls a key, or its position where no key has a name. */
  String name(Key key) {
    return named() ? String.valueOf(key.id()) : Long.toString(key.position());
  }

  private static String percent(double share) {
    return String.format(Locale.ROOT, "%.1f %%", 100 * share);
  }

  /** The whole as lines for a terminal. */
  String text() {
    StringBuilder text = new StringBuilder("row %d: %s%n".formatted(row, asked()));
    text.append("  ").append(answer()).append(System.lineSeparator());
    List<List<String>> lines = new ArrayList<>();
    if (!keys.isEmpty()) {
      lines.add(header());
      lines.addAll(table());
    }
    int[] widths =
        IntStream.range(0, header().size())
            .map(c -> lines.stream().mapToInt(line -> line.get(c).length()).max().orElse(0))
            .toArray();
    for (List<String> line : lines) {
      for (int c = 0; c < widths.length; c++) {
        text.append("  ").append(" ".repeat(widths[c] - line.get(c).length())).append(line.get(c));
      }
      text.append(System.lineSeparator());
    }
    return text.toString();
  }

  /** The same for programs. */
  Map<String, Object> json() {
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("row", row);
    json.put("query", byName(query));
    json.put("prediction", prediction);
    json.put("share", share());
    json.put(
        "keys",
        keys.stream()
            .map(
                key -> {
                  Map<String, Object> fields = new LinkedHashMap<>();
                  fields.put("id", key.id());
                  fields.put("position", key.position());
                  fields.put("weight", key.weight());
                  fields.put("key", byName(key.features()));
                  fields.put("value", key.value());
                  return fields;
                })
            .toList());
    return json;
  }

  private Map<String, Double> byName(List<Double> values) {
    Map<String, Double> named = new LinkedHashMap<>();
    for (int f = 0; f < features.size(); f++) {
      named.put(features.get(f), values.get(f));
    }
    return named;
  }
}
