package ml.regard.job;

import java.util.Arrays;
import picocli.CommandLine.ITypeConverter;

/** Numbers as one value, so that an option given twice counts once: the last one wins. */
record NumberList(double[] values) {
  @Override
  public String toString() {
    return Arrays.toString(values);
  }

  /** Of numbers between commas. */
  static final class Converter implements ITypeConverter<NumberList> {
    @Override
    public NumberList convert(String text) {
      return new NumberList(
          Arrays.stream(text.split(",", -1)).mapToDouble(Double::parseDouble).toArray());
    }
  }
}
