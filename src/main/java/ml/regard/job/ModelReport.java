package ml.regard.job;

import static ml.regard.job.ReportFiles.number;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.ToDoubleFunction;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import ml.regard.job.ModelView.Answers;
import ml.regard.job.ModelView.TrainingRow;
import ml.regard.kernel.InfluentialKey;
import ml.regard.ml.KernelRegressionModel;
import ml.regard.report.Coverage;
import ml.regard.report.CoverageFigure;
import ml.regard.report.Figure;
import ml.regard.report.Histogram;
import ml.regard.report.HistogramFigure;
import ml.regard.report.MapFigure;
import ml.regard.report.PredictionFigure;
import ml.regard.report.ReportPage;
import ml.regard.report.ReportPage.Captioned;
import ml.regard.report.ResidualFigure;
import ml.regard.report.ScatterFigure;
import org.apache.spark.sql.SparkSession;

/**
 * The sections on the model itself: a picture of its predictions, its residuals, the coverage of
 * its intervals, and the rows of most influence. What they show is also written as tables.
 */
final class ModelReport {
  private static final int CURVE_POINTS = 200;
  private static final int MAP_CELLS = 64;
  private static final int INFLUENTIAL = 10;

  private static final double[] CONFIDENCES = {0.5, 0.8, 0.9, 0.95};

  /** The quantile of the normal distribution at 97.5 %. */
  private static final double Z = 1.959963984540054;

  /** The support two widths from the nearest key. */
  private static final double TWO_WIDTHS = Math.exp(-2);

  private static final String NO_RESIDUALS =
      "the model has no residuals, which --calibration loo forms with another engine than lattice";

  private final List<String> features;
  private final String label;
  private final ModelView view;
  private final List<Figure> figures = new ArrayList<>();
  private final Map<String, String> tables = new LinkedHashMap<>();

  private ModelReport(
      SparkSession spark, List<String> features, String label, KernelRegressionModel model) {
    this.features = features;
    this.label = label;
    this.view = new ModelView(spark, model);
  }

  /**
   * Adds the sections to a page.
   *
   * @param figures gets the figures of the sections
   * @param tables gets what they show, by the names of the files
   */
  static void add(
      SparkSession spark,
      List<String> features,
      String label,
      KernelRegressionModel model,
      ReportPage page,
      List<Figure> figures,
      Map<String, String> tables) {
    if (!model.hasKeys()) {
      page.section("The model")
          .paragraph(
              "A compact model has no keys, and so there is no picture of it, no residual and no row"
                  + " of influence.");
      return;
    }
    ModelReport report = new ModelReport(spark, features, label, model);
    switch (features.size()) {
      case 1 -> report.curve(page);
      case 2 -> report.map(page);
      default -> report.labels(page);
    }
    report.residuals(page);
    report.coverage(page);
    report.influence(page);
    figures.addAll(report.figures);
    tables.putAll(report.tables);
  }

  private Captioned captioned(Figure figure, String caption) {
    figures.add(figure);
    return new Captioned(figure, caption);
  }

