package io.weir.snapshot;

import io.weir.sample.MetricType;
import java.util.List;

/**
 * One group at one instant: its key and the series it owns, sorted by family and label text. Immutable, any thread; arrays must
 * not be written.
 *
 * @param key the grouping labels as canonical label text
 */
public record GroupSnapshot(byte[] key, List<Series> series) {
    /**
     * One series.
     *
     * @param help plain UTF-8; null for none
     * @param labels canonical label text
     * @param value of a scalar
     * @param cell of a histogram or summary, else null
     */
    public record Series(byte[] family, MetricType type, byte[] help, byte[] labels, double value, CellValue cell) {}
}
