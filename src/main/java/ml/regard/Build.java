package ml.regard;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Properties;

/** Which build this is. */
public final class Build {
  private static final Properties PROPERTIES = read();

  private Build() {}

  /** The version of Regard. */
  public static String version() {
    return PROPERTIES.getProperty("version");
  }

  /** The abbreviated commit, or "unknown" when it was not built from a git checkout. */
  public static String commit() {
    String commit = PROPERTIES.getProperty("commit", "");
    return commit.isEmpty() || commit.startsWith("$") ? "unknown" : commit;
  }

  /** The version of Spark that it was built against. */
  public static String sparkVersion() {
    return PROPERTIES.getProperty("spark");
  }

  private static Properties read() {
    Properties properties = new Properties();
    try (InputStream in = Build.class.getResourceAsStream("build.properties")) {
      properties.load(in);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return properties;
  }
}
