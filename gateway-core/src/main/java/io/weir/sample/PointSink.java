package io.weir.sample;

/**
 * Receives the points of a line-protocol body. A line is {@link #line}, then for each field {@link #known} and, when that
 * answers {@link Code#UNKNOWN}, once per line {@link #measurement} and {@link #tag} for each tag, then {@link #field};
 * last {@link #complete}. A line that turns out bad is ended by {@link #drop} instead and leaves nothing.
 *
 * <p>Event loop only. Spans are valid during the call. Spans are unescaped: plain bytes, valid UTF-8.
 */
public interface PointSink {
    /** A line begins; {@code number} counts from 1. */
    void line(long number);

    /**
     * Offers a field by hash: of the raw measurement and tag set combined with the raw field key and the kind of the
     * value. Numbers, and booleans as 1 and 0, come as {@code value}; a string's value is of no interest here.
     */
    Code known(long rawHash0, long rawHash1, double value);

    /** The measurement of this line, before its tags. */
    Code measurement(byte[] buffer, int offset, int length);

    /** A tag of this line, in the order sent. */
    Code tag(byte[] buffer, int keyOffset, int keyLength, int valueOffset, int valueLength);

    /** A field whose hash was unknown. */
    Code field(byte[] buffer, int keyOffset, int keyLength, FieldKind kind, double value, long rawHash0, long rawHash1);

    /**
     * The line is good.
     *
     * @param timestampNanos nanoseconds since the epoch, or {@link #NO_TIMESTAMP}
     */
    void complete(long timestampNanos);

    /** The line is bad: forget everything since {@link #line}. */
    void drop();

    /** A line without timestamp. */
    long NO_TIMESTAMP = Long.MIN_VALUE;

    /** What a field value was written as. */
    enum FieldKind {
        FLOAT,
        INTEGER,
        UNSIGNED,
        BOOLEAN,
        STRING
    }
}
