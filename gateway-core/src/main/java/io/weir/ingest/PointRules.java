package io.weir.ingest;

import java.util.List;

/**
 * How line protocol becomes metrics. Immutable, any thread.
 *
 * @param separator between measurement and field in the metric name
 * @param databaseLabel label that carries {@code db} or {@code bucket} of the request; null for none
 * @param rules first match wins; a field without a rule is a gauge that is set
 */
public record PointRules(String separator, String databaseLabel, List<Rule> rules) {
    public static final PointRules DEFAULTS = new PointRules("_", null, List.of());

    /** What a field becomes. */
    public enum As {
        /** A gauge that is set. */
        GAUGE,
        /** A counter to which each value adds. */
        COUNTER,
        /** A histogram of which each value is one observation. */
        HISTOGRAM
    }

    /**
     * One rule.
     *
     * @param buckets ascending finite bounds when {@code as} is HISTOGRAM, else null; not to be written
     */
    public record Rule(NamePattern measurement, NamePattern field, As as, double[] buckets) {}
}
