package io.weir.server;

import java.io.IOException;
import java.io.InputStream;
import java.util.Properties;

/**
 * Which Weir this is, as written down by the build. Immutable, any thread.
 *
 * @param commit abbreviated; {@code unknown} when built outside a repository
 */
public record Build(String version, String commit) {
    public static Build read() {
        Properties properties = new Properties();
        try (InputStream in = Build.class.getResourceAsStream("build.properties")) {
            if (in != null) {
                properties.load(in);
            }
        } catch (IOException e) {
            throw new AssertionError("build.properties of the class path cannot be read", e);
        }
        return new Build(properties.getProperty("version", "unknown"), properties.getProperty("commit", "unknown"));
    }

    /** {@code weir 0.1.0 (commit a1b2c3d, Java 17.0.15)}. */
    public String describe() {
        return "weir " + version + " (commit " + commit + ", Java " + Runtime.version() + ")";
    }
}
