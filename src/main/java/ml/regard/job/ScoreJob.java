package ml.regard.job;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.count;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.struct;
import static org.apache.spark.sql.functions.to_json;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import ml.regard.DataException;
import ml.regard.engine.PairTasks;
import ml.regard.engine.RegardMetrics;
import ml.regard.io.RowSink;
import ml.regard.io.RowSink.Part;
import ml.regard.io.RunManifest;
import ml.regard.io.Tables;
import ml.regard.io.TypedTable;
import ml.regard.kernel.AttentionPooling;
import ml.regard.ml.KernelRegressionModel;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.StructType;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/**
 * Batch scoring. All rows are scored into one folder of Parquet, once, each with the reason why it
 * cannot be scored or null. What is counted, shown, rejected and put out comes from those files: a
 * second look at the source might differ.
 */
@Command(name = "score", description = "Predict for a table with a saved model.")
final class ScoreJob extends Job {
  private static final String WHY = "_regard_reason";
  private static final Column REJECTED = col(WHY).isNotNull();

  @Mixin private ModelOptions model;

  @Mixin private InputOptions input;

  @Mixin private ScoreOutput output;

  @Option(
      names = "--date-col",
      paramLabel = "COL",
      description =
          "Score only the rows whose date in this column, in the model's time zone, is --run-date.")
  private String dateCol;

  @Option(
      names = "--columns",
      split = ",",
      paramLabel = "A,B",
      description = "The input's columns to put out beside the prediction (default: all).")
  private List<String> columns;

  @Option(
      names = "--with",
      split = ",",
      paramLabel = "NAME",
      description =
          "More columns behind the prediction: errorBound, by how much it may be off from that of all"
              + " keys; standardError, of the residuals of its keys; interval, a prediction interval for"
              + " the label; band, a confidence band for the smoothed curve; effectiveKeys, how many keys"
              + " carry it; support, how near a key is, from 0 to 1; marginalEffect, its derivatives by the"
              + " features, an array; attention, the keys that carry it; quantiles of the labels under"
              + " the attention.")
  private List<MoreColumn> more = List.of();

  @Option(
      names = "--confidence",
      paramLabel = "C",
      description =
          "Of the columns interval and band, above 0 and below 1 (default: that of the model, 0.9).")
  private Double confidence;

  @Option(
      names = "--outside-support",
      paramLabel = "NAME",
      description =
          "The prediction where the support is below --support-threshold: nearest, mean, nan or"
              + " error (default: that of the model).")
  private OutsideSupportName outsideSupport;

  @Option(
      names = "--support-threshold",
      paramLabel = "S",
      description =
          "The support below which a row is outside, 0 to 1 (default: that of the model).")
  private Double supportThreshold;

  @Option(
      names = "--top",
      paramLabel = "K",
      description = "How many keys the column attention names (default: that of the model, 5).")
  private Integer top;

  @Option(
      names = "--quantiles",
      paramLabel = "P[,P...]",
      converter = NumberList.Converter.class,
      description =
          "The probabilities of the column quantiles (default: those of the model, 0.1,0.5,0.9).")
  private NumberList quantiles;

  @Option(
      names = "--handle-invalid",
      paramLabel = "NAME",
      description =
          "Rows that cannot be scored: error, skip or keep (default: error; skip with --rejected).")
  private HandleInvalid handleInvalid;

  @Option(
      names = "--partitions",
      paramLabel = "P",
      description = "Tasks (default: by the pairs of query and key).")
  private Integer partitions;

  private record Counts(long rows, long rejected) {}

  @Override
  void check() {
    requireAtLeast("--partitions", 1, partitions);
    requireShare("--answer-tolerance", model.answerTolerance);
    requireShare("--support-threshold", supportThreshold);
    requireAtLeast("--top", 1, top);
    for (double p : quantiles == null ? new double[0] : quantiles.values()) {
      requireShare("--quantiles", p);
    }
    if (confidence != null && !(confidence > 0 && confidence < 1)) {
      throw wrong("--confidence", "above 0 and below 1", confidence);
    }
    if (confidence != null && !more.contains(MoreColumn.band)) {
      requireWith("--confidence", confidence, MoreColumn.interval);
    }
    requireWith("--top", top, MoreColumn.attention);
    requireWith("--quantiles", quantiles, MoreColumn.quantiles);
    if (input.format == Tables.Format.JDBC) {
      input.checkDatabase();
    }
    output.check(this, input);
    if (output.rejected == null) {
      handleInvalid = handleInvalid == null ? HandleInvalid.error : handleInvalid;
    } else {
      handleInvalid = handleInvalid == null ? HandleInvalid.skip : handleInvalid;
      if (handleInvalid != HandleInvalid.skip) {
        throw wrong("--handle-invalid", "skip beside --rejected", handleInvalid);
      }
    }
    if (dateCol != null && output.runDate == null) {
      throw wrong("--date-col", "given with --run-date", dateCol);
    }
  }

  private void requireWith(String option, Object value, MoreColumn column) {
    if (value != null && !more.contains(column)) {
      throw wrong(option, "given with --with " + column, value);
    }
  }

