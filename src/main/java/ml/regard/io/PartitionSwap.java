package ml.regard.io;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.spark.sql.SparkSession;

/**
 * Puts staged folders in the place of others, with a journal: whoever finds a run that died takes
 * it forward when its journal is there, and else removes what it staged.
 *
 * <pre>
 *   plan.json       written first: which staged folder goes where
 *   journal.json    plan.json under its new name: from here on the only way is forward
 *   each target     moved to the trash beside the staged folder, when it exists
 *   each staged     moved to its target
 *   journal.json    deleted, then the run's folders with the trash
 * </pre>
 *
 * <p>Every step can be done again: a staged folder that is gone is in its place. A target is old or
 * new, or absent for the instant between two renames; never mixed, since no rename goes into a
 * folder that exists.
 */
final class PartitionSwap {
  /** A staged folder and its place. */
  record Move(Path staged, Path target) {}

  private static final String PLAN = "plan.json";
  private static final String JOURNAL = "journal.json";

  private final SparkSession spark;
  private final Path folder;
  private final List<Move> moves;

  /**
   * Of one run.
   *
   * @param folder the run's folder, which holds the plan
   */
  PartitionSwap(SparkSession spark, Path folder, List<Move> moves) {
    this.spark = spark;
    this.folder = folder;
    this.moves = moves;
  }

  /** The swap that a run left in its folder, if it has come to plan one. */
  static PartitionSwap of(SparkSession spark, Path folder) throws IOException {
    FileSystem files = Paths.fileSystem(spark, folder.toString());
    Optional<String> plan = Paths.read(files, new Path(folder, JOURNAL));
    if (plan.isEmpty()) {
      plan = Paths.read(files, new Path(folder, PLAN));
    }
    return new PartitionSwap(spark, folder, plan.map(PartitionSwap::moves).orElse(List.of()));
  }

  /** Writes down what will go where, before anything is staged. */
  void plan() throws IOException {
    List<Map<String, String>> list = new ArrayList<>();
    for (Move move : moves) {
      list.add(Map.of("staged", move.staged.toString(), "target", move.target.toString()));
    }
    Paths.write(files(folder), new Path(folder, PLAN), Json.pretty(Map.of("moves", list)));
  }

  /** A plan whose writing was interrupted has staged nothing yet. */
  private static List<Move> moves(String plan) {
    List<Move> moves = new ArrayList<>();
    try {
      for (JsonNode move : Json.parse(plan, PLAN).path("moves")) {
        moves.add(
            new Move(
                new Path(move.required("staged").asText()),
                new Path(move.required("target").asText())));
      }
    } catch (IllegalArgumentException e) {
      return List.of();
    }
    return moves;
  }

  boolean isDecided() throws IOException {
    return files(folder).exists(new Path(folder, JOURNAL));
  }

  /** The point of no return. */
  void decide() throws IOException {
    Paths.rename(files(folder), new Path(folder, PLAN), new Path(folder, JOURNAL));
  }

  /** Goes all the way, from wherever it was left. */
  void forward() throws IOException {
    for (Move move : moves) {
      FileSystem files = files(move.staged);
      if (files.exists(move.staged)) {
        try {
          Path trash = new Path(move.staged.getParent(), "trash-" + UUID.randomUUID());
          Paths.rename(files, move.target, trash);
        } catch (FileNotFoundException e) {
          files.mkdirs(move.target.getParent()); // there was none
        }
        Paths.rename(files, move.staged, move.target);
      }
    }
    deleteOtherFolders();
    files(folder).delete(new Path(folder, JOURNAL), false);
    files(folder).delete(folder, true);
  }

  /** Removes what was staged. */
  void abandon() throws IOException {
    deleteOtherFolders();
    files(folder).delete(folder, true);
  }

  /** The plan goes last: without it nobody would know of the others. */
  private void deleteOtherFolders() throws IOException {
    for (Move move : moves) {
      Path other = move.staged.getParent();
      if (!other.equals(folder)) {
        files(other).delete(other, true);
      }
    }
  }

  private FileSystem files(Path path) throws IOException {
    return Paths.fileSystem(spark, path.toString());
  }
}
