package io.weir.snapshot;

/**
 * One observation that stands for those a counter or a bucket has counted: usually it bears the id of a trace. Immutable, any
 * thread; the array belongs to it and must not be written.
 *
 * @param bound upper bound of its bucket, +Inf for the last; NaN for one of a counter
 * @param labels label text as in {@link FamilySnapshot}, its own labels only
 * @param value what was observed
 * @param epochNanos when, {@link #NO_TIME} when that was not said
 */
public record Exemplar(double bound, byte[] labels, double value, long epochNanos) {
    public static final long NO_TIME = Long.MIN_VALUE;

    /** None. */
    public static final Exemplar[] NONE = {};

    public boolean hasTime() {
        return epochNanos != NO_TIME;
    }
}
