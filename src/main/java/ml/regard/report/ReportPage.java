package ml.regard.report;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.IntStream;

/**
 * One HTML page that holds everything it shows: no script, nothing loaded from anywhere.
 *
 * <p>Blocks appear in the order of the calls; {@link #section} starts a section, and blocks before
 * the first one belong to the introduction. Every text is plain text and is escaped. Figures are
 * numbered through the page and embedded as SVG for both themes; the reader's browser chooses. The
 * page reads from 360 px width to print, and is well-formed XML as well as HTML.
 *
 * <p>A page is built by one thread, in one pass:
 *
 * <pre>{@code
 * String html =
 *     ReportPage.of("Attention pooling")
 *         .lead("What the width of the attention does to a prediction.")
 *         .numbers(List.of(new ReportPage.KeyNumber("0.31", "mean squared error", "trained")))
 *         .section("Learning the width")
 *         .paragraph("...")
 *         .figures(new ReportPage.Captioned(before, "..."), new ReportPage.Captioned(after, "..."))
 *         .footer("0.1.0", "d538236", "2026-11-23T00:00:00Z")
 *         .html();
 * }</pre>
 */
public final class ReportPage {
  private static final String STYLE = "report.css";

  /** Digits with the signs, units of scale and words that stand in a column of numbers. */
  private static final Pattern NUMBER =
      Pattern.compile("[-+\u2212\u00b1]?[0-9][0-9.,e\u2212+-]*( ?[%\u00d7a-zA-Z\u00b5]{1,3})?");

  private static final Pattern NO_NUMBER = Pattern.compile("|-|\u2013|\u2014|null|NaN|missing");

  private final String title;
  private final StringBuilder body = new StringBuilder();
  private String lead = "";
  private String footer = "";
  private boolean inSection;
  private int figures;

  private ReportPage(String title) {
    this.title = Check.text("title", title);
  }

  /**
   * One tile: a number in large type.
   *
   * @param value the number as it shall be read, such as {@code 0.3127}
   * @param label what it is
   * @param note a few words more, or an empty text
   */
  public record KeyNumber(String value, String label, String note) {}

  /**
   * A figure with the words under it.
   *
   * @param figure the figure
   * @param caption what to see in it; plain text
   */
  public record Captioned(Figure figure, String caption) {}

  /** An empty page with this title. */
  public static ReportPage of(String title) {
    return new ReportPage(title);
  }

  /** The paragraph under the title that says what the page is. */
  public ReportPage lead(String text) {
    lead = text;
    return this;
  }

  /** Starts a section. */
  public ReportPage section(String heading) {
    closeSection();
    body.append("<section>\n<h2>").append(Html.escape(heading)).append("</h2>\n");
    inSection = true;
    return this;
  }

  /** A paragraph. */
  public ReportPage paragraph(String text) {
    body.append("<p>").append(Html.escape(text)).append("</p>\n");
    return this;
  }

  /** Tiles side by side, wrapping as the page gets narrow. */
  public ReportPage numbers(List<KeyNumber> numbers) {
    body.append("<dl class=\"numbers\">\n");
    for (KeyNumber number : numbers) {
      body.append("<div><dt>").append(Html.escape(number.label())).append("</dt><dd>");
      body.append(Html.escape(number.value()));
      if (!number.note().isBlank()) {
        body.append("<small>").append(Html.escape(number.note())).append("</small>");
      }
      body.append("</dd></div>\n");
    }
    body.append("</dl>\n");
    return this;
  }

  /**
   * A table that scrolls in its own box when the page is narrower. A column of numbers is aligned
   * right.
   *
   * @param caption what the table holds
   * @param rows each as long as {@code header}
   * @throws IllegalArgumentException when a row is longer or shorter than the header
   */
  public ReportPage table(String caption, List<String> header, List<List<String>> rows) {
    for (int i = 0; i < rows.size(); i++) {
      if (rows.get(i).size() != header.size()) {
        throw new IllegalArgumentException(
            "every row must have "
                + header.size()
                + " cells like the header, but row "
                + i
                + " had "
                + rows.get(i).size());
      }
    }
    boolean[] right = new boolean[header.size()];
    IntStream.range(0, right.length).forEach(c -> right[c] = isNumeric(rows, c));
    String name = Html.escape(caption);
    body.append("<p class=\"caption\">").append(name).append("</p>\n");
    body.append("<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-label=\"");
    body.append(name).append("\">\n<table>\n");
    body.append("<thead>").append(row("th scope=\"col\"", header, right)).append("</thead>\n");
    body.append("<tbody>\n");
    rows.forEach(cells -> body.append(row("td", cells, right)).append('\n'));
    body.append("</tbody>\n</table>\n</div>\n");
    return this;
  }

