package io.weir.snapshot;

import io.weir.sample.Limits;
import io.weir.sample.NativeSample;
import java.math.BigDecimal;
import java.math.MathContext;
import java.util.Arrays;

/**
 * A native histogram at one instant: counts of exponential buckets by absolute index, and of one bucket around zero. Bucket
 * {@code i} of schema {@code s} counts what is above {@code 2^((i-1)/2^s)} and not above {@code 2^(i/2^s)}, the negative side
 * the same of absolute values; what lies within {@code zeroThreshold} of zero is in the zero bucket. Immutable, any thread.
 *
 * <p>Values merge without loss of an observation: at the lower schema, with the wider zero bucket. Three things always hold,
 * whatever it was made of: no bucket is empty, the zero threshold lies within none, and each side has at most
 * {@link Limits#NATIVE_BUCKETS}, for which the schema is lowered further where need be. So merging is commutative; it is
 * associative as well, but for rounding of fractions, and for the place where zero begins when thresholds differ.
 *
 * <p>Counts are doubles, as all counts here: exact up to 2^53, and fractions where a float histogram brings them.
 *
 * <p>Source: Prometheus, native histogram specification; Prometheus {@code model/histogram} for how the zero bucket widens.
 */
public final class NativeHistogram {
    public static final int SCHEMA_MIN = -4;
    public static final int SCHEMA_MAX = 8;

    private static final int FINEST = 1 << SCHEMA_MAX;
    private static final int EXPONENT_MAX = 1024;
    private static final int EXPONENT_MIN = -1075;
    private static final int[] NO_INDEXES = {};
    private static final double[] NO_COUNTS = {};

    /** 2^(k/256), each the nearest double. */
    private static final double[] ROOTS = roots();

    private final int schema;
    private final double zeroThreshold;
    private final double zeroCount;
    private final double count;
    private final double sum;
    private final Side positive;
    private final Side negative;

    /** Buckets of one sign. */
    private record Side(int[] indexes, double[] counts) {
        static final Side EMPTY = new Side(NO_INDEXES, NO_COUNTS);

        static Side of(NativeSample.Side side) {
            int n = side.size();
            return n == 0 ? EMPTY : new Side(Arrays.copyOf(side.indexes(), n), Arrays.copyOf(side.counts(), n));
        }

        int size() {
            return counts.length;
        }

        /** How many buckets there are when {@code by} schemas lower. */
        int sizeLowered(int by) {
            int n = 0;
            for (int i = 0; i < indexes.length; i++) {
                n += i == 0 || lowered(indexes[i], by) != lowered(indexes[i - 1], by) ? 1 : 0;
            }
            return n;
        }

        Side lower(int by) {
            if (by == 0 || indexes.length == 0) {
                return this;
            }
            int[] to = new int[indexes.length];
            double[] sums = new double[indexes.length];
            int n = 0;
            for (int i = 0; i < indexes.length; i++) {
                int index = lowered(indexes[i], by);
                if (n == 0 || to[n - 1] != index) {
                    to[n++] = index;
                }
                sums[n - 1] += counts[i];
            }
            return new Side(Arrays.copyOf(to, n), Arrays.copyOf(sums, n));
        }

        Side plus(Side other) {
            if (other.size() == 0) {
                return this;
            }
            if (size() == 0) {
                return other;
            }
            if (Arrays.equals(indexes, other.indexes)) {
                double[] sums = counts.clone();
                for (int i = 0; i < sums.length; i++) {
                    sums[i] += other.counts[i];
                }
                return new Side(indexes, sums);
            }
            int[] to = new int[size() + other.size()];
            double[] sums = new double[to.length];
            int n = 0;
            for (int i = 0, j = 0; i < size() || j < other.size(); n++) {
                long a = i < size() ? indexes[i] : Long.MAX_VALUE;
                long b = j < other.size() ? other.indexes[j] : Long.MAX_VALUE;
                to[n] = (int) Math.min(a, b);
                sums[n] = (a <= b ? counts[i++] : 0) + (b <= a ? other.counts[j++] : 0);
            }
            return new Side(Arrays.copyOf(to, n), Arrays.copyOf(sums, n));
        }

        /** What is left when {@code other}, which is part of this, is taken away. */
        Side minus(Side other) {
            int[] to = new int[size()];
            double[] rest = new double[size()];
            int n = 0;
            for (int i = 0; i < size(); i++) {
                int j = Arrays.binarySearch(other.indexes, indexes[i]);
                double left = counts[i] - (j >= 0 ? other.counts[j] : 0);
                if (left > 0) {
                    to[n] = indexes[i];
                    rest[n++] = left;
                }
            }
            return new Side(Arrays.copyOf(to, n), Arrays.copyOf(rest, n));
        }

        /** Upper bound of the bucket in which {@code threshold} lies, neither at its upper nor at its lower bound; else the threshold. */
        double widened(int schema, double threshold) {
            if (threshold == 0) {
                return 0;
            }
            for (int index : indexes) {
                double upper = bound(schema, index);
                if (upper >= threshold || isNext(upper, threshold)) {
                    boolean within = !isNext(upper, threshold)
                            && bound(schema, index - 1) < threshold
                            && !isNext(bound(schema, index - 1), threshold);
                    return within ? upper : threshold;
                }
            }
            return threshold;
        }

