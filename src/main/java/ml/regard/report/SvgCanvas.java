package ml.regard.report;

import java.awt.Dimension;
import java.awt.Font;
import java.awt.geom.Rectangle2D;
import java.awt.image.BufferedImage;
import java.io.StringWriter;
import java.util.Base64;
import java.util.Locale;
import javax.xml.XMLConstants;
import javax.xml.parsers.DocumentBuilderFactory;
import javax.xml.parsers.ParserConfigurationException;
import javax.xml.transform.OutputKeys;
import javax.xml.transform.Transformer;
import javax.xml.transform.TransformerException;
import javax.xml.transform.TransformerFactory;
import javax.xml.transform.dom.DOMSource;
import javax.xml.transform.stream.StreamResult;
import org.apache.batik.svggen.DOMGroupManager;
import org.apache.batik.svggen.SVGGeneratorContext;
import org.apache.batik.svggen.SVGGraphics2D;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;

/**
 * A canvas that becomes an SVG document.
 *
 * <p>Positions come from the fonts of this machine, while the reader's browser draws with its own.
 * Text is therefore anchored where the eye compares it: titles and legends at their left end, ticks
 * and axis labels at their middle, so that a wider or narrower font does not shift it.
 */
final class SvgCanvas extends SVGGraphics2D {
  private static final String SVG = "http://www.w3.org/2000/svg";
  private static final String XLINK = "http://www.w3.org/1999/xlink";
  private static final String FONTS =
      "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif";
  private static final int DECIMALS = 2;

  private final Dimension size;
  private final Font axisFont;

  SvgCanvas(int width, int height, Theme theme) {
    super(context(), false);
    size = new Dimension(width, height);
    axisFont = theme.axisFont();
    setSVGCanvasSize(size);
  }

  private static SVGGeneratorContext context() {
    try {
      Document empty =
          DocumentBuilderFactory.newDefaultNSInstance()
              .newDocumentBuilder()
              .getDOMImplementation()
              .createDocument(SVG, "svg", null);
      SVGGeneratorContext context = SVGGeneratorContext.createDefault(empty);
      context.setPrecision(DECIMALS);
      context.setComment(null);
      return context;
    } catch (ParserConfigurationException e) {
      throw new IllegalStateException("this JVM has no XML document builder", e);
    }
  }

  @Override
  public void drawString(String text, float x, float y) {
    Font font = getFont();
    boolean middle = font.equals(axisFont);
    double half = getFontMetrics(font).getStringBounds(text, this).getWidth() / 2;
    Element element = getDOMFactory().createElementNS(SVG, "text");
    element.setAttributeNS(null, "x", decimal(middle ? x + half : x));
    element.setAttributeNS(null, "y", decimal(y));
    element.setAttributeNS(null, "text-anchor", middle ? "middle" : "start");
    element.setAttributeNS(null, "stroke", "none");
    element.setTextContent(text);
    domGroupManager.addElement(element, DOMGroupManager.FILL);
  }

  /** Places an image with hard pixel edges, however far it is enlarged. */
  void drawPixels(BufferedImage image, Rectangle2D place) {
    Element element = getDOMFactory().createElementNS(SVG, "image");
    element.setAttributeNS(null, "x", decimal(place.getX()));
    element.setAttributeNS(null, "y", decimal(place.getY()));
    element.setAttributeNS(null, "width", decimal(place.getWidth()));
    element.setAttributeNS(null, "height", decimal(place.getHeight()));
    element.setAttributeNS(null, "preserveAspectRatio", "none");
    element.setAttributeNS(
        null, "style", "image-rendering:optimizeSpeed;image-rendering:pixelated");
    element.setAttributeNS(
        XLINK,
        "xlink:href",
        "data:image/png;base64," + Base64.getEncoder().encodeToString(Figure.pngBytes(image)));
    domGroupManager.addElement(element);
  }

  /** The document drawn so far. Call it once: it takes the drawing with it. */
  String document(String title, String description) {
    Element root = getRoot();
    root.setAttributeNS(null, "viewBox", "0 0 " + size.width + " " + size.height);
    root.setAttributeNS(null, "role", "img");
    NodeList parts = root.getElementsByTagNameNS(SVG, "*");
    for (int i = 0; i < parts.getLength(); i++) {
      ((Element) parts.item(i)).removeAttributeNS(null, "font-family");
    }
    root.setAttributeNS(null, "font-family", FONTS);
    root.setAttributeNS(XMLConstants.XMLNS_ATTRIBUTE_NS_URI, "xmlns:xlink", XLINK);
    root.insertBefore(textElement("desc", description), root.getFirstChild());
    root.insertBefore(textElement("title", title), root.getFirstChild());
    StringWriter out = new StringWriter();
    try {
      Transformer plain = TransformerFactory.newDefaultInstance().newTransformer();
      plain.setOutputProperty(OutputKeys.OMIT_XML_DECLARATION, "yes");
      plain.transform(new DOMSource(root), new StreamResult(out));
    } catch (TransformerException e) {
      throw new IllegalStateException("the drawing could not be written as XML", e);
    }
    return out.append('\n').toString();
  }

  private Element textElement(String name, String text) {
    Element element = getDOMFactory().createElementNS(SVG, name);
    element.setTextContent(text);
    return element;
  }

  private static String decimal(double value) {
    String text = String.format(Locale.ROOT, "%." + DECIMALS + "f", value);
    return text.replaceAll("\\.?0+$", "");
  }
}
