package io.weir.snapshot;

/** Sum and count of a summary; its quantiles cannot be merged and are not kept. Immutable. */
public record SummaryValue(double count, double sum) implements CellValue {
    @Override
    public SummaryValue plus(CellValue delta) {
        SummaryValue other = (SummaryValue) delta;
        return new SummaryValue(count + other.count, sum + other.sum);
    }
}
