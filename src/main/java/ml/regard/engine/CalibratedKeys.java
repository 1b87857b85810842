package ml.regard.engine;

import java.util.Iterator;
import java.util.List;
import java.util.function.Predicate;
import ml.regard.kernel.AttentionMask;
import ml.regard.kernel.BlockSummary;
import ml.regard.kernel.KeyBlock;
import ml.regard.kernel.Keys;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;

/** Keys with the squares of their residuals, in units of their mean, as a further value. */
final class CalibratedKeys implements Keys {
  private final Keys keys;
  private final Residuals residuals;

  private CalibratedKeys(Keys keys, Residuals residuals) {
    this.keys = keys;
    this.residuals = residuals;
  }

  /** Shares them with tasks; released by Spark's cleaner, as the keys are. */
  static KeyStore.Shared share(JavaSparkContext spark, KeyStore.Shared keys, Residuals residuals) {
    return new Shared(keys, spark.broadcast(residuals), residuals.meanSquare());
  }

  private record Shared(
      KeyStore.Shared shared, Broadcast<Residuals> residuals, double meanSquaredResidual)
      implements KeyStore.Shared {
    @Override
    public Keys keys() {
      return new CalibratedKeys(shared.keys(), residuals.value());
    }
  }

  @Override
  public int dim() {
    return keys.dim();
  }

  @Override
  public int numKeys() {
    return keys.numKeys();
  }

  @Override
  public double valueCentre() {
    return keys.valueCentre();
  }

  @Override
  public List<BlockSummary> summaries() {
    return keys.summaries();
  }

  @Override
  public int numOthers() {
    return 1;
  }

  @Override
  public AttentionMask mask() {
    return keys.mask();
  }

  @Override
  public long code(double[] point) {
    return keys.code(point);
  }

  @Override
  public Iterator<KeyBlock> blocks() {
    return beside(keys.blocks());
  }

  @Override
  public Iterator<KeyBlock> blocks(Predicate<BlockSummary> wanted) {
    return beside(keys.blocks(wanted));
  }

  private Iterator<KeyBlock> beside(Iterator<KeyBlock> blocks) {
    return new Iterator<>() {
      @Override
      public boolean hasNext() {
        return blocks.hasNext();
      }

      @Override
      public KeyBlock next() {
        return residuals.beside(blocks.next());
      }
    };
  }
}
