package io.weir.snapshot;

import java.util.Arrays;
import java.util.Objects;

/**
 * A classic histogram at one instant: ascending finite bounds, a count for each bucket and one for what lies above the
 * last bound, not cumulative. Because every observation stays at the bound it was counted under, values of different
 * bounds merge into the union of their bounds and the ladder, cumulated only on output, never falls:
 * {@code {1:5,+Inf:5} + {2:1,+Inf:1} = {1:5,2:6,+Inf:6}}.
 *
 * <p>It can have native buckets as well, or have these alone: then it has no bounds. Count and sum are the same for both forms.
 * A sum has the forms that both of its parts have.
 *
 * <p>Immutable, any thread. Bounds arrays are shared between values of equal bounds and must not be written.
 */
public final class HistogramValue implements CellValue {
    private static final double[] NO_BOUNDS = {};

    private final double[] bounds;
    private final double[] counts;
    private final double sum;
    private final NativeHistogram nativePart;

    /**
     * Takes both arrays without copying them.
     *
     * @param bounds ascending, finite, without +Inf
     * @param counts one per bound and one more, none negative
     */
    public HistogramValue(double[] bounds, double[] counts, double sum) {
        assert counts.length == bounds.length + 1;
        this.bounds = bounds;
        this.counts = counts;
        this.sum = sum;
        this.nativePart = null;
    }

    /**
     * As above, with native buckets of the same observations.
     *
     * @param nativePart has the sum, and the count that {@code counts} add up to; null for none
     */
    public HistogramValue(double[] bounds, double[] counts, NativeHistogram nativePart) {
        assert counts.length == bounds.length + 1;
        this.bounds = bounds;
        this.counts = counts;
        this.sum = nativePart.sum();
        this.nativePart = nativePart;
    }

    /** With native buckets alone. */
    public HistogramValue(NativeHistogram nativePart) {
        this(NO_BOUNDS, new double[] {nativePart.count()}, nativePart);
    }

    /** The native buckets; null for none. */
    public NativeHistogram nativePart() {
        return nativePart;
    }

    /** Whether it has classic buckets; a histogram without bounds has them unless there are native ones. */
    public boolean isClassic() {
        return bounds.length > 0 || nativePart == null;
    }

    /** Whether both have a form in common, so that their sum tells of both all that they tell. */
    public boolean addsTo(HistogramValue other) {
        return isClassic() && other.isClassic() || nativePart != null && other.nativePart != null;
    }

    public int buckets() {
        return bounds.length;
    }

    /** All bounds; shared between values, not to be written. */
    public double[] bounds() {
        return bounds;
    }

    /** Upper bound of bucket {@code i}; the bucket above the last one has no bound. */
    public double bound(int i) {
        return bounds[i];
    }

    /** Observations in bucket {@code i} alone, {@code 0 <= i <= buckets()}. */
    public double count(int i) {
        return counts[i];
    }

    public double sum() {
        return sum;
    }

    /** All observations, which is also the cumulative count at +Inf. */
    public double count() {
        double total = 0;
        for (double c : counts) {
            total += c;
        }
        return total;
    }

    /** How many bounds the merge with {@code other} would have. */
    public int unionBuckets(HistogramValue other) {
        if (Arrays.equals(bounds, other.bounds)) {
            return bounds.length;
        }
        int n = 0;
        for (int i = 0, j = 0; i < bounds.length || j < other.bounds.length; n++) {
            double a = i < bounds.length ? bounds[i] : Double.POSITIVE_INFINITY;
            double b = j < other.bounds.length ? other.bounds[j] : Double.POSITIVE_INFINITY;
            i += a <= b ? 1 : 0;
            j += b <= a ? 1 : 0;
        }
        return n;
    }

    @Override
    public HistogramValue plus(CellValue delta) {
        HistogramValue other = (HistogramValue) delta;
        if (nativePart != null || other.nativePart != null) {
            return plusNative(other);
        }
        return plusClassic(other);
    }

    /**
     * In the forms that both have. Where there is none, which {@code Ingest} refuses but for races, classic observations count
     * in the native buckets of their bounds, so that none of the native ones is lost.
     */
    private HistogramValue plusNative(HistogramValue other) {
        boolean classic = isClassic() && other.isClassic();
        if (nativePart == null || other.nativePart == null) {
            if (classic) {
                return plusClassic(other);
            }
            return nativePart == null
                    ? new HistogramValue(other.nativePart.plus(NativeHistogram.of(this, other.nativePart)))
                    : new HistogramValue(nativePart.plus(NativeHistogram.of(other, nativePart)));
        }
        NativeHistogram sum = nativePart.plus(other.nativePart);
        if (!classic) {
            return new HistogramValue(sum);
        }
        HistogramValue both = plusClassic(other);
        return new HistogramValue(both.bounds, both.counts, sum);
    }

    private HistogramValue plusClassic(HistogramValue other) {
        if (bounds == other.bounds || Arrays.equals(bounds, other.bounds)) {
            double[] c = counts.clone();
            for (int i = 0; i < c.length; i++) {
                c[i] += other.counts[i];
            }
            return new HistogramValue(bounds, c, SummaryValue.sum(sum, other.sum));
        }

        double[] union = new double[unionBuckets(other)];
        double[] c = new double[union.length + 1];
        for (int i = 0, j = 0, n = 0; n < union.length; n++) {
            double a = i < bounds.length ? bounds[i] : Double.POSITIVE_INFINITY;
            double b = j < other.bounds.length ? other.bounds[j] : Double.POSITIVE_INFINITY;
            union[n] = Math.min(a, b);
            c[n] = (a <= b ? counts[i++] : 0) + (b <= a ? other.counts[j++] : 0);
        }
        c[union.length] = counts[bounds.length] + other.counts[other.bounds.length];
        return new HistogramValue(union, c, SummaryValue.sum(sum, other.sum));
    }

    @Override
    public boolean equals(Object o) {
        return o instanceof HistogramValue h
                && Arrays.equals(bounds, h.bounds)
                && Arrays.equals(counts, h.counts)
                && Double.doubleToLongBits(sum) == Double.doubleToLongBits(h.sum)
                && Objects.equals(nativePart, h.nativePart);
    }

    @Override
    public int hashCode() {
        return 31 * Arrays.hashCode(bounds) + Arrays.hashCode(counts);
    }

    @Override
    public String toString() {
        return "HistogramValue" + Arrays.toString(bounds) + Arrays.toString(counts) + " sum " + sum
                + (nativePart == null ? "" : " " + nativePart);
    }
}
