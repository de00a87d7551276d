package io.weir.snapshot;

import java.util.Arrays;

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

    /** Most characters of label names and values together that OpenMetrics 1.0 allows and receivers keep. */
    public static final int CHARACTERS_MAX = 128;

    /** None. */
    public static final Exemplar[] NONE = {};

    public boolean hasTime() {
        return epochNanos != NO_TIME;
    }

    /** Whether its labels have more than {@link #CHARACTERS_MAX} characters. */
    public boolean isTooLong() {
        LabelText walk = new LabelText().reset(labels, 0, labels.length);
        int characters = 0;
        while (walk.next()) {
            String text = walk.name() + walk.value();
            characters += text.codePointCount(0, text.length());
        }
        return characters > CHARACTERS_MAX;
    }

    /** Whether the other says the same. Equality is identity of the labels' array, so it tells two pushes of one apart. */
    public boolean isSameAs(Exemplar other) {
        return Double.compare(bound, other.bound) == 0
                && Double.compare(value, other.value) == 0
                && epochNanos == other.epochNanos
                && Arrays.equals(labels, other.labels);
    }
}
