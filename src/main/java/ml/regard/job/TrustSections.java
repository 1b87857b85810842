package ml.regard.job;

import static ml.regard.job.ReportFiles.number;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import ml.regard.job.ModelView.TrainingRow;
import ml.regard.kernel.InfluentialKey;
import ml.regard.report.Coverage;
import ml.regard.report.CoverageFigure;
import ml.regard.report.Histogram;
import ml.regard.report.HistogramFigure;
import ml.regard.report.ResidualFigure;

/**
 * The sections on how far a model is to be trusted: its residuals, the coverage of its intervals,
 * and the training rows of most influence.
 */
final class TrustSections {
  private static final int INFLUENTIAL = 10;
  private static final double[] CONFIDENCES = {0.5, 0.8, 0.9, 0.95};

  private final ReportDraft draft;
  private final List<String> features;
  private final String label;
  private final ModelView view;

  TrustSections(ReportDraft draft, List<String> features, String label, ModelView view) {
    this.draft = draft;
    this.features = features;
    this.label = label;
    this.view = view;
  }

  /**
   * Adds them.
   *
   * @param withInfluence whether all queries have the same widths, which influence is formed at
   */
  void add(boolean withInfluence) {
    residuals();
    coverage();
    if (withInfluence) {
      influence();
    }
  }

  private void residuals() {
    draft.page().section("Residuals");
    double[] residuals = view.numbers(TrainingRow::residual);
    if (Arrays.stream(residuals).noneMatch(Double::isFinite)) {
      draft.page().paragraph("There is no picture of them, since " + ModelView.NO_RESIDUALS + ".");
      return;
    }
    String unit = "leave-one-out residual";
    Histogram histogram = Histogram.of(residuals);
    draft
        .page()
        .figures(
            draft.captioned(
                ResidualFigure.of(
                    "residuals",
                    "Residual over prediction",
                    "leave-one-out prediction",
                    unit,
                    view.numbers(TrainingRow::prediction),
                    residuals),
                "Label less what the other rows predict. A trend says that widths are too large there; a"
                    + " funnel that the noise varies."),
            draft.captioned(
                HistogramFigure.of("distribution", "Distribution of residuals", unit, histogram),
                "The outermost bars hold what is beyond four standard deviations. The dashed line is the"
                    + " normal distribution of the same mean and standard deviation."));
    draft.table(
        "residuals",
        Csv.of(
            header(),
            view.rows().stream()
                .map(row -> cells(row.position(), row.id(), row.features(), row.value()).toList())
                .toList()));
    draft.table(
        "distribution",
        Csv.of(
            List.of("from", "to", "rows"),
            Arrays.copyOf(histogram.edges(), histogram.counts().length),
            Arrays.copyOfRange(histogram.edges(), 1, histogram.edges().length),
            Arrays.stream(histogram.counts()).asDoubleStream().toArray()));
  }

  private void coverage() {
    draft.page().section("Coverage of the intervals");
    Optional<double[]> quantiles = view.scoreQuantiles(CONFIDENCES);
    if (quantiles.isEmpty()) {
      draft
          .page()
          .paragraph(
              view.hasResiduals()
                  ? "It is not shown, since with --calibration split the scores are those of rows that"
                      + " were held out, of which the model keeps nothing else."
                  : "It is not shown, since " + ModelView.NO_RESIDUALS + ".");
      return;
    }
    Coverage coverage =
        Coverage.of(
            view.numbers(TrainingRow::prediction),
            view.numbers(TrainingRow::score),
            CONFIDENCES,
            quantiles.get());
    draft.figure(
        CoverageFigure.of("coverage", "Coverage by prediction", coverage),
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
    draft.table("coverage", Csv.of(header, tenths));
  }

  private void influence() {
    List<InfluentialKey> keys = view.influentialKeys(INFLUENTIAL);
    draft.page().section("The rows with the most influence");
    if (keys.isEmpty()) {
      draft.page().paragraph("No prediction moves when a training row is taken out.");
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
    draft
        .page()
        .paragraph(
            "Influence is by how much predictions move when the row is taken out and the widths stay:"
                + " the root mean square over %d training rows, the row itself left out, in the unit of"
                    .formatted(view.asking())
                + " the label. Exact; a large one is worth a look at the row.")
        .table(
            "The training rows with the largest influence",
            header,
            rows.stream().map(cells -> cells.stream().map(TrustSections::shown).toList()).toList());
    draft.table("influence", Csv.of(header, rows));
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
}
