package io.weir.sample;

import java.util.Arrays;

/**
 * A native histogram as a parser has just read it: observations by exponential buckets. Bucket {@code i} of schema {@code s}
 * counts what is above {@code 2^((i-1)/2^s)} and not above {@code 2^(i/2^s)}; on the negative side the same of absolute
 * values. Event loop only; reused from metric to metric, so a sink copies what it keeps.
 *
 * <p>Source: Prometheus, native histogram specification.
 */
public final class NativeSample {
    /** Sides that have grown beyond this begin anew. */
    private static final int KEPT_BUCKETS = 1 << 12;

    /** Buckets of one sign that have observations, by rising index. */
    public static final class Side {
        private int[] indexes = new int[16];
        private double[] counts = new double[16];
        private int size;

        public void clear() {
            if (counts.length > KEPT_BUCKETS) {
                indexes = new int[16];
                counts = new double[16];
            }
            size = 0;
        }

        /** The next bucket, with an index above that of the one before; one without observations is none. */
        public void add(int index, double count) {
            assert size == 0 || index > indexes[size - 1];
            if (count == 0) {
                return;
            }
            if (size == counts.length) {
                indexes = Arrays.copyOf(indexes, size << 1);
                counts = Arrays.copyOf(counts, size << 1);
            }
            indexes[size] = index;
            counts[size] = count;
            size++;
        }

        public int size() {
            return size;
        }

        /** Filled up to {@link #size}; not to be written. */
        public int[] indexes() {
            return indexes;
        }

        /** Observations of each bucket alone, filled up to {@link #size}; not to be written. */
        public double[] counts() {
            return counts;
        }
    }

    public final Side positive = new Side();
    public final Side negative = new Side();
    /** From -4, where a bucket is 16 powers of two wide, to 8, where 256 of them make one. */
    public int schema;
    /** Absolute values up to this one, inclusive, are in the zero bucket. */
    public double zeroThreshold;
    public double zeroCount;
    /** All observations; more than those in buckets only where NaN was observed. */
    public double count;
    public double sum;

    /** Forgets everything. */
    public void clear() {
        positive.clear();
        negative.clear();
        schema = 0;
        zeroThreshold = 0;
        zeroCount = 0;
        count = 0;
        sum = 0;
    }
}