  private static String row(String tag, List<String> cells, boolean[] right) {
    StringBuilder out = new StringBuilder("<tr>");
    for (int c = 0; c < right.length; c++) {
      out.append('<').append(tag).append(right[c] ? " class=\"number\">" : ">");
      out.append(Html.escape(cells.get(c))).append("</").append(tag, 0, 2).append('>');
    }
    return out.append("</tr>").toString();
  }

  private static boolean isNumeric(List<List<String>> rows, int column) {
    List<String> cells = rows.stream().map(cellsOfRow -> cellsOfRow.get(column)).toList();
    return cells.stream().anyMatch(cell -> NUMBER.matcher(cell).matches())
        && cells.stream()
            .allMatch(cell -> NUMBER.matcher(cell).matches() || NO_NUMBER.matcher(cell).matches());
  }

  /** One figure across the text. */
  public ReportPage figure(Figure figure, String caption) {
    append(new Captioned(figure, caption));
    return this;
  }

  /** Figures in two columns on a wide page, in one on a narrow page. */
  public ReportPage figures(Captioned... captioned) {
    body.append("<div class=\"pair\">\n");
    for (Captioned one : captioned) {
      append(one);
    }
    body.append("</div>\n");
    return this;
  }

  private void append(Captioned one) {
    Figure figure = one.figure();
    figures++;
    body.append("<figure id=\"").append(figure.name()).append("\">\n<picture>");
    body.append("<source media=\"(prefers-color-scheme: dark)\" srcset=\"");
    body.append(dataUri(figure.svg(Theme.DARK))).append("\"/>");
    body.append("<img src=\"").append(dataUri(figure.svg(Theme.LIGHT)));
    body.append("\" width=\"").append(figure.width());
    body.append("\" height=\"").append(figure.height());
    body.append("\" alt=\"").append(Html.escape(figure.description())).append("\"/></picture>\n");
    body.append("<figcaption><b>Figure ").append(figures).append(".</b> ");
    body.append(Html.escape(one.caption())).append("</figcaption>\n</figure>\n");
  }

  private static String dataUri(String svg) {
    byte[] bytes = svg.getBytes(StandardCharsets.UTF_8);
    return "data:image/svg+xml;base64," + Base64.getEncoder().encodeToString(bytes);
  }

  /** A block whose spaces and line ends stay, such as a configuration. */
  public ReportPage preformatted(String text) {
    body.append("<pre tabindex=\"0\">").append(Html.escape(text)).append("</pre>\n");
    return this;
  }

  /** The last line of the page: what made it, and when. The time is shown as given. */
  public ReportPage footer(String version, String commit, String time) {
    footer =
        "<footer><span>Regard "
            + Html.escape(version)
            + "</span> <span>commit <code>"
            + Html.escape(commit)
            + "</code></span> <span>"
            + Html.escape(time)
            + "</span></footer>\n";
    return this;
  }

  /** The page, to be written as UTF-8. */
  public String html() {
    closeSection();
    StringBuilder page = new StringBuilder(body.length() + 8192);
    page.append("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n");
    page.append("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n");
    page.append("<meta name=\"color-scheme\" content=\"light dark\"/>\n");
    page.append("<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; ");
    page.append("img-src data:; style-src 'unsafe-inline'\"/>\n");
    page.append("<title>").append(Html.escape(title)).append("</title>\n");
    page.append("<style>\n").append(style()).append("</style>\n</head>\n<body>\n<main>\n");
    page.append("<header>\n<h1>").append(Html.escape(title)).append("</h1>\n");
    if (!lead.isBlank()) {
      page.append("<p class=\"lead\">").append(Html.escape(lead)).append("</p>\n");
    }
    page.append("</header>\n").append(body).append("</main>\n").append(footer);
    return page.append("</body>\n</html>\n").toString();
  }

  private void closeSection() {
    body.append(inSection ? "</section>\n" : "");
    inSection = false;
  }

  private static String style() {
    try (InputStream in = ReportPage.class.getResourceAsStream(STYLE)) {
      if (in == null) {
        throw new IllegalStateException(STYLE + " is missing beside " + ReportPage.class);
      }
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
