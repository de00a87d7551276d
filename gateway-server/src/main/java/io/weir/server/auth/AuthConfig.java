package io.weir.server.auth;

import java.nio.file.Path;
import java.util.List;

/**
 * Keys of the configuration. Immutable, any thread.
 *
 * @param tokens scoped keys
 * @param drainPassword of the user {@code drain} for {@link Scope#DRAIN}; null for none
 * @param metricsPassword of the user {@code metrics} for {@link Scope#SCRAPE}; null for none
 * @param files that tokens were read from; a change in one of them is a change of this
 */
public record AuthConfig(List<Token> tokens, Digest drainPassword, Digest metricsPassword, List<Path> files) {
    public static final AuthConfig NONE = new AuthConfig(List.of(), null, null, List.of());

    public AuthConfig {
        tokens = List.copyOf(tokens);
        files = List.copyOf(files);
    }

    /** Whether any request is asked who it is. */
    public boolean asks() {
        return !tokens.isEmpty() || drainPassword != null || metricsPassword != null;
    }
}
