package io.weir.sample;

/**
 * Type of a metric family. The ordinal is part of a series' identity and of stored data: append only.
 *
 * <p>Source: Prometheus exposition formats, text 0.0.4.
 */
public enum MetricType {
    UNTYPED("untyped"),
    COUNTER("counter"),
    GAUGE("gauge"),
    HISTOGRAM("histogram"),
    SUMMARY("summary");

    private static final MetricType[] VALUES = values();

    private final String text;

    MetricType(String text) {
        this.text = text;
    }

    /** The word after {@code # TYPE name}. */
    public String text() {
        return text;
    }

    /** Whether a series of this type is one number; the others are immutable values of several numbers. */
    public boolean isScalar() {
        return this != HISTOGRAM && this != SUMMARY;
    }

    public static MetricType of(int ordinal) {
        return VALUES[ordinal];
    }

    @Override
    public String toString() {
        return text;
    }
}
