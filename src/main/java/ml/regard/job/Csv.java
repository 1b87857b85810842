package ml.regard.job;

import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** A table as text: a header, commas, and an empty cell for what is null or not a number. */
final class Csv {
  private Csv() {}

  static String of(List<String> header, List<? extends List<?>> rows) {
    return Stream.concat(Stream.of(header), rows.stream())
        .map(cells -> cells.stream().map(Csv::cell).collect(Collectors.joining(",")))
        .collect(Collectors.joining("\n", "", "\n"));
  }

  /** Columns of equal length. */
  static String of(List<String> header, double[]... columns) {
    return of(
        header,
        IntStream.range(0, columns[0].length)
            .mapToObj(i -> Arrays.stream(columns).map(column -> column[i]).toList())
            .toList());
  }

  private static String cell(Object value) {
    String text = value == null || value.equals(Double.NaN) ? "" : value.toString();
    boolean plain = text.chars().noneMatch(c -> c == ',' || c == '"' || c == '\n' || c == '\r');
    return plain ? text : '"' + text.replace("\"", "\"\"") + '"';
  }
}
