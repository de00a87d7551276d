package io.weir.journal;

import io.weir.sample.MetricType;
import io.weir.snapshot.CellValue;
import io.weir.snapshot.HistogramValue;
import io.weir.snapshot.SummaryValue;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Values of histograms and summaries in frames. Bounds are written out where they come first and have a number from then
 * on. One thread at a time; one object per direction and file.
 */
final class Cells {
    private record Bounds(double[] array) {
        @Override
        public boolean equals(Object o) {
            return o instanceof Bounds b && Arrays.equals(array, b.array);
        }

        @Override
        public int hashCode() {
            return Arrays.hashCode(array);
        }
    }

    private final Map<Bounds, Integer> numbers = new HashMap<>();
    private final List<double[]> known = new ArrayList<>();
    private double[] last;
    private int lastNumber;

    /** Forgets all bounds: a new file begins. */
    void clear() {
        numbers.clear();
        known.clear();
        last = null;
    }

    void write(FrameBuffer to, CellValue value) {
        if (value instanceof SummaryValue summary) {
            to.putCount(summary.count());
            putSum(to, summary.sum());
            return;
        }
        HistogramValue histogram = (HistogramValue) value;
        double[] bounds = histogram.bounds();
        if (bounds != last) {
            Integer number = numbers.putIfAbsent(new Bounds(bounds), numbers.size());
            last = bounds;
            lastNumber = number == null ? numbers.size() - 1 : number;
            to.putVarint(lastNumber);
            if (number == null) {
                to.putVarint(bounds.length);
                for (double bound : bounds) {
                    to.putDouble(bound);
                }
            }
        } else {
            to.putVarint(lastNumber);
        }
        for (int i = 0; i <= bounds.length; i++) {
            to.putCount(histogram.count(i));
        }
        putSum(to, histogram.sum());
    }

    CellValue read(FrameCursor from, MetricType type) {
        if (type == MetricType.SUMMARY) {
            double count = from.getCount();
            return new SummaryValue(count, getSum(from));
        }
        long number = from.getVarint();
        if (number < 0 || number > known.size()) {
            throw new FrameCursor.DamagedException("bounds " + number);
        }
        if (number == known.size()) {
            int length = from.getLength();
            double[] bounds = new double[length];
            for (int i = 0; i < length; i++) {
                bounds[i] = from.getDouble();
            }
            known.add(bounds);
        }
        double[] bounds = known.get((int) number);
        double[] counts = new double[bounds.length + 1];
        for (int i = 0; i < counts.length; i++) {
            counts[i] = from.getCount();
        }
        return new HistogramValue(bounds, counts, getSum(from));
    }

    /** Whole sums are twice the number, signed; others 1 and eight bytes. */
    private static void putSum(FrameBuffer to, double sum) {
        if (FrameBuffer.isShort(sum)) {
            to.putVarint(((long) sum << 1 ^ (long) sum >> 63) << 1);
        } else {
            to.putByte(1);
            to.putDouble(sum);
        }
    }

    private static double getSum(FrameCursor from) {
        long x = from.getVarint();
        if ((x & 1) != 0) {
            return from.getDouble();
        }
        x >>>= 1;
        return x >>> 1 ^ -(x & 1);
    }
}