        /** How many buckets lie within {@code threshold}, which is within none. */
        int within(int schema, double threshold) {
            int n = 0;
            while (threshold > 0
                    && n < indexes.length
                    && (bound(schema, indexes[n]) <= threshold || isNext(bound(schema, indexes[n]), threshold))) {
                n++;
            }
            return n;
        }

        Side from(int first) {
            return first == 0
                    ? this
                    : new Side(
                            Arrays.copyOfRange(indexes, first, indexes.length),
                            Arrays.copyOfRange(counts, first, counts.length));
        }

        double total(int end) {
            double total = 0;
            for (int i = 0; i < end; i++) {
                total += counts[i];
            }
            return total;
        }

        @Override
        public boolean equals(Object o) {
            return o instanceof Side s && Arrays.equals(indexes, s.indexes) && Arrays.equals(counts, s.counts);
        }

        @Override
        public int hashCode() {
            return 31 * Arrays.hashCode(indexes) + Arrays.hashCode(counts);
        }

        @Override
        public String toString() {
            return Arrays.toString(indexes) + Arrays.toString(counts);
        }
    }

    /** Brings the parts into the form that always holds. */
    private NativeHistogram(
            int schema, double zeroThreshold, double zeroCount, double count, double sum, Side positive, Side negative) {
        assert schema >= SCHEMA_MIN && schema <= SCHEMA_MAX;
        int s = schema;
        double threshold = zeroThreshold;
        double zeros = zeroCount;
        Side p = positive;
        Side n = negative;
        while (true) {
            for (double wider = -1; wider != threshold; ) {
                wider = threshold;
                threshold = n.widened(s, p.widened(s, threshold));
            }
            int inside = p.within(s, threshold);
            int insideNegative = n.within(s, threshold);
            zeros += p.total(inside) + n.total(insideNegative);
            p = p.from(inside);
            n = n.from(insideNegative);
            int by = 0;
            while (s - by > SCHEMA_MIN
                    && (p.sizeLowered(by) > Limits.NATIVE_BUCKETS || n.sizeLowered(by) > Limits.NATIVE_BUCKETS)) {
                by++;
            }
            if (by == 0) {
                break;
            }
            p = p.lower(by);
            n = n.lower(by);
            s -= by;
        }
        this.schema = s;
        this.zeroThreshold = threshold;
        this.zeroCount = zeros;
        this.count = count;
        this.sum = sum;
        this.positive = p;
        this.negative = n;
    }

    /** Of what a parser has read and checked; copies it. */
    public static NativeHistogram of(NativeSample from) {
        return new NativeHistogram(
                from.schema,
                from.zeroThreshold,
                from.zeroCount,
                from.count,
                from.sum,
                Side.of(from.positive),
                Side.of(from.negative));
    }

    /**
     * Observations known by the bounds under which they were counted, as if each had been at its upper bound, and those above
     * the last bound at that one.
     *
     * @param like gives schema and zero threshold
     */
    static NativeHistogram of(HistogramValue classic, NativeHistogram like) {
        NativeSample to = new NativeSample();
        NativeHistogram all = new NativeHistogram(
                like.schema, like.zeroThreshold, 0, classic.count(), classic.sum(), Side.EMPTY, Side.EMPTY);
        for (int i = 0; i <= classic.buckets(); i++) {
            if (classic.count(i) == 0) {
                continue;
            }
            double at = classic.buckets() == 0 ? classic.sum() / classic.count() : classic.bound(Math.min(i, classic.buckets() - 1));
            at = Double.isFinite(at) ? at : 0;
            to.clear();
            to.schema = like.schema;
            to.zeroThreshold = like.zeroThreshold;
            if (Math.abs(at) <= like.zeroThreshold || at == 0) {
                to.zeroCount = classic.count(i);
            } else {
                (at > 0 ? to.positive : to.negative).add(index(like.schema, Math.abs(at)), classic.count(i));
            }
            all = all.plus(of(to));
        }
        return all;
    }

    /** The value after {@code other} has been added. Pure. */
    public NativeHistogram plus(NativeHistogram other) {
        int s = Math.min(schema, other.schema);
        return new NativeHistogram(
                s,
                Math.max(zeroThreshold, other.zeroThreshold),
                zeroCount + other.zeroCount,
                count + other.count,
                sum + other.sum,
                positive.lower(schema - s).plus(other.positive.lower(other.schema - s)),
                negative.lower(schema - s).plus(other.negative.lower(other.schema - s)));
    }

    /**
     * What has been added to {@code before} to make this value.
     *
     * @param before of a schema not lower and a zero threshold not larger than those here
     */
    public NativeHistogram minus(NativeHistogram before) {
        int by = Math.max(0, before.schema - schema);
        Side p = before.positive.lower(by);
        Side n = before.negative.lower(by);
        int insideP = p.within(schema, zeroThreshold);
        int insideN = n.within(schema, zeroThreshold);
        double zeros = before.zeroCount + p.total(insideP) + n.total(insideN);
        return new NativeHistogram(
                schema,
                zeroThreshold,
                Math.max(0, zeroCount - zeros),
                Math.max(0, count - before.count),
                sum - before.sum,
                positive.minus(p.from(insideP)),
                negative.minus(n.from(insideN)));
    }

