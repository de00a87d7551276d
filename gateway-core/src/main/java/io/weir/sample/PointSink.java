package io.weir.sample;

/**
 * Receives the points of a line-protocol body. A line is {@link #line}, then for each field {@link #known} and, when that
 * answers {@link Code#UNKNOWN}, {@link #measurement} and {@link #tag} for each tag if this line has not sent them yet,
 * then {@link #field}; last {@link #complete(long)} or {@link #complete()}. A line that turns out bad is ended by
 * {@link #drop} instead and leaves nothing. The beginning of a line that comes in pieces may be told and dropped several
 * times before the line is complete; {@link #line} then gets the same number again.
 *
 * <p>Event loop only. Spans are valid during the call. Spans are unescaped: plain bytes, valid UTF-8.
 */
public interface PointSink {
    /** A line begins; {@code number} counts from 1. */
    void line(long number);

    /**
     * Offers a field by hash: of the raw measurement and tag set combined with the raw field key and the kind of the
     * value. Numbers, and booleans as 1 and 0, come as {@code value}; a string's value is of no interest here and comes
     * as 0. A hash may be answered with anything but {@link Code#UNKNOWN} only after it came with {@link #field}: nothing
     * of such a line's prefix and key is checked again.
     */
    Code known(long rawHash0, long rawHash1, double value);

    /**
     * Stages a whole line that {@link #learnLine} has told of, as {@link #line}, {@link #known} for each field and
     * {@link #complete(long)} would; or answers anything but OK, and nothing has happened.
     *
     * @param values the first {@code fields} of them, during the call
     */
    default Code knownLine(long number, long hash0, long hash1, double[] values, int fields, long timestampNanos) {
        return Code.UNKNOWN;
    }

    /**
     * Of the line at hand all fields were known and no string: it will come by this hash, which stands for measurement,
     * tags, field keys and kinds of value.
     */
    default void learnLine(long hash0, long hash1, int fields) {}

    /** The measurement of this line, before its tags. */
    Code measurement(byte[] buffer, int offset, int length);

    /** A tag of this line, in the order sent. */
    Code tag(byte[] buffer, int keyOffset, int keyLength, int valueOffset, int valueLength);

    /** A field whose hash was unknown. */
    Code field(byte[] buffer, int keyOffset, int keyLength, FieldKind kind, double value, long rawHash0, long rawHash1);

    /**
     * The line is good.
     *
     * @param timestampNanos nanoseconds since the epoch, any 64-bit value
     */
    void complete(long timestampNanos);

    /** The line is good and bears no timestamp. */
    void complete();

    /** The line is bad: forget everything since {@link #line}. */
    void drop();

    /** What {@link Code} alone cannot say about the last refused call, such as both types of a conflict; may be empty. */
    String detail();

    /** What a field value was written as. */
    enum FieldKind {
        FLOAT,
        INTEGER,
        UNSIGNED,
        BOOLEAN,
        STRING
    }
}
