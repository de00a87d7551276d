package io.weir.snapshot;

import io.weir.sample.MetricType;

/**
 * A series that was live and is no more; outputs that keep series, such as remote_write, end it with a stale marker.
 *
 * @param sequence the first series to end has 1, the next 2 and so on; an output that has dealt with all up to
 *                 {@link Snapshot#endedSequence()} goes on with those above it
 * @param labels canonical label text as in {@link FamilySnapshot}
 * @param last final value of a histogram or summary (its bounds say which series end with it); null for a scalar
 */
public record EndedSeries(long sequence, byte[] family, MetricType type, byte[] labels, CellValue last) {}
