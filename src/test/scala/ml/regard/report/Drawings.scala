package ml.regard.report

import java.awt.Color
import java.awt.geom.Rectangle2D
import java.awt.image.BufferedImage
import java.io.{ByteArrayInputStream, StringReader}
import javax.imageio.ImageIO
import javax.xml.parsers.DocumentBuilderFactory

import org.w3c.dom.{Document, Element}
import org.xml.sax.InputSource

/** Small data, and ways to read a drawing back. */
object Drawings {
  val queries: Array[Double] = Array.tabulate(21)(_ * 0.25)
  val truth: Array[Double] = queries.map(x => 2 * math.sin(x) + math.pow(x, 0.8))
  val keyX: Array[Double] = Array(0.3, 0.9, 1.1, 2.2, 2.9, 3.6, 4.4)
  val keyY: Array[Double] = Array(0.9, 2.4, 2.9, 3.4, 2.8, 1.9, 1.2)

  /** Diagonal but for query 0, which looks at key 2. */
  val weights: Array[Array[Double]] =
    Array(Array(0.0, 0.25, 0.75), Array(0.0, 1.0, 0.0), Array(0.0, 0.0, 1.0), Array(1.0, 0.0, 0.0))

  def prediction(values: Array[Double] = truth.map(_ * 0.8)): PredictionFigure =
    PredictionFigure.of("prediction", "A title", "x", "y", queries, truth, values, keyX, keyY)

  def attention: AttentionFigure =
    AttentionFigure.of("attention", "Who looks at whom", weights, "keys", "queries")

  def loss(losses: Double*): LossFigure =
    LossFigure.of("loss", "Loss by epoch", losses.toArray, "squared error")

  def parse(xml: String): Document =
    DocumentBuilderFactory
      .newDefaultNSInstance()
      .newDocumentBuilder()
      .parse(new InputSource(new StringReader(xml)))

  def elements(document: Document, name: String): Seq[Element] = {
    val found = document.getElementsByTagNameNS("*", name)
    (0 until found.getLength).map(found.item(_).asInstanceOf[Element])
  }

  def texts(figure: Figure): Seq[String] =
    elements(parse(figure.svg(Theme.LIGHT)), "text").map(_.getTextContent)

  def raster(figure: Figure, theme: Theme): BufferedImage =
    ImageIO.read(new ByteArrayInputStream(figure.png(theme)))

  /** The rectangle inside the axes, in pixels of the PNG. */
  def inside(figure: Figure, theme: Theme): Rectangle2D = {
    val canvas = new BufferedImage(figure.width, figure.height, BufferedImage.TYPE_INT_RGB)
    val r = figure.draw(canvas.createGraphics(), theme)
    val scale = Figure.PNG_SCALE.toDouble
    new Rectangle2D.Double(
      r.getX * scale,
      r.getY * scale,
      r.getWidth * scale,
      r.getHeight * scale
    )
  }

  def contrast(a: Color, b: Color): Double = {
    val Seq(low, high) = Seq(luminance(a), luminance(b)).sorted
    (high + 0.05) / (low + 0.05)
  }

  /** Relative luminance of WCAG 2.1. */
  def luminance(color: Color): Double = {
    val linear = Seq(color.getRed, color.getGreen, color.getBlue)
      .map(_ / 255.0)
      .map(c => if (c <= 0.04045) c / 12.92 else math.pow((c + 0.055) / 1.055, 2.4))
    0.2126 * linear(0) + 0.7152 * linear(1) + 0.0722 * linear(2)
  }
}
