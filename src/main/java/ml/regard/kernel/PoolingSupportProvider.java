package ml.regard.kernel;

import java.lang.System.Logger.Level;
import java.lang.management.ManagementFactory;
import java.util.List;

/**
 * Picks the loops of this process: the system property {@code regard.support} is {@code auto} (the
 * default), {@code simd} or {@code scalar}. The choice and its reason are logged. Names nothing of
 * the Vector API, whose module a JVM has only when it is asked for.
 */
final class PoolingSupportProvider {
  private static final String PROPERTY = "regard.support";
  private static final String MODULE = "jdk.incubator.vector";
  private static final String STOP_AT_LEVEL = "-XX:TieredStopAtLevel=";

  /** The name of a support and why it is this one. */
  record Choice(String name, String reason) {}

  private PoolingSupportProvider() {}

  /**
   * The support that this JVM is to use.
   *
   * @throws IllegalArgumentException if the property has another value
   * @throws IllegalStateException if it asks for {@code simd} on a JVM without the module
   */
  static PoolingSupport pick() {
    Choice choice =
        choose(
            System.getProperty(PROPERTY, "auto"),
            ModuleLayer.boot().findModule(MODULE).isPresent(),
            ManagementFactory.getRuntimeMXBean().getInputArguments());
    PoolingSupport support = choice.name.equals("simd") ? loadSimd() : new ScalarSupport();
    System.getLogger(PoolingSupportProvider.class.getName())
        .log(Level.INFO, "support {0}: {1}", support.name(), choice.reason);
    return support;
  }

  /**
   * The choice for a JVM.
   *
   * @param property the value of {@code regard.support}
   * @param hasModule whether the JVM has the module of the Vector API
   * @param arguments those of the JVM, from left to right
   */
  static Choice choose(String property, boolean hasModule, List<String> arguments) {
    return switch (property) {
      case "auto" -> {
        if (!hasModule) {
          yield new Choice("scalar", "this JVM was started without --add-modules " + MODULE);
        }
        yield compilesWell(arguments)
            ? new Choice("simd", "this JVM has the module " + MODULE)
            : new Choice("scalar", "C2 is off, and without it vectors are slower than the loops");
      }
      case "simd" -> {
        if (!hasModule) {
          throw new IllegalStateException(
              "%s is simd, but this JVM was started without --add-modules %s"
                  .formatted(PROPERTY, MODULE));
        }
        yield new Choice("simd", PROPERTY + " asks for it");
      }
      case "scalar" -> new Choice("scalar", PROPERTY + " asks for it");
      default ->
          throw new IllegalArgumentException(
              "%s must be auto, simd or scalar, but was '%s'".formatted(PROPERTY, property));
    };
  }

  /** Whether hot code reaches C2. Without it every vector is an object on the heap. */
  private static boolean compilesWell(List<String> arguments) {
    boolean reachesC2 = true;
    for (String argument : arguments) {
      if (argument.startsWith(STOP_AT_LEVEL)) {
        reachesC2 = argument.equals(STOP_AT_LEVEL + 4); // the last one counts
      }
    }
    return reachesC2 && !arguments.contains("-Xint");
  }

  private static PoolingSupport loadSimd() {
    try {
      return Class.forName("ml.regard.kernel.SimdSupport")
          .asSubclass(PoolingSupport.class)
          .getDeclaredConstructor()
          .newInstance();
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException("the support simd cannot be loaded", e);
    }
  }
}
