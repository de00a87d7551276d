package io.weir.journal;

/** What is known of one segment file. Any thread; changed by its writer, later by the journal. */
final class Segment {
    private static final String PREFIX = "segment-";
    private static final String SUFFIX = ".journal";

    final long number;
    final int writer;
    final long generation;
    /** Null once closed, and for segments of earlier processes. */
    final Storage.Output output;
    /** Bytes that make whole frames: what lies behind them does not count. */
    volatile long bytes;
    /** Sequence number of the last frame, or of the one before the first. */
    volatile long lastSequence;
    /** No frame behind it defines anything or voids others: for the first reading, that is the end. */
    volatile long definitionsEnd = Long.MAX_VALUE;
    /** Nothing is appended any more. */
    volatile boolean closed;
    /** A write or a force has failed: what is not on the disk yet may never get there. */
    volatile boolean failed;
    /** A part of it could not be read. */
    volatile boolean damaged;
    /** Sync only: bytes known to be on the disk. */
    long forcedBytes;

    Segment(long number, int writer, long generation, Storage.Output output, long bytes, long lastSequence) {
        this.number = number;
        this.writer = writer;
        this.generation = generation;
        this.output = output;
        this.bytes = bytes;
        this.lastSequence = lastSequence;
    }

    String name() {
        return name(number);
    }

    static String name(long number) {
        return String.format("%s%016x%s", PREFIX, number, SUFFIX);
    }

    /** Number in a segment's name, -1 for names of other files. */
    static long number(String name) {
        return number(name, PREFIX, SUFFIX);
    }

    static long number(String name, String prefix, String suffix) {
        if (name.length() != prefix.length() + 16 + suffix.length()
                || !name.startsWith(prefix)
                || !name.endsWith(suffix)) {
            return -1;
        }
        try {
            return Long.parseLong(name.substring(prefix.length(), prefix.length() + 16), 16);
        } catch (NumberFormatException e) {
            return -1;
        }
    }
}
