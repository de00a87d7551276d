package io.weir.snapshot;

/** Sum and count of a summary; its quantiles cannot be merged and are not kept. Immutable. */
public record SummaryValue(double count, double sum) implements CellValue {
    @Override
    public SummaryValue plus(CellValue delta) {
        SummaryValue other = (SummaryValue) delta;
        return new SummaryValue(count + other.count, sum(sum, other.sum));
    }

    /** Adds two sums of observations; NaN means that there is none, so one observed NaN does not stick for ever. */
    static double sum(double a, double b) {
        return Double.isNaN(a) ? b : Double.isNaN(b) ? a : a + b;
    }
}
