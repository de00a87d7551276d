package io.weir.ingest;

import io.weir.sample.GaugePolicy;
import io.weir.sample.MetricType;
import io.weir.store.TableWriter;

/**
 * What one opaque key contributes to which kind of series, packed into an int: type of the family, part of the series,
 * operation when a push adds, and whether the request's mode is of no concern. Stateless.
 */
final class SampleKind {
    /** The value of a scalar series. */
    static final int VALUE = 0;
    /** Cumulative count of a bucket; the bound goes with it. */
    static final int BUCKET = 1;
    static final int SUM = 2;
    static final int COUNT = 3;
    /** Quantile of a summary: dropped and counted. */
    static final int QUANTILE = 4;
    /** One observation for a histogram; the number of its bounds array goes with it. */
    static final int OBSERVATION = 5;
    /** A string field: dropped and counted. */
    static final int STRING = 6;
    /** Native buckets of a histogram. */
    static final int NATIVE = 7;

    private static final int FIXED = 1 << 12;

    private SampleKind() {}

    static int of(MetricType type, int part, int op, boolean fixed) {
        return type.ordinal() | part << 4 | op << 8 | (fixed ? FIXED : 0);
    }

    static MetricType type(int kind) {
        return MetricType.of(kind & 0xf);
    }

    static int part(int kind) {
        return kind >> 4 & 0xf;
    }

    /** Operation in a request that adds, or in every request when {@link #isFixed}. */
    static int op(int kind) {
        return kind >> 8 & 0xf;
    }

    static boolean isFixed(int kind) {
        return (kind & FIXED) != 0;
    }

    /** How an added value joins: counters add up, gauges and untyped samples follow the policy. */
    static int addOp(MetricType type, GaugePolicy gauge) {
        if (type == MetricType.COUNTER || !type.isScalar()) {
            return TableWriter.ADD;
        }
        return switch (gauge) {
            case SUM -> TableWriter.ADD;
            case LAST -> TableWriter.SET;
            case MIN -> TableWriter.MIN;
            case MAX -> TableWriter.MAX;
        };
    }
}