    /** From {@link #SCHEMA_MIN} to {@link #SCHEMA_MAX}. */
    public int schema() {
        return schema;
    }

    public double zeroThreshold() {
        return zeroThreshold;
    }

    public double zeroCount() {
        return zeroCount;
    }

    /** All observations; more than those in buckets only where NaN was observed. */
    public double count() {
        return count;
    }

    public double sum() {
        return sum;
    }

    /** Indexes of the positive buckets, rising; shared, not to be written. */
    public int[] positiveIndexes() {
        return positive.indexes;
    }

    /** Observations of each positive bucket alone, none of which is empty; shared, not to be written. */
    public double[] positiveCounts() {
        return positive.counts;
    }

    /** As {@link #positiveIndexes}, by absolute values. */
    public int[] negativeIndexes() {
        return negative.indexes;
    }

    /** As {@link #positiveCounts}. */
    public double[] negativeCounts() {
        return negative.counts;
    }

    /** Whether all counts are whole numbers that a double holds exactly; else it is a float histogram. */
    public boolean isWhole() {
        return count <= 0x1p53
                && count == Math.rint(count)
                && zeroCount == Math.rint(zeroCount)
                && isWhole(positive.counts)
                && isWhole(negative.counts);
    }

    private static boolean isWhole(double[] counts) {
        for (double c : counts) {
            if (c != Math.rint(c)) {
                return false;
            }
        }
        return true;
    }

    // ---- buckets

    /** Upper bound of a bucket: the largest double for the last one of finite values, +Inf for the one of infinity. */
    public static double bound(int schema, int index) {
        if (schema <= 0) {
            long exponent = (long) index << -schema;
            return exponent == EXPONENT_MAX ? Double.MAX_VALUE : Math.scalb(1.0, (int) Math.min(exponent, 2 * EXPONENT_MAX));
        }
        int exponent = index >> schema;
        int fraction = index & (1 << schema) - 1;
        return exponent == EXPONENT_MAX && fraction == 0
                ? Double.MAX_VALUE
                : Math.scalb(ROOTS[fraction << SCHEMA_MAX - schema], exponent);
    }

    /** Index of the bucket in which a positive {@code value} is counted. */
    public static int index(int schema, double value) {
        if (value == Double.POSITIVE_INFINITY) {
            return indexMax(schema);
        }
        double v = value;
        int exponent = 0;
        if (v < Double.MIN_NORMAL) {
            v *= 0x1p64;
            exponent = -64;
        }
        int e = Math.getExponent(v);
        double fraction = Math.scalb(v, -e);
        exponent += e;
        if (schema <= 0) {
            return lowered(fraction == 1 ? exponent : exponent + 1, -schema);
        }
        int at = Arrays.binarySearch(ROOTS, fraction);
        return lowered(exponent * FINEST + (at >= 0 ? at : -at - 1), SCHEMA_MAX - schema);
    }

    /** The bucket of infinity, behind that of the largest double. */
    public static int indexMax(int schema) {
        return (schema >= 0 ? EXPONENT_MAX << schema : EXPONENT_MAX >> -schema) + 1;
    }

    /** A bucket in which there is the smallest double, or nothing. */
    public static int indexMin(int schema) {
        return schema >= 0 ? EXPONENT_MIN << schema : EXPONENT_MIN >> -schema;
    }

    private static int lowered(int index, int by) {
        return (index - 1 >> by) + 1;
    }

    /** Whether two bounds are the same one: others may have worked it out with another last bit. */
    private static boolean isNext(double a, double b) {
        return Math.abs(a - b) <= Math.ulp(a);
    }

    private static double[] roots() {
        MathContext precision = new MathContext(40);
        BigDecimal step = BigDecimal.valueOf(2);
        for (int i = 0; i < SCHEMA_MAX; i++) {
            step = step.sqrt(precision);
        }
        double[] roots = new double[FINEST];
        BigDecimal root = BigDecimal.ONE;
        for (int k = 0; k < FINEST; k++) {
            roots[k] = root.doubleValue();
            root = root.multiply(step, precision);
        }
        return roots;
    }

    @Override
    public boolean equals(Object o) {
        return o instanceof NativeHistogram h
                && schema == h.schema
                && zeroThreshold == h.zeroThreshold
                && zeroCount == h.zeroCount
                && count == h.count
                && Double.doubleToLongBits(sum) == Double.doubleToLongBits(h.sum)
                && positive.equals(h.positive)
                && negative.equals(h.negative);
    }

    @Override
    public int hashCode() {
        return 31 * (31 * positive.hashCode() + negative.hashCode()) + Double.hashCode(count);
    }

    @Override
    public String toString() {
        return "NativeHistogram schema " + schema + " zero " + zeroThreshold + ": " + zeroCount + " positive " + positive
                + " negative " + negative + " count " + count + " sum " + sum;
    }
}
