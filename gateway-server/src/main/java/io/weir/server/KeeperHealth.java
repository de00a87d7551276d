package io.weir.server;

import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import java.util.function.Supplier;

/**
 * Whether the keeper still works: without it nothing is scraped, deleted or expired. Sick when its count of duty cycles
 * has stood still for three intervals between two looks. Any thread.
 */
public final class KeeperHealth implements Supplier<String> {
    /** The keeper is never silent for longer than this, a large snapshot included. */
    static final long INTERVAL_NANOS = TimeUnit.SECONDS.toNanos(1);

    private final LongSupplier duties;
    private final LongSupplier nanoClock;
    private long seen = -1;
    private long seenAtNanos;

    /** Watches a count that grows with each duty cycle. */
    public KeeperHealth(LongSupplier duties, LongSupplier nanoClock) {
        this.duties = duties;
        this.nanoClock = nanoClock;
    }

    /** What is wrong, or null. */
    @Override
    public synchronized String get() {
        long now = nanoClock.getAsLong();
        long count = duties.getAsLong();
        if (count != seen) {
            seen = count;
            seenAtNanos = now;
            return null;
        }
        long silent = now - seenAtNanos;
        return silent < 3 * INTERVAL_NANOS
                ? null
                : "the keeper has been silent for " + TimeUnit.NANOSECONDS.toSeconds(silent) + " s";
    }
}
