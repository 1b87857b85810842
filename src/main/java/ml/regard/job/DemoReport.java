package ml.regard.job;

import static ml.regard.job.ReportFiles.number;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import ml.regard.io.OutputFolder;
import ml.regard.ml.KernelRegressionTrainingSummary;
import ml.regard.report.AttentionFigure;
import ml.regard.report.Figure;
import ml.regard.report.LossFigure;
import ml.regard.report.PredictionFigure;
import ml.regard.report.ReportPage;
import ml.regard.report.ReportPage.Captioned;
import ml.regard.report.ReportPage.KeyNumber;

/** The page of the walk, and its figures. */
final class DemoReport {
  private final DemoWalk walk;
  private final DemoWalk.Training training;
  private final List<Figure> figures = new ArrayList<>();

  private DemoReport(DemoWalk walk, DemoWalk.Training training) {
    this.walk = walk;
    this.training = training;
  }

  static void write(DemoWalk walk, DemoWalk.Training training, OutputFolder folder) {
    DemoReport report = new DemoReport(walk, training);
    ReportPage page = report.page();
    ReportFiles.write(page, report.figures, folder);
  }

  private ReportPage page() {
    Captioned average = prediction("average", "Average pooling", walk.average());
    Captioned nonparametric =
        prediction("nonparametric", "Attention, inverse width 1", walk.nonparametric());
    Captioned trained = prediction("trained", "Attention, trained by SGD", walk.trained());
    Captioned optimum = prediction("optimum", "Attention, optimal width", walk.optimum());
    Captioned before =
        attention("nonparametric", "Attention before training", walk.nonparametric());
    Captioned after = attention("trained", "Attention after training", walk.trained());
    Captioned best = attention("optimum", "Attention at the optimum", walk.optimum());
    KernelRegressionTrainingSummary summary = walk.trained().model().summary();
    double trainedWidth = walk.trained().model().inverseWidths()[0];
    double bestWidth = walk.optimum().model().inverseWidths()[0];
    return ReportPage.of("Attention pooling")
        .lead(
            "A query's prediction is the attention-weighted mean of the training labels. This page"
                + " walks from no attention, over attention of a given width, to attention whose"
                + " width is learned.")
        .numbers(
            List.of(
                mse("average pooling", walk.average()),
                mse("inverse width 1", walk.nonparametric()),
                mse("trained by SGD", walk.trained()),
                mse("optimum", walk.optimum())))
        .section("Average pooling")
        .paragraph(
            "The baseline ignores the query: every prediction is the mean of the %d labels, %s."
                .formatted(walk.data().x().length, number(walk.average().predictions()[0])))
        .figures(average)
        .section("Non-parametric attention pooling")
        .paragraph(
            "Each training row is a key with a value. A query attends to keys near it, by a"
                + " Gaussian of the distance with inverse width 1. The prediction is smooth, but too"
                + " wide an attention flattens the curve.")
        .figures(nonparametric, before)
        .section("Batched attention")
        .paragraph(
            "A query may also bring its own keys and values. The weighted averages of a whole batch"
                + " are then one batch matrix product, of weights [n x 1 x k] and values [n x k x 1]."
                + " With equal attention on ten values each, the textbook's example:")
        .table("A batch of two queries", List.of("query", "values", "pooled"), walk.batch())
        .section("Parametric attention pooling")
        .paragraph(
            "The inverse width becomes a parameter, trained by gradient descent on the summed squared"
                + " leave-one-out error: each training row is predicted from all the others. It"
                + " starts at %s, and after %d epochs at the learning rate %s it is %s."
                    .formatted(
                        number(training.initialInverseWidth()),
                        training.epochs(),
                        number(training.stepSize()),
                        number(trainedWidth)))
        .figures(trained, after)
        .figures(loss(summary))
        .table(
            "Training, epoch by epoch", List.of("epoch", "loss", "inverse width after"), epochs())
        .section("The optimum")
        .paragraph(
            ("A fixed learning rate easily overshoots. The leave-one-out loss is smallest, %s, at the"
                    + " inverse width %s, which Regard finds by itself in %s passes over the pairs.")
                .formatted(
                    number(walk.optimum().model().summary().looLoss()),
                    number(bestWidth),
                    number(walk.optimum().model().summary().passes())))
        .figures(optimum, best);
  }

  private static KeyNumber mse(String label, DemoWalk.Step step) {
    return new KeyNumber(
        String.format(Locale.ROOT, "%.4f", step.mse()), label, "mean squared error");
  }

  private Captioned prediction(String name, String title, DemoWalk.Step step) {
    DemoData data = walk.data();
    Figure figure =
        PredictionFigure.of(
            "prediction-" + name,
            title,
            "x",
            "y",
            data.queries(),
            data.truth(),
            step.predictions(),
            data.x(),
            data.y());
    figures.add(figure);
    return new Captioned(
        figure, "Mean squared error against the truth: %s.".formatted(number(step.mse())));
  }

  private Captioned attention(String name, String title, DemoWalk.Step step) {
    Figure figure =
        AttentionFigure.of(
            "attention-" + name,
            title,
            walk.data().sortedByQuery(step.weights()),
            "sorted training inputs",
            "sorted queries");
    figures.add(figure);
    return new Captioned(
        figure,
        "Inverse width %s. Each row is a query; its weights sum to 1."
            .formatted(number(step.model().inverseWidths()[0])));
  }

  private Captioned loss(KernelRegressionTrainingSummary summary) {
    Figure figure =
        LossFigure.of("loss", "Loss by epoch", summary.objectiveHistory(), "leave-one-out loss");
    figures.add(figure);
    return new Captioned(
        figure, "The summed squared leave-one-out error before each epoch's step.");
  }

  private List<List<String>> epochs() {
    KernelRegressionTrainingSummary summary = walk.trained().model().summary();
    List<List<String>> rows = new ArrayList<>();
    for (int epoch = 0; epoch < summary.totalIterations(); epoch++) {
      rows.add(
          List.of(
              Integer.toString(epoch + 1),
              number(summary.objectiveHistory()[epoch]),
              number(summary.inverseWidthHistory()[epoch][0])));
    }
    return rows;
  }
}
