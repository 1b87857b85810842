package ml.regard.job;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import ml.regard.io.OutputFolder;
import ml.regard.report.Figure;
import ml.regard.report.ReportPage;
import ml.regard.report.ReportPage.Captioned;

/** A report while it is made: its page, and what is to lie beside it. */
final class ReportDraft {
  private final ReportPage page;
  private final List<Figure> figures = new ArrayList<>();
  private final Map<String, String> tables = new LinkedHashMap<>();

  ReportDraft(ReportPage page) {
    this.page = page;
  }

  ReportPage page() {
    return page;
  }

  /** A figure to put on the page; it becomes files of its own too. */
  Captioned captioned(Figure figure, String caption) {
    figures.add(figure);
    return new Captioned(figure, caption);
  }

  /** Puts a figure across the page. */
  void figure(Figure figure, String caption) {
    figures.add(figure);
    page.figure(figure, caption);
  }

  /** What a figure or a table of the page shows, as a file. */
  void table(String name, String csv) {
    tables.put(name + ".csv", csv);
  }

  void write(OutputFolder folder) {
    ReportFiles.write(page, figures, folder);
    tables.forEach(folder::write);
  }
}
