package ml.regard.job;

import java.util.Arrays;
import java.util.List;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;
import ml.regard.job.ModelView.Answers;
import ml.regard.job.ModelView.TrainingRow;
import ml.regard.report.Figure;
import ml.regard.report.MapFigure;
import ml.regard.report.PredictionFigure;
import ml.regard.report.ScatterFigure;

/**
 * The section with the picture of a model's predictions: a curve over one feature, a map over two,
 * label against prediction for more.
 */
final class PredictionSection {
  private static final int CURVE_POINTS = 200;
  private static final int MAP_CELLS = 64;

  /** The quantile of the normal distribution at 97.5 %. */
  private static final double Z = 1.959963984540054;

  /** The support two widths from the nearest key. */
  private static final double TWO_WIDTHS = Math.exp(-2);

  private final ReportDraft draft;
  private final List<String> features;
  private final String label;
  private final ModelView view;

  PredictionSection(ReportDraft draft, List<String> features, String label, ModelView view) {
    this.draft = draft;
    this.features = features;
    this.label = label;
    this.view = view;
  }

  /**
   * Adds it.
   *
   * @param masked whether what a query attends to depends on more than its features
   */
  void add(boolean masked) {
    if (masked) {
      masked();
      return;
    }
    switch (features.size()) {
      case 1 -> curve();
      case 2 -> map();
      default ->
          labels(
              "Of three features or more there is no picture of the whole, and a picture by one feature"
                  + " would mislead.");
    }
  }

  private void curve() {
    double[] x = places(view.range(0), CURVE_POINTS - 1, 0);
    Answers answers = view.answers(Arrays.stream(x).mapToObj(q -> new double[] {q}).toList());
    double[] halfWidth = Arrays.stream(answers.standardError()).map(e -> Z * e).toArray();
    boolean band = view.hasResiduals();
    Figure curve =
        PredictionFigure.of(
            "curve",
            "Prediction of " + label,
            features.get(0),
            label,
            x,
            null,
            answers.prediction(),
            band ? halfWidth : null,
            view.numbers(row -> row.features().get(0)),
            view.numbers(TrainingRow::value));
    draft.page().section("The curve");
    draft.figure(
        curve,
        "The prediction over the range of the keys. "
            + (band
                ? "The band, 1.96 standard errors to each side, is one of 95 % for the smoothed"
                    + " curve: not for the truth, and not for a further label."
                : "There is no band, since " + ModelView.NO_RESIDUALS + "."));
    draft.table(
        "curve",
        Csv.of(
            List.of(features.get(0), "prediction", "standardError"),
            x,
            answers.prediction(),
            answers.standardError()));
  }

  private void map() {
    double[][] ranges = {view.range(0), view.range(1)};
    double[] across = places(ranges[0], MAP_CELLS, 0.5);
    double[] up = places(ranges[1], MAP_CELLS, 0.5);
    List<double[]> cells =
        Arrays.stream(up)
            .boxed()
            .flatMap(y -> Arrays.stream(across).mapToObj(x -> new double[] {x, y}))
            .toList();
    Answers answers = view.answers(cells);
    double[] shown =
        IntStream.range(0, cells.size())
            .mapToDouble(
                i -> answers.support()[i] < TWO_WIDTHS ? Double.NaN : answers.prediction()[i])
            .toArray();
    Figure map =
        MapFigure.of(
            "map",
            "Prediction of " + label,
            new String[] {features.get(0), features.get(1), label},
            ranges,
            IntStream.range(0, MAP_CELLS)
                .mapToObj(r -> Arrays.copyOfRange(shown, r * MAP_CELLS, (r + 1) * MAP_CELLS))
                .toArray(double[][]::new),
            new double[][] {
              view.numbers(row -> row.features().get(0)), view.numbers(row -> row.features().get(1))
            });
    draft.page().section("The map");
    draft.figure(
        map,
        "The prediction over the range of the keys; points are training rows. "
            + (view.knowsSupport()
                ? "Places more than two widths from every key are left blank."
                : "Engine lattice does not know how far a place is from the keys, so none is left"
                    + " blank."));
    draft.table(
        "map",
        Csv.of(
            List.of(features.get(0), features.get(1), "prediction", "standardError", "support"),
            cells.stream().mapToDouble(cell -> cell[0]).toArray(),
            cells.stream().mapToDouble(cell -> cell[1]).toArray(),
            answers.prediction(),
            answers.standardError(),
            answers.support()));
  }

  /** So many places in a range, the first at a share of a step from its beginning. */
  private static double[] places(double[] range, int steps, double first) {
    return DoubleStream.iterate(first, at -> at <= steps, at -> at + 1)
        .map(at -> range[0] * (1 - at / steps) + range[1] * (at / steps))
        .toArray();
  }

  /** What a group or a time changes of a prediction is in no picture over features. */
  private void masked() {
    String why =
        "A prediction depends on the group or the time of a row too, so none is drawn over features.";
    if (view.hasResiduals()) {
      labels(why);
    } else {
      draft.page().section("Label and prediction").paragraph(why);
    }
  }

  private void labels(String why) {
    boolean leftOut = view.hasResiduals();
    double[] prediction =
        leftOut
            ? view.numbers(TrainingRow::prediction)
            : view.answers(view.rows().stream().map(r -> ModelView.doubles(r.features())).toList())
                .prediction();
    Figure figure =
        ScatterFigure.of(
            "labels",
            "Label against prediction",
            leftOut ? "leave-one-out prediction" : "prediction",
            label,
            prediction,
            view.numbers(TrainingRow::value));
    draft.page().section("Label and prediction").paragraph(why);
    draft.figure(
        figure,
        leftOut
            ? "The label of training rows against what the other rows predict for them."
            : "The label of training rows against their prediction, which their own label is part"
                + " of: "
                + ModelView.NO_RESIDUALS
                + ".");
    draft.table(
        "labels",
        Csv.of(List.of("prediction", "label"), prediction, view.numbers(TrainingRow::value)));
  }
}
