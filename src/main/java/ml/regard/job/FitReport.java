package ml.regard.job;

import static ml.regard.job.ReportFiles.number;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import ml.regard.io.OutputFolder;
import ml.regard.ml.KernelRegressionModel;
import ml.regard.ml.KernelRegressionTrainingSummary;
import ml.regard.report.Figure;
import ml.regard.report.LossFigure;
import ml.regard.report.PredictionFigure;
import ml.regard.report.ReportPage;
import ml.regard.report.ReportPage.Captioned;
import ml.regard.report.ReportPage.KeyNumber;

/** The page of a fit: what was learned, and how; with one feature, the curve over the keys. */
final class FitReport {
  private static final int CURVE_POINTS = 200;

  private FitReport() {}

  static void write(
      List<String> features, String label, KernelRegressionModel model, OutputFolder folder) {
    List<Figure> figures = new ArrayList<>();
    ReportPage page = page(features, label, model, figures);
    ReportFiles.write(page, figures, folder);
  }

  private static ReportPage page(
      List<String> features, String label, KernelRegressionModel model, List<Figure> figures) {
    KernelRegressionTrainingSummary summary = model.summary();
    ReportPage page =
        ReportPage.of("Kernel regression of " + label)
            .lead(
                "%s from %s: attention over %d keys. %s."
                    .formatted(
                        label,
                        String.join(", ", features),
                        model.numKeys(),
                        sentence(summary.stopReason())))
            .numbers(
                List.of(
                    new KeyNumber(number(summary.looRSquared()), "leave-one-out R²", ""),
                    new KeyNumber(
                        number(summary.looLoss()),
                        "leave-one-out loss",
                        model.getLossReduction() + " of squared errors"),
                    new KeyNumber(number(summary.passes()), "passes", "over all pairs of rows"),
                    new KeyNumber(
                        String.format(Locale.ROOT, "%.1f", summary.seconds()), "seconds", "")))
            .section("Widths")
            .table(
                "What was learned, in the unit of each feature",
                List.of("feature", "width", "inverse width"),
                widths(features, model))
            .section("Rows")
            .table(
                "What became of the rows that were read",
                List.of("rows", "count"),
                List.of(
                    List.of("read", Long.toString(summary.rows())),
                    List.of("keys", Integer.toString(model.numKeys())),
                    List.of("rejected", Long.toString(summary.rejectedRows())),
                    List.of("of weight zero", Long.toString(summary.zeroWeightRows()))))
            .paragraph(sentence(summary.engineReason()) + ".");
    if (features.size() == 1) {
      page.section("The curve").figures(curve(features.get(0), label, model, figures));
    }
    if (summary.totalIterations() > 0) {
      page.section("Learning").figures(loss(summary, figures));
    }
    return page;
  }

  private static List<List<String>> widths(List<String> features, KernelRegressionModel model) {
    List<List<String>> rows = new ArrayList<>();
    for (int f = 0; f < features.size(); f++) {
      rows.add(
          List.of(features.get(f), number(model.widths()[f]), number(model.inverseWidths()[f])));
    }
    return rows;
  }

  private static Captioned loss(KernelRegressionTrainingSummary summary, List<Figure> figures) {
    Figure figure =
        LossFigure.of("loss", "Loss by step", "step", 1, summary.objectiveHistory(), "loss");
    figures.add(figure);
    return new Captioned(
        figure, "The leave-one-out loss, before each step, of the rows that it looked at.");
  }

  private static Captioned curve(
      String feature, String label, KernelRegressionModel model, List<Figure> figures) {
    KernelRegressionModel.Curve curve = model.curve(CURVE_POINTS);
    Figure figure =
        PredictionFigure.of(
            "curve",
            label,
            feature,
            label,
            curve.x(),
            null,
            curve.prediction(),
            curve.keys(),
            curve.values());
    figures.add(figure);
    return new Captioned(figure, "The prediction over the range of the keys.");
  }

  private static String sentence(String phrase) {
    return Character.toUpperCase(phrase.charAt(0)) + phrase.substring(1);
  }
}
