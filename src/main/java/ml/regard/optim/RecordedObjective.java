package ml.regard.optim;

import java.util.Arrays;
import java.util.Optional;
import java.util.function.Supplier;
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
  public LossSums lossAndGradient(double[] inverseWidths, Batch batch) {
    double[][] asked = {inverseWidths.clone()};
    Supplier<LossSums[]> evaluate =
        () -> new LossSums[] {objective.lossAndGradient(inverseWidths, batch)};
    return answer(true, asked, batch, evaluate)[0];
  }

  @Override
  public LossSums[] losses(double[][] candidates, Batch batch) {
    double[][] asked = Arrays.stream(candidates).map(double[]::clone).toArray(double[][]::new);
    return answer(false, asked, batch, () -> objective.losses(candidates, batch));
  }

  /**
   * The recorded answer, or a new one that is recorded.
   *
   * @throws DataException if the record is of another question
   */
  private LossSums[] answer(
      boolean derivatives, double[][] asked, Batch batch, Supplier<LossSums[]> evaluate) {
    Optional<Evaluation> past = log.next();
    if (past.isEmpty()) {
      LossSums[] sums = evaluate.get();
      log.append(new Evaluation(derivatives, asked, batch, sums));
      return sums;
    }
    replayed++;
    if (!past.get().answers(derivatives, asked, batch)) {
      throw new DataException(
          "evaluation %d of the checkpoint was of inverse widths %s over %s, but this fit asks for %s over %s"
              .formatted(
                  replayed,
                  Arrays.deepToString(past.get().inverseWidths()),
                  past.get().batch(),
                  Arrays.deepToString(asked),
                  batch));
    }
    return past.get().sums();
  }
}
