package ml.regard.optim;

import java.util.Optional;

/**
 * The evaluations of a fit in their order, kept where they outlive the process. Use: {@link #next}
 * until it is empty, then {@link #append}, then {@link #close}.
 */
public interface EvaluationLog extends AutoCloseable {
  /** Remembers nothing. */
  EvaluationLog NONE =
      new EvaluationLog() {
        @Override
        public Optional<Evaluation> next() {
          return Optional.empty();
        }

        @Override
        public void append(Evaluation evaluation) {}

        @Override
        public void close() {}
      };

  /** The next evaluation of an earlier run; empty when there are no more. */
  Optional<Evaluation> next();

  /** Keeps an evaluation of this run. */
  void append(Evaluation evaluation);

  /** Makes sure that all is kept. */
  @Override
  void close();
}
