package io.weir.server.config;

import java.time.Duration;

/** Durations as people write them in requests: in the form that options have, {@code 30s}, {@code 5m}, {@code 1h30m}. Stateless. */
public final class Durations {
    private Durations() {}

    /** Null when it is none. */
    public static Duration read(String text) {
        try {
            return Values.duration(text);
        } catch (BadValue e) {
            return null;
        }
    }
}
