package ml.regard.report

import java.nio.charset.StandardCharsets.UTF_8
import java.util.{Base64, List => JList}

import org.scalatest.funsuite.AnyFunSuite

import ml.regard.report.Drawings._

class ReportPageSuite extends AnyFunSuite {

  private def page: ReportPage =
    ReportPage
      .of("Widths < 1 & \"more\"")
      .lead("A lead.")
      .numbers(JList.of(new ReportPage.KeyNumber("0.31", "mse", "on <test>")))
      .section("First & last")
      .paragraph("if a < b && c > d")
      .figure(loss(3, 2, 1), "The loss.")
      .section("Second")
      .figures(
        new ReportPage.Captioned(prediction(), "Left."),
        new ReportPage.Captioned(attention, "Right.")
      )
      .table(
        "Widths",
        JList.of("feature", "width"),
        JList.of(JList.of("minute", "12.5"), JList.of("distance", "missing"))
      )
      .preformatted("a  <b>\n  c")
      .footer("0.1.0", "abc1234", "2026-01-02T03:04:05Z")

  private def decoded(uri: String): String =
    new String(Base64.getDecoder.decode(uri.stripPrefix("data:image/svg+xml;base64,")), UTF_8)

  test("the page is well-formed, says its language and fits a phone") {
    val document = parse(page.html)
    assert(document.getDocumentElement.getAttribute("lang") == "en")
    assert(elements(document, "meta").exists { meta =>
      meta.getAttribute("name") == "viewport" && meta
        .getAttribute("content")
        .startsWith("width=device")
    })
    assert(page.html.startsWith("<!DOCTYPE html>"))
  }

  test("headings, paragraphs, tiles, tables and blocks are there in order, escaped") {
    val document = parse(page.html)
    def read(name: String): Seq[String] = elements(document, name).map(_.getTextContent)
    assert(read("h1") == Seq("Widths < 1 & \"more\""))
    assert(read("h2") == Seq("First & last", "Second"))
    assert(read("p").contains("if a < b && c > d"))
    assert(read("dt") == Seq("mse") && read("dd") == Seq("0.31on <test>"))
    assert(read("td") == Seq("minute", "12.5", "distance", "missing"))
    assert(read("pre") == Seq("a  <b>\n  c"))
    assert(read("footer").head.contains("abc1234"))
    assert(elements(document, "section").size == 2)
    assert(!page.html.contains("<b>\n"))
  }

  test("every figure is embedded for both themes, with its description as alternative text") {
    val document = parse(page.html)
    val figures = Seq[Figure](loss(3, 2, 1), prediction(), attention)
    val images = elements(document, "img")
    assert(images.map(_.getAttribute("alt")) == figures.map(_.description))
    assert(images.map(i => decoded(i.getAttribute("src"))) == figures.map(_.svg(Theme.LIGHT)))
    val dark = elements(document, "source")
    assert(dark.forall(_.getAttribute("media") == "(prefers-color-scheme: dark)"))
    assert(dark.map(s => decoded(s.getAttribute("srcset"))) == figures.map(_.svg(Theme.DARK)))
    val captions = elements(document, "figcaption").map(_.getTextContent)
    assert(captions == Seq("Figure 1. The loss.", "Figure 2. Left.", "Figure 3. Right."))
  }

  test("nothing is loaded from anywhere") {
    val html = page.html
    assert(!html.contains("://"))
    assert(!html.contains("@import") && !html.contains("url("))
    assert(elements(parse(html), "script").isEmpty && elements(parse(html), "link").isEmpty)
    val references = "(?:src|srcset|href)=\"([^\"]*)\"".r.findAllMatchIn(html).map(_.group(1)).toSeq
    assert(references.size == 6)
    assert(references.forall(_.startsWith("data:")))
  }

  test("the style is the resource, and answers to the reader's colour scheme and to print") {
    val style = elements(parse(page.html), "style").head.getTextContent
    assert(style.contains("prefers-color-scheme: dark") && style.contains("@media print"))
  }

  test("columns of numbers are aligned right, columns of words are not") {
    val header = elements(parse(page.html), "th")
    assert(header.map(_.getAttribute("class")) == Seq("", "number"))
    val mixed = ReportPage
      .of("t")
      .table(
        "c",
        JList.of("a", "b"),
        JList.of(JList.of("1", "1 s"), JList.of("x1", "\u22122.5e\u22123"))
      )
    assert(elements(parse(mixed.html), "th").map(_.getAttribute("class")) == Seq("", "number"))
  }

  test("html may be asked for twice, and is the same") {
    val once = page
    assert(once.html == once.html)
    assert(once.html == page.html)
  }

  test("the words of the style can be read on its backgrounds: WCAG AA") {
    val style = elements(parse(page.html), "style").head.getTextContent
    val schemes = style.split("prefers-color-scheme: dark", 2).map { part =>
      "--([a-z]+): #([0-9a-f]{6});".r
        .findAllMatchIn(part)
        .map(m => m.group(1) -> new java.awt.Color(Integer.parseInt(m.group(2), 16)))
        .toMap
    }
    assert(schemes.length == 2)
    for (colors <- schemes; text <- Seq("ink", "muted"); back <- Seq("page", "card"))
      assert(contrast(colors(text), colors(back)) >= 4.5, s"$text on $back")
    for ((colors, theme) <- schemes.zip(Theme.values))
      assert(colors("card") == theme.paper, "the cards and the figures have one background")
  }

  test("doors of the page") {
    val uneven = intercept[IllegalArgumentException] {
      page.table("c", JList.of("a", "b"), JList.of(JList.of("1")))
    }
    assert(
      uneven.getMessage == "every row must have 2 cells like the header, but row 0 had 1"
    )
    val blank = intercept[IllegalArgumentException](ReportPage.of(""))
    assert(blank.getMessage == "title must not be blank, but was \"\"")
  }
}
