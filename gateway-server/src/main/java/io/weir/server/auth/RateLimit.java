package io.weir.server.auth;

import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;

/** A token bucket over all requests: {@code burst} at once, then one in each interval. Any thread. */
final class RateLimit {
    private final long intervalNanos;
    private final int burst;
    private final LongSupplier nanoClock;

    /** When the bucket is full again. */
    private final AtomicLong full;

    RateLimit(long intervalNanos, int burst, LongSupplier nanoClock) {
        this.intervalNanos = intervalNanos;
        this.burst = burst;
        this.nanoClock = nanoClock;
        this.full = new AtomicLong(nanoClock.getAsLong());
    }

    /** Takes one; false when there is none. */
    boolean allow() {
        long now = nanoClock.getAsLong();
        while (true) {
            long at = full.get();
            long next = (at - now > 0 ? at : now) + intervalNanos;
            // in floating point, for burst * interval may not fit
            if (next - now > (double) burst * intervalNanos) {
                return false;
            }
            if (full.compareAndSet(at, next)) {
                return true;
            }
        }
    }
}
