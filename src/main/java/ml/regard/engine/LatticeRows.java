package ml.regard.engine;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;
import ml.regard.kernel.KeyBlock;
import ml.regard.kernel.LeaveOneOut;
import ml.regard.kernel.LossSums;
import ml.regard.kernel.PackedKeys;
import ml.regard.kernel.PooledState;
import ml.regard.kernel.TrainingQueries;
import ml.regard.lattice.NodeAnswers;
import ml.regard.lattice.NodeSums;
import ml.regard.optim.LossRequest;

/**
 * What a lattice answers about the rows of some blocks: the losses of those whose bound is within
 * the tolerance, by block, and the other rows themselves, which are handed over to exact sums.
 */
final class LatticeRows implements Serializable {
  private static final long serialVersionUID = 1;
  private static final int CHUNK = 4 * PackedKeys.BLOCK_SIZE;

  private final BlockTree<LossSums> certified;
  private final List<TrainingQueries> handedOver = new ArrayList<>();
  private long rows;

  private LatticeRows(int numBlocks) {
    certified = new BlockTree<>(numBlocks);
  }

  /** Asks for the rows of a batch among those of a part. */
  static LatticeRows answered(KeyPart part, KeyFiles files, NodeSums lattice, LossRequest request) {
    LatticeRows answered = new LatticeRows(files.numBlocks());
    part.blocks().forEachRemaining(block -> answered.add(block, files, lattice, request));
    return answered;
  }

  private void add(KeyBlock block, KeyFiles files, NodeSums lattice, LossRequest request) {
    TrainingQueries asking = new TrainingQueries(files, request.leaveOut());
    for (int j = 0; j < block.size(); j++) {
      if (request.batch().contains((long) block.firstPosition() + j)) {
        asking.add(block, j);
      }
    }
    NodeAnswers answers = lattice.answers(asking.sites());
    PooledState met = asking.met(answers.state());
    LossSums[] sums = request.noSums();
    for (int i = 0; i < asking.size(); i++) {
      if (answers.certified(asking.query(i), asking.twinWeight(i), asking.twinValue(i))) {
        LeaveOneOut.add(asking, i, met, sums[0]);
      } else {
        handOver(files, block, asking.position(i) - block.firstPosition(), request);
      }
    }
    rows += asking.size();
    certified.add(block.firstPosition() / PackedKeys.BLOCK_SIZE, sums);
  }

  private void handOver(KeyFiles files, KeyBlock block, int j, LossRequest request) {
    if (handedOver.isEmpty() || handedOver.get(handedOver.size() - 1).size() == CHUNK) {
      handedOver.add(new TrainingQueries(files, request.leaveOut()));
    }
    handedOver.get(handedOver.size() - 1).add(block, j);
  }

  /** The losses of the rows that were certified, by block. */
  BlockTree<LossSums> certified() {
    return certified;
  }

  /** The other rows, in ascending order of their positions. */
  List<TrainingQueries> handedOver() {
    return handedOver;
  }

  /** How many rows asked. */
  long rows() {
    return rows;
  }
}
