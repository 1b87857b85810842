package ml.regard.io;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/** The folders above an output that did not exist at first: a run that fails takes them along. */
final class MissingParents {
  private final FileSystem files;
  private final List<Path> missing = new ArrayList<>(); // from the inside out

  MissingParents(FileSystem files, Path folder) throws IOException {
    this.files = files;
    for (Path p = folder; p != null && !files.exists(p); p = p.getParent()) {
      missing.add(p);
    }
  }

  /** Deletes them as far as they are empty. */
  void deleteEmpty() throws IOException {
    for (Path folder : missing) {
      if (!deleteIfEmpty(files, folder)) {
        return;
      }
    }
  }

  static boolean deleteIfEmpty(FileSystem files, Path folder) throws IOException {
    return files.exists(folder)
        && files.listStatus(folder).length == 0
        && files.delete(folder, false);
  }
}
