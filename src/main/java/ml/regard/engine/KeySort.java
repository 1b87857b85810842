package ml.regard.engine;

import static org.apache.spark.sql.functions.lit;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import ml.regard.kernel.SpaceOrder;
import org.apache.spark.HashPartitioner;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.storage.StorageLevel;
import scala.Tuple2;

/**
 * Sorts rows over the cluster by (place on the curve of {@link SpaceOrder}, features, value,
 * weight, id), which is the canonical order, numbers them in it, and writes them as a {@link
 * KeyTable}.
 *
 * <p>Tasks sort runs, which are kept on the executors, in memory or where that is short on disk.
 * Cuts from a sample of the runs make parts of about the same size, rows before each cut are
 * counted, and so a part knows its first position before the slices of all runs are merged to it.
 * Cost: rows are read twice, for the walls of the curve's grid and for the runs, and are sorted and
 * sent once. The driver sees {@link FeatureRanks}, a few rows of each run, and counts.
 */
final class KeySort {
  private static final int RUN_BYTES = 16 << 20;
  private static final int SAMPLE = 16;

  /** A cut, and for how many rows of its run it stands. */
  private static final class Sample implements Serializable {
    private static final long serialVersionUID = 1;

    private final KeyRun.Cut cut;
    private final double rows;

    Sample(KeyRun.Cut cut, double rows) {
      this.cut = cut;
      this.rows = rows;
    }
  }

  private KeySort() {}

  /**
   * Sorts and writes rows in any order.
   *
   * @param rows columns features (array of dim), value, weight and id of usable rows with positive
   *     weight
   */
  static void write(Dataset<Row> rows, int dim, String path) {
    JavaRDD<KeyRow> read =
        rows.select(
                lit(0L).as("position"),
                rows.col("features"),
                rows.col("value"),
                rows.col("weight"),
                rows.col("id"))
            .as(Encoders.bean(KeyRow.class))
            .toJavaRDD();
    SpaceOrder order =
        new SpaceOrder(
            dim > SpaceOrder.MAX_FEATURES ? new double[0][] : FeatureRanks.of(read, dim));
    JavaRDD<KeyRun> runs =
        read.mapPartitionsWithIndex(
                (index, part) -> (Iterator<KeyRun>) new Runs(index, part, dim, order), false)
            .persist(StorageLevel.MEMORY_AND_DISK());
    try {
      KeyRun.Cut[] cuts = cuts(runs, dim);
      long[] firsts = runs.map(run -> before(run, cuts)).reduce(KeySort::sum);
      JavaRDD<KeyRow> sorted =
          runs.flatMapToPair(run -> slices(run, cuts))
              .partitionBy(new HashPartitioner(firsts.length)) // the hash of an int is itself
              .values()
              .mapPartitionsWithIndex((p, slices) -> KeyRun.merge(slices, firsts[p]), false);
      KeyTable.write(KeyTable.of(rows.sparkSession(), sorted), path);
    } finally {
      runs.unpersist(false);
    }
  }

  /** Where parts of about the same size begin, but for the first. */
  private static KeyRun.Cut[] cuts(JavaRDD<KeyRun> runs, int dim) {
    List<Sample> samples = new ArrayList<>();
    runs.map(KeySort::sample).collect().forEach(samples::addAll);
    samples.sort(Comparator.comparing(sample -> sample.cut));
    double all = samples.stream().mapToDouble(sample -> sample.rows).sum();
    int parts = KeyTable.partitions(runs.context().defaultParallelism(), all, dim);
    List<KeyRun.Cut> cuts = new ArrayList<>();
    double before = 0;
    for (Sample sample : samples) {
      if (before >= all * (cuts.size() + 1) / parts) {
        cuts.add(sample.cut);
      }
      before += sample.rows;
    }
    return cuts.toArray(KeyRun.Cut[]::new);
  }

  private static List<Sample> sample(KeyRun run) {
    int size = Math.min(SAMPLE, run.size());
    return IntStream.range(0, size)
        .mapToObj(s -> (int) ((long) run.size() * s / size))
        .map(index -> new Sample(run.cut(index), (double) run.size() / size))
        .collect(Collectors.toCollection(ArrayList::new));
  }

  /** How many rows of a run come before the parts. */
  private static long[] before(KeyRun run, KeyRun.Cut[] cuts) {
    long[] before = new long[cuts.length + 1];
    Arrays.setAll(before, p -> p == 0 ? 0 : run.before(cuts[p - 1]));
    return before;
  }

  private static Iterator<Tuple2<Integer, KeyRun>> slices(KeyRun run, KeyRun.Cut[] cuts) {
    long[] before = before(run, cuts);
    return IntStream.range(0, before.length)
        .mapToObj(
            p -> {
              int end = p < cuts.length ? (int) before[p + 1] : run.size();
              return new Tuple2<>(p, run.slice((int) before[p], end));
            })
        .filter(slice -> slice._2().size() > 0)
        .iterator();
  }

  private static long[] sum(long[] a, long[] b) {
    Arrays.setAll(a, i -> a[i] + b[i]);
    return a;
  }

  /** The runs of a part of the rows. */
  private static final class Runs implements Iterator<KeyRun> {
    private final Iterator<KeyRow> rows;
    private final int dim;
    private final SpaceOrder order;
    private long number;

    Runs(int partition, Iterator<KeyRow> rows, int dim, SpaceOrder order) {
      this.rows = rows;
      this.dim = dim;
      this.order = order;
      this.number = (long) partition << Integer.SIZE;
    }

    @Override
    public boolean hasNext() {
      return rows.hasNext();
    }

    @Override
    public KeyRun next() {
      if (!hasNext()) {
        throw new NoSuchElementException();
      }
      List<KeyRow> run = new ArrayList<>();
      int capacity = Math.max(1, RUN_BYTES / KeyTable.rowBytes(dim));
      while (run.size() < capacity && rows.hasNext()) {
        KeyRow row = rows.next();
        row.setPosition(order.code(row.getFeatures()));
        run.add(row);
      }
      return KeyRun.of(number++, dim, run);
    }
  }
}
