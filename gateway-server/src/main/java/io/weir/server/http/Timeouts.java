package io.weir.server.http;

import java.util.concurrent.TimeUnit;

/** Time limits that {@code io.weir.sample.Limits} does not name, and how often all of them are looked at. */
final class Timeouts {
    /** Interval of the sweep over the connections of an event loop; time limits are kept to this exactness. */
    static final long SWEEP_MILLIS = 250;

    /** A body must bring {@link #BODY_BYTES_MIN} in each window of this length. */
    static final long BODY_WINDOW_NANOS = TimeUnit.SECONDS.toNanos(5);
    static final long BODY_BYTES_MIN = 5 << 10;

    /** An answer of which the peer takes nothing for this long is given up. */
    static final long STALL_NANOS = TimeUnit.SECONDS.toNanos(30);

    /** After the last answer the peer has this long, and this many bytes, to stop sending. */
    static final long LINGER_NANOS = TimeUnit.SECONDS.toNanos(2);
    static final long LINGER_BYTES = 64 << 10;

    private Timeouts() {}
}
