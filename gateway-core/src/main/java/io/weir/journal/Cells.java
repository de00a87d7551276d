package io.weir.journal;

import io.weir.sample.MetricType;
import io.weir.sample.NativeSample;
import io.weir.snapshot.CellValue;
import io.weir.snapshot.HistogramValue;
import io.weir.snapshot.NativeHistogram;
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
    /** In the place of a sum, which is even or 1: native buckets come first. Since format 3. */
    private static final int NATIVE = 3;

    /** Beyond the indexes of all schemas. */
    private static final int INDEX_MAX = 1 << 20;

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
    private final NativeSample sample = new NativeSample();

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
        if (histogram.nativePart() != null) {
            putNative(to, histogram.nativePart());
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
        long sum = from.getVarint();
        if (sum != NATIVE) {
            return new HistogramValue(bounds, counts, sum(from, sum));
        }
        return new HistogramValue(bounds, counts, getNative(from));
    }

    private static void putNative(FrameBuffer to, NativeHistogram value) {
        to.putVarint(NATIVE);
        to.putSigned(value.schema());
        to.putDouble(value.zeroThreshold());
        to.putCount(value.zeroCount());
        to.putCount(value.count());
        putSide(to, value.positiveIndexes(), value.positiveCounts());
        putSide(to, value.negativeIndexes(), value.negativeCounts());
    }

    private static void putSide(FrameBuffer to, int[] indexes, double[] counts) {
        to.putVarint(indexes.length);
        for (int i = 0, next = 0; i < indexes.length; i++) {
            to.putSigned(indexes[i] - next);
            next = indexes[i] + 1;
            to.putCount(counts[i]);
        }
    }

    private NativeHistogram getNative(FrameCursor from) {
        sample.clear();
        sample.schema = (int) from.getSigned();
        sample.zeroThreshold = from.getDouble();
        sample.zeroCount = from.getCount();
        sample.count = from.getCount();
        getSide(from, sample.positive);
        getSide(from, sample.negative);
        sample.sum = getSum(from);
        if (sample.schema < NativeHistogram.SCHEMA_MIN || sample.schema > NativeHistogram.SCHEMA_MAX) {
            throw new FrameCursor.DamagedException("schema " + sample.schema);
        }
        return NativeHistogram.of(sample);
    }

    private static void getSide(FrameCursor from, NativeSample.Side to) {
        int size = from.getLength();
        long index = 0;
        for (int i = 0; i < size; i++) {
            long gap = from.getSigned();
            index += gap;
            if (i > 0 && gap < 0 || Math.abs(gap) > INDEX_MAX || Math.abs(index) > INDEX_MAX) {
                throw new FrameCursor.DamagedException("native bucket " + index);
            }
            to.add((int) index++, from.getCount());
        }
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
        return sum(from, from.getVarint());
    }

    private static double sum(FrameCursor from, long x) {
        if ((x & 1) != 0) {
            return from.getDouble();
        }
        x >>>= 1;
        return x >>> 1 ^ -(x & 1);
    }
}
