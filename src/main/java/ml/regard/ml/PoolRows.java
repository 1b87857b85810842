package ml.regard.ml;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import ml.regard.DataException;
import ml.regard.engine.KeyStore;
import ml.regard.engine.Widths;
import ml.regard.kernel.Keys;
import ml.regard.kernel.QueryBlock;
import org.apache.spark.api.java.function.MapPartitionsFunction;
import org.apache.spark.ml.linalg.Vector;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;

/**
 * The way of a query through {@code transform}: a partition's rows are taken in blocks, their
 * vectors pooled over all keys, and the results put behind each row's own cells. Rows keep their
 * order.
 */
final class PoolRows implements MapPartitionsFunction<Row, Row> {
  private static final long serialVersionUID = 1;
  private static final int BLOCK_SIZE = 4096;
  private static final int MAX_WEIGHTS = 1 << 21; // 16 MB of attention weights and keys at a time

  private final KeyStore.Shared shared;
  private final KeyStore.Answering how;
  private final Widths widths;
  private final String featuresCol;
  private final String handleInvalid;
  private final OutputColumn[] columns;
  private final boolean attentionWeights;
  private final int topKeys;
  private final boolean masked;

  /** Where keys are masked, rows have a group and a time behind their other cells. */
  PoolRows(
      KeyStore.Shared shared,
      KeyStore.Answering how,
      Widths widths,
      KernelRegressionParams params) {
    this.shared = shared;
    this.how = how;
    this.widths = widths;
    this.featuresCol = params.getFeaturesCol();
    this.handleInvalid = params.getHandleInvalid();
    this.columns = OutputColumns.of(params).toArray(OutputColumn[]::new);
    this.attentionWeights = !params.getAttentionWeightsCol().isEmpty();
    this.topKeys = params.getAttentionCol().isEmpty() ? 0 : params.getTopKeys();
    this.masked = MaskColumns.asked(params);
  }

  @Override
  public Iterator<Row> call(Iterator<Row> rows) {
    return new Iterator<>() {
      private Iterator<Row> pooled = List.<Row>of().iterator();

      @Override
      public boolean hasNext() {
        while (!pooled.hasNext() && rows.hasNext()) {
          pooled = pool(nextBlock(rows, blockSize())).iterator();
        }
        return pooled.hasNext();
      }

      @Override
      public Row next() {
        if (!hasNext()) {
          throw new NoSuchElementException();
        }
        return pooled.next();
      }
    };
  }

  private int blockSize() {
    long numKeys = keys().numKeys();
    long weights = attentionWeights ? numKeys : 0;
    long cells = (keys().dim() + 8L) * Math.min(topKeys, numKeys);
    return (int) Math.max(1, Math.min(BLOCK_SIZE, MAX_WEIGHTS / Math.max(1, weights + cells)));
  }

  private Keys keys() {
    return shared.keys();
  }

  private static List<Row> nextBlock(Iterator<Row> rows, int size) {
    List<Row> block = new ArrayList<>(size);
    while (rows.hasNext() && block.size() < size) {
      block.add(rows.next());
    }
    return block;
  }

  private List<Row> pool(List<Row> block) {
    List<Row> kept = new ArrayList<>(block.size());
    List<Row> usable = new ArrayList<>(block.size());
    List<double[]> features = new ArrayList<>(block.size());
    boolean[] pooled = new boolean[block.size()];
    for (Row row : block) {
      double[] query = query(row);
      if (query != null) {
        pooled[kept.size()] = true;
        usable.add(row);
        features.add(query);
      }
      if (query != null || handleInvalid.equals("keep")) {
        kept.add(row);
      }
    }
    return append(kept, pooled, asked(usable, features.toArray(double[][]::new)));
  }

  /** Each query with the answers that it is among. */
  private List<Asked> asked(List<Row> rows, double[][] features) {
    String[] groups = rows.stream().map(this::group).toArray(String[]::new);
    Long[] times = rows.stream().map(this::time).toArray(Long[]::new);
    QueryBlock queries = QueryBlock.masked(keys().dim(), features, keys().mask(), groups, times);
    Asked[] asked = new Asked[features.length];
    if (widths.areOfGroups()) {
      Map<Integer, List<Integer>> byGroup =
          IntStream.range(0, asked.length)
              .boxed()
              .collect(Collectors.groupingBy(i -> keys().mask().indexOf(groups[i])));
      byGroup.forEach((group, members) -> ask(queries, group, members, asked));
    } else {
      BlockAnswers answers = new BlockAnswers(shared, how, queries);
      Arrays.setAll(asked, i -> new Asked(answers, i));
    }
    return List.of(asked);
  }

  /** The queries of one group, which have its widths. */
  private void ask(QueryBlock queries, int group, List<Integer> members, Asked[] asked) {
    int[] own = members.stream().mapToInt(i -> i).toArray();
    BlockAnswers answers = new BlockAnswers(shared, how.at(widths.of(group)), queries.select(own));
    for (int i = 0; i < own.length; i++) {
      asked[own[i]] = new Asked(answers, i);
    }
  }

  /** A query among others. */
  private record Asked(BlockAnswers answers, int query) {
    Object cell(OutputColumn column) {
      return column.cell().of(answers, query);
    }
  }

  private String group(Row row) {
    return masked ? row.getString(row.size() - 2) : null;
  }

  private Long time(Row row) {
    return masked ? row.<Long>getAs(row.size() - 1) : null;
  }

  /** The row's query, or null when it cannot be used and need not stop the job. */
  private double[] query(Row row) {
    Vector features = row.getAs(featuresCol);
    String problem = Columns.problem(features);
    if (problem != null) {
      if (handleInvalid.equals("error")) {
        throw new DataException(
            "a row cannot be scored: %s, in column %s = %s (handleInvalid is error)"
                .formatted(problem, featuresCol, features));
      }
      return null;
    }
    if (features.size() != keys().dim()) {
      throw Columns.wrongSize(featuresCol, keys().dim(), features.size());
    }
    return features.toArray();
  }

  private List<Row> append(List<Row> rows, boolean[] pooled, List<Asked> asked) {
    List<Row> appended = new ArrayList<>(rows.size());
    int query = 0;
    for (int r = 0; r < rows.size(); r++) {
      Row row = rows.get(r);
      int own = row.size() - (masked ? 2 : 0);
      Object[] cells = new Object[own + columns.length];
      for (int c = 0; c < own; c++) {
        cells[c] = row.get(c);
      }
      for (int c = 0; c < columns.length; c++) {
        cells[own + c] = pooled[r] ? asked.get(query).cell(columns[c]) : columns[c].none();
      }
      query += pooled[r] ? 1 : 0;
      appended.add(RowFactory.create(cells));
    }
    return appended;
  }
}
