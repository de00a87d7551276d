package io.weir.sample;

/**
 * Receives what a parser of name-and-label formats finds, one sample after the other.
 *
 * <p>A sample is offered by the hash of its opaque key first ({@link #known}); only when that answers
 * {@link Code#UNKNOWN} does the parser take the key apart and define it: {@link #begin}, {@link #label} for each label,
 * {@link #end}. An opaque key is any byte string that always means the same series in the same format, such as
 * {@code name{a="b"}} as it stands in the body.
 *
 * <p>Event loop only. Spans are valid during the call; the sink copies what it keeps.
 */
public interface SampleSink {
    /** A {@code # TYPE} line; holds for the rest of the body. */
    Code type(byte[] buffer, int nameOffset, int nameLength, MetricType type);

    /**
     * A {@code # HELP} line; the text is valid UTF-8 as sent: {@code \\} and {@code \n} are escapes, any other backslash
     * stands for itself.
     */
    Code help(byte[] buffer, int nameOffset, int nameLength, int textOffset, int textLength);

    /** Stages a sample of a series that is known by its opaque key. */
    Code known(long rawHash0, long rawHash1, double value);

    /**
     * Whether the bytes from {@code offset} on begin with the opaque key that is expected next: one told by {@link #learn}.
     * Bodies repeat, and comparing a key costs a quarter of hashing it.
     *
     * @return length of that key, 0 when they do not
     */
    default int expected(byte[] buffer, int offset, int end) {
        return 0;
    }

    /** Stages a sample of the series that {@link #expected} has just found; as {@link #known}, UNKNOWN included. */
    default Code again(double value) {
        return Code.UNKNOWN;
    }

    /** The opaque key of the sample that {@link #known} has just staged, for {@link #expected}. Told by one format only. */
    default void learn(byte[] buffer, int offset, int length) {}

    /** Starts the definition of a sample by its name, which is valid UTF-8 and not empty. */
    void begin(byte[] buffer, int nameOffset, int nameLength);

    /**
     * Adds a label; name and value are valid UTF-8, the name is plain, not empty and none that is reserved.
     *
     * @param escaped true when the value span is already in the escaped form of text 0.0.4 ({@code \\ \" \n}), false
     *                when it is the plain value
     */
    Code label(byte[] buffer, int nameOffset, int nameLength, int valueOffset, int valueLength, boolean escaped);

    /** Stages the sample defined since {@link #begin} and remembers its opaque key. */
    Code end(long rawHash0, long rawHash1, double value);

    /**
     * Stages the native buckets of a histogram that is known by the opaque key of these; its sum and count come as samples of
     * their own. A sink without a use for them passes over them, as here.
     */
    default Code knownNative(long rawHash0, long rawHash1, NativeSample sample) {
        return Code.OK;
    }

    /** As {@link #end}, for native buckets; the name since {@link #begin} is that of the histogram. */
    default Code endNative(long rawHash0, long rawHash1, NativeSample sample) {
        return Code.OK;
    }

    /** What {@link Code} alone cannot say about the last refused call, such as both types of a conflict; may be empty. */
    String detail();

    /**
     * Whether exemplars are of use; then each is told right behind its sample: {@link #beginExemplar}, {@link #exemplarLabel}
     * for each label, {@link #endExemplar}. None is ever a reason to refuse anything.
     */
    default boolean takesExemplars() {
        return false;
    }

    /** An exemplar of the sample with this opaque key, which has just been staged. */
    default void beginExemplar(long rawHash0, long rawHash1) {}

    /** As {@link #label}. */
    default void exemplarLabel(
            byte[] buffer, int nameOffset, int nameLength, int valueOffset, int valueLength, boolean escaped) {}

    /** @param epochNanos when, {@code Long.MIN_VALUE} when that is not said */
    default void endExemplar(double value, long epochNanos) {}
}
