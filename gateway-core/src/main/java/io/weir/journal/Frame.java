package io.weir.journal;

/**
 * Head of a frame's body: {@code flags (1 byte) | varint sequence | varint milliseconds | by flags: varint low, key,
 * group, time to live, voids | items}. Stateless.
 */
final class Frame {
    /** Ends of series: references, families and bounds are the frame's own, and {@code low} is given. */
    static final int KILLS = 1;
    /** The batch has an idempotency key. */
    static final int KEY = 2;
    /** Frames of another writer that never were: writer, first and last sequence number of each run. */
    static final int VOIDS = 4;
    /** Defines nothing: neither a series nor a HELP text is in it. */
    static final int PLAIN = 8;
    /** The batch belongs to a group: its key and what of it ends, by {@link Replace}. */
    static final int GROUP = 16;

    /** Every series in it ends when it is not touched for so many seconds. */
    static final int TTL = 32;

    private Frame() {}
}
