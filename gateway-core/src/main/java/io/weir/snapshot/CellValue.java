package io.weir.snapshot;

/** Immutable value of a series that is more than one number: {@link HistogramValue} or {@link SummaryValue}. Any thread. */
public sealed interface CellValue permits HistogramValue, SummaryValue {
    /** The value after {@code delta}, which is of the same kind, has been added. Pure. */
    CellValue plus(CellValue delta);
}
