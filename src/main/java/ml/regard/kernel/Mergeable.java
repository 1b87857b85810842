package ml.regard.kernel;

/** Sums over some rows or keys that take in the sums over others. */
public interface Mergeable<S> {
  /** Adds the other sums to these and returns these. */
  S merge(S other);
}
