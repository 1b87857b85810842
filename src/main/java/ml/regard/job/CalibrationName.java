package ml.regard.job;

import java.util.Arrays;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** What a fit keeps of its errors; the texts are those of the Spark ML parameter. */
enum CalibrationName {
  LOO("loo"),
  CV_PLUS("cv+"),
  SPLIT("split"),
  NONE("none");

  private final String text;

  CalibrationName(String text) {
    this.text = text;
  }

  @Override
  public String toString() {
    return text;
  }

  /** Takes the texts, in any case, and not the names. */
  static final class Converter implements ITypeConverter<CalibrationName> {
    @Override
    public CalibrationName convert(String text) {
      return Arrays.stream(values())
          .filter(name -> name.text.equalsIgnoreCase(text))
          .findFirst()
          .orElseThrow(
              () ->
                  new TypeConversionException(
                      "expected one of %s but was '%s'"
                          .formatted(Arrays.toString(values()), text)));
    }
  }
}