  private void curve(ReportPage page) {
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
            rows(row -> row.features().get(0)),
            rows(TrainingRow::value));
    figures.add(curve);
    page.section("The curve")
        .figure(
            curve,
            "The prediction over the range of the keys. "
                + (band
                    ? "The band, 1.96 standard errors to each side, is one of 95 % for the smoothed"
                        + " curve: not for the truth, and not for a further label."
                    : "There is no band, since " + NO_RESIDUALS + "."));
    tables.put(
        "curve.csv",
        Csv.of(
            List.of(features.get(0), "prediction", "standardError"),
            x,
            answers.prediction(),
            answers.standardError()));
  }

  private void map(ReportPage page) {
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
              rows(row -> row.features().get(0)), rows(row -> row.features().get(1))
            });
    figures.add(map);
    page.section("The map")
        .figure(
            map,
            "The prediction over the range of the keys; points are training rows. "
                + (view.knowsSupport()
                    ? "Places more than two widths from every key are left blank."
                    : "Engine lattice does not know how far a place is from the keys, so none is left"
                        + " blank."));
    tables.put(
        "map.csv",
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

  private void labels(ReportPage page) {
    boolean leftOut = view.hasResiduals();
    double[] prediction =
        leftOut
            ? rows(TrainingRow::prediction)
            : view.answers(view.rows().stream().map(r -> ModelView.doubles(r.features())).toList())
                .prediction();
    Figure figure =
        ScatterFigure.of(
            "labels",
            "Label against prediction",
            leftOut ? "leave-one-out prediction" : "prediction",
            label,
            prediction,
            rows(TrainingRow::value));
    figures.add(figure);
    page.section("Label and prediction")
        .paragraph(
            "Of three features or more there is no picture of the whole, and a picture by one feature"
                + " would mislead.")
        .figure(
            figure,
            leftOut
                ? "The label of training rows against what the other rows predict for them."
                : "The label of training rows against their prediction, which their own label is part"
                    + " of: "
                    + NO_RESIDUALS
                    + ".");
    tables.put(
        "labels.csv", Csv.of(List.of("prediction", "label"), prediction, rows(TrainingRow::value)));
  }

  private void residuals(ReportPage page) {
    page.section("Residuals");
    double[] residuals = rows(TrainingRow::residual);
    if (Arrays.stream(residuals).noneMatch(Double::isFinite)) {
      page.paragraph("There is no picture of them, since " + NO_RESIDUALS + ".");
      return;
    }
    String unit = "leave-one-out residual";
    Histogram histogram = Histogram.of(residuals);
    page.figures(
        captioned(
            ResidualFigure.of(
                "residuals",
                "Residual over prediction",
                "leave-one-out prediction",
                unit,
                rows(TrainingRow::prediction),
                residuals),
            "Label less what the other rows predict. A trend says that widths are too large there; a"
                + " funnel that the noise varies."),
        captioned(
            HistogramFigure.of("distribution", "Distribution of residuals", unit, histogram),
            "The outermost bars hold what is beyond four standard deviations. The dashed line is the"
                + " normal distribution of the same mean and standard deviation."));
    tables.put(
        "residuals.csv",
        Csv.of(
            header(),
            view.rows().stream()
                .map(row -> cells(row.position(), row.id(), row.features(), row.value()).toList())
                .toList()));
    tables.put(
        "distribution.csv",
        Csv.of(
            List.of("from", "to", "rows"),
            Arrays.copyOf(histogram.edges(), histogram.counts().length),
            Arrays.copyOfRange(histogram.edges(), 1, histogram.edges().length),
            Arrays.stream(histogram.counts()).asDoubleStream().toArray()));
  }

  private void coverage(ReportPage page) {
    page.section("Coverage of the intervals");
    Optional<double[]> quantiles = view.scoreQuantiles(CONFIDENCES);
    if (quantiles.isEmpty()) {
      page.paragraph(
          view.hasResiduals()
              ? "It is not shown, since with --calibration split the scores are those of rows that"
                  + " were held out, of which the model keeps nothing else."
              : "It is not shown, since " + NO_RESIDUALS + ".");
      return;
    }
    Coverage coverage =
        Coverage.of(
            rows(TrainingRow::prediction), rows(TrainingRow::score), CONFIDENCES, quantiles.get());
    Figure figure = CoverageFigure.of("coverage", "Coverage by prediction", coverage);
    figures.add(figure);
    page.figure(
        figure,
        "The share of training rows, predicted by the others, that lie inside their interval, by"
            + " tenths of the prediction from the lowest; dashed is what the interval says. Over all"
            + " tenths the two agree by construction.");
    List<String> header = List.of("tenth", "mean prediction", "50 %", "80 %", "90 %", "95 %");
    List<List<Object>> tenths =
        IntStream.range(0, coverage.means().length)
            .mapToObj(
                t ->
                    Stream.concat(
                            Stream.<Object>of(t + 1, coverage.means()[t]),
                            Arrays.stream(coverage.shares()).map(shares -> shares[t]))
                        .toList())
            .toList();
    tables.put("coverage.csv", Csv.of(header, tenths));
  }

  private void influence(ReportPage page) {
    List<InfluentialKey> keys = view.influentialKeys(INFLUENTIAL);
    page.section("The rows with the most influence");
    if (keys.isEmpty()) {
      page.paragraph("No prediction moves when a training row is taken out.");
      return;
    }
    List<String> header = Stream.concat(Stream.of("influence"), header().stream()).toList();
    List<List<Object>> rows =
        keys.stream()
            .map(
                key ->
                    Stream.concat(
                            Stream.<Object>of(key.influence()),
                            cells(
                                key.position(),
                                key.id(),
                                Arrays.stream(key.features()).boxed().toList(),
                                key.value()))
                        .toList())
            .toList();
    page.paragraph(
            "Influence is by how much predictions move when the row is taken out and the widths stay:"
                + " the root mean square over %d training rows, the row itself left out, in the unit of"
                    .formatted(view.asking())
                + " the label. Exact; a large one is worth a look at the row.")
        .table(
            "The training rows with the largest influence",
            header,
            rows.stream().map(cells -> cells.stream().map(ModelReport::shown).toList()).toList());
    tables.put("influence.csv", Csv.of(header, rows));
  }

  /** What is told of a training row. */
  private List<String> header() {
    return Stream.of(
            Stream.of("position"),
            Stream.of("id").filter(id -> view.hasIds()),
            features.stream(),
            Stream.of(label),
            Stream.of("leave-one-out prediction", "residual").filter(r -> view.hasResiduals()))
        .flatMap(names -> names)
        .toList();
  }

  private Stream<Object> cells(int position, String id, List<Double> features, double value) {
    double residual = view.residual(position);
    return Stream.of(
            Stream.of(position),
            Stream.of(Optional.ofNullable(id).orElse("")).filter(name -> view.hasIds()),
            features.stream(),
            Stream.of(value),
            Stream.of(value - residual, residual).filter(r -> view.hasResiduals()))
        .flatMap(cells -> cells);
  }

  private static String shown(Object cell) {
    return cell instanceof Double value ? number(value) : cell.toString();
  }

  /** A number of each row of the sample. */
  private double[] rows(ToDoubleFunction<TrainingRow> part) {
    return view.rows().stream().mapToDouble(part).toArray();
  }
}
