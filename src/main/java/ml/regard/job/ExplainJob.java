package ml.regard.job;

import static org.apache.spark.sql.functions.col;

import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import ml.regard.DataException;
import ml.regard.io.OutputFolder;
import ml.regard.io.RunManifest;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Shows for a few queries which training rows carried their predictions. */
@Command(
    name = "explain",
    description = "Show which training rows carried the predictions for a few rows.")
final class ExplainJob extends Job {
  private static final String QUERY = "_regard_query";
  private static final String KEYS = "_regard_keys";

  @Mixin private ModelOptions model;

  @Mixin private InputOptions input;

  @Option(
      names = "--top",
      defaultValue = "5",
      paramLabel = "K",
      description = "Training rows to show for each query (default: ${DEFAULT-VALUE}).")
  private int top;

  @Option(
      names = "--row",
      paramLabel = "N",
      description = "Only the N-th row of the table, from 1 (default: its first rows).")
  private Integer row;

  @Option(
      names = "--limit",
      defaultValue = "10",
      paramLabel = "N",
      description = "How many rows to explain without --row (default: ${DEFAULT-VALUE}).")
  private int limit;

  @Option(
      names = "--out",
      paramLabel = "DIR",
      description = "Also write a report with figures to this folder.")
  private String out;

  @Option(names = "--overwrite", description = "Replace the report when it exists.")
  private boolean overwrite;

  @Override
  void check() {
    requireShare("--answer-tolerance", model.answerTolerance);
    requireAtLeast("--top", 1, top);
    requireAtLeast("--row", 1, row);
    requireAtLeast("--limit", 1, limit);
  }

  @Override
  Map<String, Object> run(SparkSession spark) {
    RunManifest manifest = manifest(spark);
    if (out != null) {
      requireApart(spark, "--out", out, input.data, model.model);
    }
    try (OutputFolder folder = out == null ? null : OutputFolder.stage(spark, out, overwrite)) {
      describe(spark, "reading the model");
      SavedModel saved = SavedModel.load(spark, model);
      describe(spark, "explaining");
      List<Explanation> all = explain(spark, saved);
      PrintWriter err = spec.commandLine().getErr();
      all.forEach(one -> err.println(one.top(top).text()));
      err.flush();
      Map<String, Object> result = new LinkedHashMap<>();
      result.put("rows", all.size());
      result.put("explained", all.stream().map(one -> one.top(top).json()).toList());
      if (folder != null) {
        describe(spark, "drawing");
        new ExplainReport(spark, saved, top).write(all, folder);
        writeManifest(manifest.rows(all.size(), all.size(), 0), folder);
        folder.commit();
        result.put("out", folder.path());
      }
      return result;
    }
  }

  /** The rows asked for, with as many keys as are shown or drawn. */
  private List<Explanation> explain(SparkSession spark, SavedModel saved) {
    saved.model().setAttentionCol(KEYS).setTopKeys(Math.max(top, ExplainReport.drawn(out)));
    Dataset<Row> table = input.read(spark, saved.source().schema()).table();
    Dataset<Row> asked = row == null ? table.limit(limit) : table.offset(row - 1).limit(1);
    List<Row> rows =
        saved
            .predict(saved.source().withFeatures(asked, QUERY))
            .select(col(QUERY), col(SavedModel.PREDICTION), col(KEYS))
            .collectAsList();
    if (rows.isEmpty()) {
      throw new DataException(
          row == null
              ? "%s has no rows".formatted(input.data)
              : "%s has no row %d".formatted(input.data, row));
    }
    List<Explanation> all = new ArrayList<>();
    for (Row found : rows) {
      long number = row == null ? all.size() + 1 : row;
      all.add(
          new Explanation(
              number,
              saved.source().names(),
              found.getList(0),
              found.getDouble(1),
              found.isNullAt(2)
                  ? List.of()
                  : found.<Row>getList(2).stream().map(ExplainJob::key).toList()));
    }
    return all;
  }

  private static Explanation.Key key(Row key) {
    return new Explanation.Key(
        key.getString(4), key.getLong(0), key.getDouble(1), key.getList(2), key.getDouble(3));
  }
}
