package ml.regard.engine;

import ml.regard.kernel.FoldSums;
import ml.regard.kernel.KeyBlock;

/** The values by fold that cv+ pools: see {@link FoldSums}. */
final class FoldsBeside implements Beside {
  private static final long serialVersionUID = 1;

  private final Residuals residuals;
  private final long seed;

  FoldsBeside(Residuals residuals, long seed) {
    this.residuals = residuals;
    this.seed = seed;
  }

  @Override
  public int numOthers() {
    return FoldSums.VALUES;
  }

  @Override
  public KeyBlock beside(KeyBlock block) {
    return FoldSums.beside(block, seed, residuals.squares(block));
  }
}
