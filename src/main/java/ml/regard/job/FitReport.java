package ml.regard.job;

import static ml.regard.job.ReportFiles.number;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import ml.regard.io.OutputFolder;
import ml.regard.ml.KernelRegressionModel;
import ml.regard.ml.KernelRegressionTrainingSummary;
import ml.regard.report.BarsFigure;
import ml.regard.report.Figure;
import ml.regard.report.LossFigure;
import ml.regard.report.ReportPage;
import ml.regard.report.ReportPage.Captioned;
import ml.regard.report.ReportPage.KeyNumber;
import ml.regard.report.WidthFigure;
import org.apache.spark.sql.SparkSession;

/** The page of a fit: what was learned, what the model is like, and how it was learned. */
final class FitReport {
  private static final String RELEVANCE =
      "A width of many spreads says that a feature hardly matters; the last column says by how much"
          + " the loss rises when it is ignored and the others stay as they are.";

  private FitReport() {}

  static void write(
      SparkSession spark,
      List<String> features,
      String label,
      KernelRegressionModel model,
      OutputFolder folder) {
    ReportDraft draft = new ReportDraft(ReportPage.of("Kernel regression of " + label));
    widths(features, label, model, draft);
    model(spark, features, label, model, draft);
    learning(features, model, draft);
    draft.write(folder);
  }

  private static void model(
      SparkSession spark,
      List<String> features,
      String label,
      KernelRegressionModel model,
      ReportDraft draft) {
    if (!model.hasKeys()) {
      draft
          .page()
          .section("The model")
          .paragraph(
              "A compact model has no keys, and so there is no picture of it, no residual and no row"
                  + " of influence.");
      return;
    }
    ModelView view = new ModelView(spark, model);
    new PredictionSection(draft, features, label, view).add(model.isMasked());
    new TrustSections(draft, features, label, view).add(!model.hasGroupWidths());
  }

