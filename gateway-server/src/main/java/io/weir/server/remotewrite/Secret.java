package io.weir.server.remotewrite;

import java.util.Objects;

/**
 * A password, token or header value. Prints as {@code (secret)}, so that it cannot slip into a log line, an error or a dump of
 * the configuration; {@link #reveal()} is the only way to its text. Immutable, any thread.
 */
public final class Secret {
    private final String text;

    public Secret(String text) {
        this.text = Objects.requireNonNull(text);
    }

    /** The text itself. Never put it where people read. */
    public String reveal() {
        return text;
    }

    @Override
    public boolean equals(Object o) {
        return o instanceof Secret s && s.text.equals(text);
    }

    @Override
    public int hashCode() {
        return text.hashCode();
    }

    @Override
    public String toString() {
        return "(secret)";
    }
}
