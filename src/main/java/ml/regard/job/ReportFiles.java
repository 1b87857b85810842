package ml.regard.job;

import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Locale;
import ml.regard.Build;
import ml.regard.io.OutputFolder;
import ml.regard.report.Figure;
import ml.regard.report.ReportPage;
import ml.regard.report.Theme;

/** A report as files: the page, and each figure by itself as SVG and PNG. */
final class ReportFiles {
  private ReportFiles() {}

  /**
   * Writes page and figures.
   *
   * @throws IllegalStateException if this machine has no font to draw with
   */
  static void write(ReportPage page, List<Figure> figures, OutputFolder folder) {
    String time = Instant.now().truncatedTo(ChronoUnit.SECONDS).toString();
    try {
      folder.write("report.html", page.footer(Build.version(), Build.commit(), time).html());
      for (Figure figure : figures) {
        folder.write(figure.name() + ".svg", figure.svg(Theme.LIGHT));
        folder.write(figure.name() + ".png", figure.png(Theme.LIGHT));
      }
    } catch (LinkageError | InternalError e) { // what AWT throws without fonts
      throw new IllegalStateException(
          "figures cannot be drawn without a font: install fontconfig and one, such as DejaVu", e);
    }
  }

  /** A number to six significant digits, as a reader wants it. */
  static String number(double value) {
    return String.format(Locale.ROOT, "%.6g", value)
        .replaceAll("(\\.\\d*?)0+(e|$)", "$1$2")
        .replaceAll("\\.(e|$)", "$1");
  }
}
