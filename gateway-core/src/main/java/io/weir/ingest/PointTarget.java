package io.weir.ingest;

import io.weir.sample.Code;

/**
 * Where {@link PointMapper} stages samples, line by line: {@link #mark}, then the line's samples, then {@link #stamp} or
 * {@link #rollback}. Event loop only; spans are valid during the call.
 */
public interface PointTarget {
    /** A line begins; {@code line} counts from 1 and names the line should a sample of it be refused at commit. */
    void mark(int line);

    /** Stages a sample of a series, or drops a string, that is known by its opaque key. */
    Code known(long rawHash0, long rawHash1, double value);

    /** As {@link io.weir.sample.PointSink#knownLine}. */
    default Code knownLine(
            int line, long rawHash0, long rawHash1, double[] values, int fields, long timestampNanos) {
        return Code.UNKNOWN;
    }

    /** As {@link io.weir.sample.PointSink#learnLine}, before {@link #stamp}. */
    default void learnLine(long rawHash0, long rawHash1, int fields) {}

    /** Starts the definition of a sample by its name, which is a legal metric name. */
    void begin(byte[] buffer, int nameOffset, int nameLength);

    /**
     * Starts the definition of a sample with the labels of the one defined last.
     *
     * @return false when that cannot be: then {@link #begin}, and {@link #label} for each
     */
    default boolean beginAlike(byte[] buffer, int nameOffset, int nameLength) {
        return false;
    }

    /** Adds a label with a legal name; as {@link io.weir.sample.SampleSink#label}. */
    Code label(byte[] buffer, int nameOffset, int nameLength, int valueOffset, int valueLength, boolean escaped);

    /**
     * Stages the sample defined since {@link #begin} and remembers its opaque key.
     *
     * @param as a gauge that is set, a counter that is added to, or a histogram that observes the value
     * @param buckets bounds of a histogram, not to be written; else null
     */
    Code endAs(long rawHash0, long rawHash1, double value, PointRules.As as, double[] buckets);

    /** Counts a string field and remembers its opaque key as one to drop. */
    void dropString(long rawHash0, long rawHash1);

    /** The line is good: its samples bear this time, which is never {@code Long.MIN_VALUE}. */
    void stamp(long timestampNanos);

    /** The line is bad: forgets its samples. */
    void rollback();

    /** What {@link Code} alone cannot say about the last refused call; may be empty. */
    String detail();
}
