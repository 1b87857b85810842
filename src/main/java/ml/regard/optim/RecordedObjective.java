package ml.regard.optim;

import java.util.Optional;
import ml.regard.DataException;
import ml.regard.kernel.LossSums;

/**
 * An objective that remembers its answers. A solver is a function of what its objective answers, so
 * this log is all there is to a checkpoint: a fit that starts again asks the same questions, is
 * given the recorded answers at once, and goes on from the last one with the bits of a fit that was
 * never disturbed. That holds for every solver, and for the scan of starting widths.
 */
public final class RecordedObjective implements Objective {
  private final Objective objective;
  private final EvaluationLog log;
  private int replayed;

  public RecordedObjective(Objective objective, EvaluationLog log) {
    this.objective = objective;
    this.log = log;
  }

  /** How many evaluations the log has answered. */
  public int replayed() {
    return replayed;
  }

  @Override
  public int numRows() {
    return objective.numRows();
  }

  @Override
  public boolean isCoarse() {
    return objective.isCoarse();
  }

  /**
   * The recorded answer, or a new one that is recorded.
   *
   * @throws DataException if the record is of another question
   */
  @Override
  public LossSums[] evaluate(LossRequest request) {
    LossRequest asked = request.copy();
    Optional<Evaluation> past = log.next();
    if (past.isEmpty()) {
      LossSums[] sums = objective.evaluate(request);
      log.append(new Evaluation(asked, sums));
      return sums;
    }
    replayed++;
    if (!past.get().request().same(asked)) {
      throw new DataException(
          "evaluation %d of the checkpoint was of %s, but this fit asks for %s"
              .formatted(replayed, past.get().request(), asked));
    }
    return past.get().sums();
  }
}
