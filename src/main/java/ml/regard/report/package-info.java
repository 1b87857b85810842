/**
 * Figures and the report page: arrays in, text and bytes out.
 *
 * <p>A {@link ml.regard.report.Figure} draws itself as SVG or as PNG in either {@link
 * ml.regard.report.Theme}; a {@link ml.regard.report.ReportPage} puts figures, tables and numbers
 * on one self-contained HTML page. Nothing here opens a file, a window or a connection: the caller
 * writes what it is given, as UTF-8.
 *
 * <p>Invariants:
 *
 * <ul>
 *   <li>The same arrays, on the same JVM with the same fonts, give the same bytes, in every locale.
 *   <li>No display is needed ({@code java.awt.headless=true}), but one installed font is.
 *   <li>Public factories check and copy what they are given; what they build is immutable.
 *   <li>A value that is NaN or infinite is a gap in a curve, never an error and never a zero.
 * </ul>
 */
package ml.regard.report;
