package io.weir.journal;

import io.weir.sample.MetricType;
import io.weir.snapshot.CellValue;

/** One live series as files hold it. Reused from series to series: valid only during the call that hands it out. */
public final class StoredSeries {
    byte[] family;
    byte[] help;
    MetricType type;
    byte[] labels;
    int labelsOffset;
    int labelsLength;
    double value;
    CellValue cell;
    boolean stamped;
    long stampNanos;
    long touchedMillis;
    long begunMillis;
    byte[] group;
    int ttlSeconds;

    /** Name of the family. */
    public byte[] family() {
        return family;
    }

    /** HELP of the family, plain UTF-8; null for none. */
    public byte[] help() {
        return help;
    }

    public MetricType type() {
        return type;
    }

    /** Array in which the canonical label text lies. */
    public byte[] labels() {
        return labels;
    }

    public int labelsOffset() {
        return labelsOffset;
    }

    public int labelsLength() {
        return labelsLength;
    }

    /** Value of a scalar. */
    public double value() {
        return value;
    }

    /** Value of a histogram or summary, null for scalars. */
    public CellValue cell() {
        return cell;
    }

    /** Whether the value bears a stamp, below which later ones are ignored. */
    public boolean isStamped() {
        return stamped;
    }

    public long stampNanos() {
        return stampNanos;
    }

    /** Key of the group that owns the series, as label text; null for none. */
    public byte[] group() {
        return group;
    }

    /** The series ends when it is not touched for so long; 0 when it has no time to live of its own. */
    public int ttlSeconds() {
        return ttlSeconds;
    }

    /** When the series was last pushed to, wall clock. */
    public long touchedMillis() {
        return touchedMillis;
    }

    /** When the series began, wall clock; 0 for unknown. */
    public long begunMillis() {
        return begunMillis;
    }
}