  @Override
  Map<String, Object> run(SparkSession spark) {
    RunManifest manifest = manifest(spark);
    long started = System.nanoTime();
    try (RowSink sink = output.open(this, spark, input, model.model)) {
      describe(spark, "reading the model");
      SavedModel saved = SavedModel.load(spark, model);
      ask(saved.model());
      describe(spark, "scoring");
      write(scored(spark, saved), sink.workPath());
      describe(spark, "counting and writing");
      Dataset<Row> rows = spark.read().parquet(Tables.literal(sink.workPath()));
      Counts counts = counts(rows);
      long left = handleInvalid == HandleInvalid.keep ? 0 : counts.rejected;
      long out = counts.rows - left;
      sink.stage(Part.OUT, (left == 0 ? rows : rows.where(col(WHY).isNull())).drop(WHY), out);
      if (output.rejected != null) {
        Dataset<Row> invalid = rows.where(REJECTED).drop(added());
        sink.stage(Part.REJECTED, invalid.withColumnRenamed(WHY, "reason"), left);
      }
      Map<String, Object> record =
          manifest.rows(counts.rows, out, left).close(AttentionPooling::support);
      sink.commit(record);
      RegardMetrics.scored(counts.rows, counts.rejected, saved.model().numKeys());

      Map<String, Object> result = new LinkedHashMap<>();
      result.put("rowsIn", counts.rows);
      result.put("rows", out);
      result.put("rejectedRows", left);
      if (handleInvalid == HandleInvalid.keep) {
        result.put("keptInvalidRows", counts.rejected);
      }
      result.put("seconds", (System.nanoTime() - started) / 1e9);
      for (Part part : output.targets().keySet()) {
        result.put(ScoreOutput.option(part).substring(2), sink.path(part));
      }
      if (output.isDatabase()) {
        result.put("manifest", record); // a database has no place beside the table
      }
      return result;
    }
  }

  private void ask(KernelRegressionModel model) {
    more.forEach(column -> column.ask(model));
    if (outsideSupport != null) {
      model.setOutsideSupport(outsideSupport.name());
    }
    if (supportThreshold != null) {
      model.setSupportThreshold(supportThreshold);
    }
    Optional.ofNullable(confidence).ifPresent(model::setConfidence);
    Optional.ofNullable(top).ifPresent(model::setTopKeys);
    Optional.ofNullable(quantiles).map(NumberList::values).ifPresent(model::setQuantiles);
  }

  /** The kept columns, the prediction, what comes with it, and why it is none. */
  private Dataset<Row> scored(SparkSession spark, SavedModel saved) {
    TypedTable typed = input.read(spark, saved.source().schema());
    Dataset<Row> whole = typed.table();
    List<String> kept = kept(whole.schema());
    List<Column> cells =
        new ArrayList<>(Tables.holdable(Tables.select(whole, kept).schema(), output.format));
    Set<String> used = new LinkedHashSet<>(kept);
    used.addAll(saved.source().inputs(whole));
    Dataset<Row> table;
    if (dateCol == null) {
      table = typed.select(used, WHY);
    } else {
      String column = RunDates.column(whole.schema(), dateCol, input.data);
      used.add(column);
      table = RunDates.only(typed.select(used, WHY), column, output.runDate, WHY);
    }
    Dataset<Row> split =
        partitions == null
            ? PairTasks.splitByPairs(table, saved.model().numKeys())
            : table.repartition(partitions);
    Dataset<Row> predicted = SavedModel.withArrays(saved.predictWithReasons(split, WHY), added());
    cells.addAll(
        Tables.holdable(Tables.select(predicted, List.of(added())).schema(), output.format));
    cells.add(col(WHY));
    return predicted.select(cells.toArray(Column[]::new));
  }

  /** The columns that the model adds. */
  private String[] added() {
    Stream<String> names = more.stream().distinct().map(MoreColumn::name);
    return Stream.concat(Stream.of(SavedModel.PREDICTION), names).toArray(String[]::new);
  }

  /** The columns to put out, as the input spells them. */
  private List<String> kept(StructType schema) {
    List<String> names = List.of(schema.fieldNames());
    List<String> kept =
        columns == null
            ? names
            : columns.stream()
                .map(name -> Tables.require(schema, name.strip(), "--columns", input.data))
                .distinct()
                .toList();
    if (output.runDate != null) {
      requireFree(kept, "run_date", "--run-date");
    }
    if (output.rejected != null) {
      requireFree(kept, "reason", "--rejected");
    }
    return kept;
  }

  private void requireFree(List<String> kept, String name, String option) {
    if (kept.stream().anyMatch(name::equalsIgnoreCase)) {
      throw new DataException(
          "%s has a column %s already; %s would add another (--columns can leave it out)"
              .formatted(input.data, name, option));
    }
  }

  /** The one pass over the source; under ANSI rules an expression may fail on a row. */
  private void write(Dataset<Row> scored, String path) {
    try {
      Tables.write(scored, Tables.Format.PARQUET, path);
    } catch (Exception e) {
      throw Failures.faultOfValues(e)
          .<RuntimeException>map(
              fault ->
                  new DataException(
                      "the features cannot be computed for a row of %s: %s"
                          .formatted(input.data, Tables.firstLine(fault)),
                      e))
          .orElseGet(() -> new IllegalStateException(Tables.firstLine(e), e));
    }
  }

  private Counts counts(Dataset<Row> staged) {
    Row counts = staged.agg(count(lit(1)), count(col(WHY))).head();
    long rows = counts.getLong(0);
    long invalid = counts.getLong(1);
    if (rows == 0) {
      String day = dateCol == null ? "" : " of %s by %s".formatted(output.runDate, dateCol);
      throw new DataException("%s has no rows%s".formatted(input.data, day));
    }
    if (invalid > 0 && handleInvalid == HandleInvalid.error) {
      Column cells =
          to_json(
              struct(staged.drop(added()).drop(WHY).col("*")), Map.of("ignoreNullFields", "false"));
      Row example = staged.where(REJECTED).select(col(WHY), cells).head();
      throw new DataException(
          "%d of %d rows of %s cannot be scored; the first: %s, in %s (--handle-invalid is error)"
              .formatted(invalid, rows, input.data, example.getString(0), example.getString(1)));
    }
    return new Counts(rows, invalid);
  }
}
