package ml.regard.report;

import java.util.Locale;
import java.util.regex.Pattern;

/** The doors of the package: each says what was wrong, the limit and the value given. */
final class Check {
  private static final Pattern FILE_STEM = Pattern.compile("[a-z0-9]+(-[a-z0-9]+)*");

  private Check() {}

  static String fileStem(String name) {
    if (name == null || !FILE_STEM.matcher(name).matches()) {
      throw new IllegalArgumentException(
          "name must be lower-case letters and digits joined by hyphens, but was " + quoted(name));
    }
    return name;
  }

  /** A text with something to read in it, free of characters that XML forbids. */
  static String text(String what, String text) {
    if (text == null || text.isBlank()) {
      throw new IllegalArgumentException(what + " must not be blank, but was " + quoted(text));
    }
    return Html.legal(text);
  }

  static void sameLength(String what, double[] array, String otherWhat, double[] other) {
    if (array.length != other.length) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT,
              "%s must have the same length as %s, %d, but had %d",
              what,
              otherWhat,
              other.length,
              array.length));
    }
  }

  static double[] notEmpty(String what, double[] array) {
    if (array.length == 0) {
      throw new IllegalArgumentException(what + " must hold at least 1 number, but held 0");
    }
    return array;
  }

  static double[] finite(String what, double[] array) {
    for (int i = 0; i < array.length; i++) {
      if (!Double.isFinite(array[i])) {
        throw new IllegalArgumentException(
            what + " must be finite, but was " + array[i] + " at index " + i);
      }
    }
    return array;
  }

  private static String quoted(String text) {
    return text == null ? "null" : '"' + text + '"';
  }
}
