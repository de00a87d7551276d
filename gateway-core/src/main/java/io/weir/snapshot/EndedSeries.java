package io.weir.snapshot;

import io.weir.sample.MetricType;

/**
 * A series that was live and is no more; outputs that keep series, such as remote_write, end it with a stale marker.
 *
 * @param labels canonical label text as in {@link FamilySnapshot}
 * @param last final value of a histogram or summary (its bounds say which series end with it); null for a scalar
 */
public record EndedSeries(byte[] family, MetricType type, byte[] labels, CellValue last) {}
