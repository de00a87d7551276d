package io.weir.parse;

/**
 * Unit of line-protocol timestamps, in every spelling that InfluxDB 1, 2, 3 and VictoriaMetrics know. Immutable, any
 * thread.
 */
public enum TimePrecision {
    NANOSECONDS(1L),
    MICROSECONDS(1_000L),
    MILLISECONDS(1_000_000L),
    SECONDS(1_000_000_000L),
    MINUTES(60_000_000_000L),
    HOURS(3_600_000_000_000L);

    private final long nanos;

    TimePrecision(long nanos) {
        this.nanos = nanos;
    }

    /** Nanoseconds of one unit. */
    public long nanos() {
        return nanos;
    }

    /**
     * The unit of a {@code precision} parameter; both micro signs of Unicode are known.
     *
     * @param text null or empty for the default, nanoseconds
     * @return null when the spelling is unknown
     */
    public static TimePrecision of(String text) {
        if (text == null) {
            return NANOSECONDS;
        }
        return switch (text) {
            case "", "n", "ns", "nanosecond" -> NANOSECONDS;
            case "u", "us", "\u00b5", "\u00b5s", "\u03bc", "\u03bcs", "microsecond" -> MICROSECONDS;
            case "ms", "millisecond" -> MILLISECONDS;
            case "s", "second" -> SECONDS;
            case "m" -> MINUTES;
            case "h" -> HOURS;
            default -> null;
        };
    }
}