  private static void widths(
      List<String> features, String label, KernelRegressionModel model, ReportDraft draft) {
    KernelRegressionTrainingSummary summary = model.summary();
    ReportPage page =
        draft
            .page()
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
                    new KeyNumber(
                        number(summary.effectiveDegreesOfFreedom()),
                        "degrees of freedom",
                        "the trace of the smoother"),
                    new KeyNumber(number(summary.passes()), "passes", "over all pairs of rows"),
                    new KeyNumber(
                        String.format(Locale.ROOT, "%.1f", summary.seconds()), "seconds", "")))
            .section("Widths");
    if (model.hasGroupWidths()) {
      page.table(
          "The widths of %d groups, in the unit of each feature".formatted(model.numGroups()),
          List.of("feature", "least", "median", "largest"),
          GroupWidthsSummary.of(features, model.widthsByGroup().values()).entrySet().stream()
              .map(
                  feature ->
                      Stream.concat(
                              Stream.of(feature.getKey()),
                              feature.getValue().values().stream().map(ReportFiles::number))
                          .toList())
              .toList());
    } else {
      page.table(
              "What was learned, in the unit of each feature",
              List.of("feature", "width", "in spreads", "inverse width", "loss without it"),
              widths(features, model))
          .paragraph(RELEVANCE);
    }
    if (features.size() > 1 && !model.hasGroupWidths()) {
      relevance(features, summary, draft);
    }
    page.section("Rows")
        .table(
            "What became of the rows that were read",
            List.of("rows", "count"),
            List.of(
                List.of("read", Long.toString(summary.rows())),
                List.of("keys", Integer.toString(model.numKeys())),
                List.of("rejected", Long.toString(summary.rejectedRows())),
                List.of("of weight zero", Long.toString(summary.zeroWeightRows())),
                List.of("held out (calibration)", Long.toString(summary.heldOutRows())),
                List.of("without a key to attend to", Long.toString(summary.rowsWithoutKeys()))))
        .paragraph(sentence(summary.engineReason()) + ".");
    if (!Double.isNaN(summary.handedOver())) {
      page.paragraph(
          "Of the last rows asked, %s %% were handed over to exact sums."
              .formatted(number(100 * summary.handedOver())));
    }
  }

  private static void learning(
      List<String> features, KernelRegressionModel model, ReportDraft draft) {
    ReportPage page = draft.page();
    KernelRegressionTrainingSummary summary = model.summary();
    boolean scanned = summary.scanValues().length > 1;
    if (summary.totalIterations() > 0 || scanned || !summary.notes().isEmpty()) {
      page.section("Learning");
    }
    if (summary.totalIterations() > 0) {
      page.figures(loss(summary, draft));
      page.table(
          "The widths by pass",
          Stream.concat(Stream.of("step", "passes", "rows", "loss"), names(features, summary))
              .toList(),
          steps(summary));
    }
    if (scanned) {
      page.figures(scan(features, model, draft));
    }
    for (String note : summary.notes()) {
      page.paragraph(sentence(note) + ".");
    }
  }

  /** Bars of what each feature is worth. */
  private static void relevance(
      List<String> features, KernelRegressionTrainingSummary summary, ReportDraft draft) {
    double[] without = summary.lossWithout();
    int[] known =
        IntStream.range(0, without.length).filter(f -> !Double.isNaN(without[f])).toArray();
    if (known.length == 0) {
      draft
          .page()
          .paragraph(
              "What each feature is worth was not measured: they have one width together, or none was"
                  + " learned.");
      return;
    }
    List<String> names = IntStream.of(known).mapToObj(features::get).toList();
    double[] percent = IntStream.of(known).mapToDouble(f -> 100 * without[f]).toArray();
    Figure figure =
        BarsFigure.of(
            "relevance", "Relevance of the features", names, percent, "loss without it (%)");
    draft
        .page()
        .figures(
            draft.captioned(figure, "By how much the criterion rises when a feature is ignored."));
    draft.table(
        "relevance",
        Csv.of(
            List.of("feature", "lossWithoutPercent"),
            IntStream.range(0, known.length)
                .mapToObj(i -> List.of(names.get(i), percent[i]))
                .toList()));
  }

  private static Stream<String> names(
      List<String> features, KernelRegressionTrainingSummary summary) {
    boolean shared = summary.inverseWidthHistory()[0].length < features.size();
    return shared ? Stream.of("width") : features.stream();
  }

  private static List<List<String>> steps(KernelRegressionTrainingSummary summary) {
    List<List<String>> steps = new ArrayList<>();
    for (int s = 0; s < summary.totalIterations(); s++) {
      List<String> cells = new ArrayList<>();
      cells.add(Integer.toString(s + 1));
      cells.add(number(summary.passesHistory()[s]));
      cells.add(String.format(Locale.ROOT, "%.1f %%", 100 * summary.rowsHistory()[s]));
      cells.add(number(summary.objectiveHistory()[s]));
      for (double w : summary.inverseWidthHistory()[s]) {
        cells.add(number(1 / w));
      }
      steps.add(cells);
    }
    return steps;
  }

  private static List<List<String>> widths(List<String> features, KernelRegressionModel model) {
    List<List<String>> rows = new ArrayList<>();
    KernelRegressionTrainingSummary summary = model.summary();
    for (int f = 0; f < features.size(); f++) {
      double width = model.widths()[f];
      rows.add(
          List.of(
              features.get(f),
              number(width),
              number(width / summary.featureSpreads()[f]),
              number(model.inverseWidths()[f]),
              relevance(summary, f)));
    }
    return rows;
  }

  /** By how much the loss rises without a feature. */
  private static String relevance(KernelRegressionTrainingSummary summary, int f) {
    if (IntStream.of(summary.constantFeatures()).anyMatch(c -> c == f)) {
      return "constant";
    }
    if (IntStream.of(summary.switchedOff()).anyMatch(o -> o == f)) {
      return "switched off";
    }
    double[] without = summary.lossWithout();
    return without.length == 0 ? "" : String.format(Locale.ROOT, "%+.2f %%", 100 * without[f]);
  }

  private static Captioned scan(
      List<String> features, KernelRegressionModel model, ReportDraft draft) {
    KernelRegressionTrainingSummary summary = model.summary();
    double[] widths = Arrays.stream(summary.scanWidths()).mapToDouble(h -> h[0]).toArray();
    boolean one = model.numFeatures() == 1;
    Figure figure =
        WidthFigure.of(
            "widths",
            "Loss over the width",
            one ? "width of " + features.get(0) : "width of " + features.get(0) + ", others alike",
            widths,
            summary.scanValues(),
            one ? model.widths()[0] : Double.NaN,
            model.getCriterion().equals("aicc") ? "AICc" : "mean loss");
    return draft.captioned(
        figure,
        "What the scan for a start found, over a sample of the rows"
            + (one ? "; the dot marks the width that was learned." : "."));
  }

  private static Captioned loss(KernelRegressionTrainingSummary summary, ReportDraft draft) {
    Figure figure =
        LossFigure.of("loss", "Loss by step", "step", 1, summary.objectiveHistory(), "loss");
    return draft.captioned(
        figure, "The loss that each step found, over the rows that it looked at.");
  }

  private static String sentence(String phrase) {
    return Character.toUpperCase(phrase.charAt(0)) + phrase.substring(1);
  }
}
