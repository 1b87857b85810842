package ml.regard.job;

import static org.apache.spark.sql.functions.col;

import java.util.ArrayList;
import java.util.List;
import java.util.function.ToDoubleFunction;
import ml.regard.io.OutputFolder;
import ml.regard.ml.KernelRegressionModel;
import ml.regard.report.BarsFigure;
import ml.regard.report.Figure;
import ml.regard.report.QueryFigure;
import ml.regard.report.ReportPage;
import ml.regard.report.ReportPage.Captioned;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;

/** The page of explained queries: for each a table of its keys and a picture of its attention. */
final class ExplainReport {
  private static final int CARRIERS = 500;
  private static final int BACKGROUND = 2000;
  private static final int CURVE_POINTS = 200;

  private final KernelRegressionModel model;
  private final List<String> features;
  private final int top;

  /** Some of the keys, to show where attention could have gone. */
  private final List<Row> background;

  private final double[][] curve;

  ExplainReport(SparkSession spark, SavedModel saved, int top) {
    this.model = saved.model();
    this.features = saved.source().names();
    this.top = top;
    long step = (model.numKeys() + BACKGROUND - 1L) / BACKGROUND;
    this.background =
        features.size() > 2
            ? List.of()
            : model
                .keyTable(spark)
                .where(col("position").mod(step).equalTo(0))
                .select("features", "value")
                .collectAsList();
    boolean drawn = features.size() == 1 && !model.isMasked(); // else there is none for all queries
    this.curve = drawn ? curve() : new double[2][0];
  }

  /** How many keys of a query are drawn. */
  static int drawn(String out) {
    return out == null ? 0 : CARRIERS;
  }

  private double[][] curve() {
    KernelRegressionModel.Curve curve = model.curve(CURVE_POINTS);
    return new double[][] {curve.x(), curve.prediction()};
  }

  void write(List<Explanation> all, OutputFolder folder) {
    List<Figure> figures = new ArrayList<>();
    ReportPage page =
        ReportPage.of("Which training rows carried a prediction")
            .lead(
                "A prediction is the mean of the labels of the training rows, weighted by the attention"
                    + " that the query pays to them: attention over %d keys, from %s."
                        .formatted(model.numKeys(), String.join(", ", features)));
    for (Explanation one : all) {
      Explanation few = one.top(top);
      page.section("Row " + one.row()).paragraph(one.asked() + ". " + few.answer());
      if (!one.keys().isEmpty()) {
        page.table("The rows of largest attention weight", few.header(), few.table());
        Figure figure = figure(one);
        figures.add(figure);
        page.figures(new Captioned(figure, caption(figure)));
      }
    }
    ReportFiles.write(page, figures, folder);
  }

  private static String caption(Figure figure) {
    return figure instanceof BarsFigure
        ? "The attention weights of these rows."
        : "The area of a circle is the attention weight of a training row. The lines cross at the"
            + " query.";
  }

  private Figure figure(Explanation one) {
    String name = "row-" + one.row();
    String title = "Attention of row " + one.row();
    if (features.size() > 2) {
      Explanation few = one.top(top);
      return BarsFigure.of(
          name,
          title,
          few.keys().stream().map(few::name).toList(),
          few.keys().stream().mapToDouble(Explanation.Key::weight).toArray(),
          "attention weight");
    }
    boolean line = features.size() == 1;
    return QueryFigure.of(
        name,
        title,
        features.get(0),
        line ? "value" : features.get(1),
        curve,
        new double[][] {
          background.stream().mapToDouble(row -> feature(row, 0)).toArray(),
          background.stream()
              .mapToDouble(row -> line ? row.getDouble(1) : feature(row, 1))
              .toArray()
        },
        new double[][] {
          of(one, key -> key.features().get(0)),
          of(one, key -> line ? key.value() : key.features().get(1)),
          of(one, Explanation.Key::weight)
        },
        new double[] {one.query().get(0), line ? one.prediction() : one.query().get(1)});
  }

  private static double feature(Row row, int f) {
    return row.<Double>getList(0).get(f);
  }

  private static double[] of(Explanation one, ToDoubleFunction<Explanation.Key> part) {
    return one.keys().stream().mapToDouble(part).toArray();
  }
}
