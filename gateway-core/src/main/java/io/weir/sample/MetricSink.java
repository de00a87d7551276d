package io.weir.sample;

/**
 * Receives samples of formats in which each sample says itself what it is: type, and whether it is set or added.
 *
 * <p>Samples come in items, each accepted or refused as a whole: {@link #item}, then its samples, then the next item or
 * {@link #drop}. A sample is offered by the hash of its opaque key first ({@link #known}); when that answers
 * {@link Code#UNKNOWN} it is defined: {@link #begin}, {@link #label} for each label, and one of the methods that end it.
 * After a refused call the sample is to be dropped with its item.
 *
 * <p>Event loop only. Spans are valid during the call; arrays given to {@code end} methods are the sink's from then on.
 */
public interface MetricSink {
    /** An item begins; {@code number} counts from 1 and names it should the store refuse it later. */
    void item(int number);

    /** Forgets everything since {@link #item}. */
    void drop();

    /** Stages a sample that has been defined before under this hash, with the type and operation it had then. */
    Code known(long rawHash0, long rawHash1, double value);

    /** A HELP text for a family, in the escaped form of {@link SampleSink#help}. */
    Code help(byte[] buffer, int nameOffset, int nameLength, int textOffset, int textLength);

    /** Starts the definition of a sample by its name, which is a legal metric name. */
    void begin(byte[] buffer, int nameOffset, int nameLength);

    /** Adds a label with a legal name; as {@link SampleSink#label}. */
    Code label(byte[] buffer, int nameOffset, int nameLength, int valueOffset, int valueLength, boolean escaped);

    /**
     * Stages the defined sample and remembers its opaque key.
     *
     * @param as COUNTER or GAUGE
     * @param set whether the value takes the place of the one there; else it is added
     */
    Code endScalar(long rawHash0, long rawHash1, MetricType as, boolean set, double value);

    /**
     * Stages one observation for the defined histogram and remembers its opaque key.
     *
     * @param bounds ascending and finite; shared, not to be written
     */
    Code endObservation(long rawHash0, long rawHash1, double[] bounds, double value);

    /**
     * Stages a whole histogram.
     *
     * @param bounds ascending and finite
     * @param counts of each bucket alone and one more for what lies above, none negative
     */
    Code endHistogram(boolean set, double[] bounds, double[] counts, double sum);

    /** Stages a whole summary. */
    Code endSummary(boolean set, double count, double sum);

    /** What {@link Code} alone cannot say about the last refused call; may be empty. */
    String detail();
}
