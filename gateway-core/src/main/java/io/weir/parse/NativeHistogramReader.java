package io.weir.parse;

import io.weir.sample.Code;
import io.weir.sample.NativeSample;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * Reads the native buckets out of one {@code io.prometheus.client.Histogram} message: spans and deltas of an integer
 * histogram, spans and counts of a float histogram, packed or not, into absolute buckets. Reused; one thread at a time. Its
 * memory is bounded by the message it is given.
 *
 * <p>Refused: a schema outside of -4 to 8 (custom buckets, -53, included), an offset below 0 but for the first span, spans that
 * do not fit the number of counts, buckets beyond the range of a double, counts below 0 or not finite, a zero threshold below 0
 * or not finite, and counts that do not add up to that of the histogram. Where the sum is NaN there may be more observations
 * than in buckets, since NaN is counted in none.
 *
 * <p>Source: Prometheus, native histogram specification; prometheus/client_model {@code io/prometheus/client/metrics.proto}.
 */
final class NativeHistogramReader {
    // tags: field number << 3 | wire type
    private static final int COUNT = 1 << 3;
    private static final int SUM = 2 << 3 | 1;
    private static final int COUNT_FLOAT = 4 << 3 | 1;
    private static final int SCHEMA = 5 << 3;
    private static final int ZERO_THRESHOLD = 6 << 3 | 1;
    private static final int ZERO_COUNT = 7 << 3;
    private static final int ZERO_COUNT_FLOAT = 8 << 3 | 1;
    private static final int NEGATIVE_SPAN = 9 << 3 | 2;
    private static final int NEGATIVE_DELTA = 10 << 3;
    private static final int NEGATIVE_COUNT = 11 << 3 | 1;
    private static final int POSITIVE_SPAN = 12 << 3 | 2;
    private static final int POSITIVE_DELTA = 13 << 3;
    private static final int POSITIVE_COUNT = 14 << 3 | 1;
    private static final int SPAN_OFFSET = 1 << 3;
    private static final int SPAN_LENGTH = 2 << 3;
    private static final int PACKED = 2;

    /** First and last tag of a field that only a native histogram has. */
    static final int FIRST_TAG = SCHEMA;

    static final int LAST_TAG = 14 << 3 | PACKED;

    private static final int SCHEMA_MIN = -4;
    private static final int SCHEMA_MAX = 8;
    private static final int SCHEMA_CUSTOM = -53;
    /** Exponents of two at the ends of the range of a double. */
    private static final int EXPONENT_MIN = -1075;
    private static final int EXPONENT_MAX = 1024;
    private static final double WHOLE_MAX = 0x1p53;
    /** Counts of float histograms are sums of others: they need not add up to the last digit. */
    private static final double TOLERANCE = 1e-6;

    private static final VarHandle DOUBLE =
            MethodHandles.byteArrayViewVarHandle(double[].class, ByteOrder.LITTLE_ENDIAN);

    /** Spans and counts of one sign as they stand. */
    private static final class Side {
        final String name;
        long[] spans = new long[8];
        int spanCount;
        double[] counts = new double[16];
        int size;
        long running;
        boolean deltas;
        boolean floats;

        Side(String name) {
            this.name = name;
        }

        void clear() {
            if (counts.length > 4096) {
                counts = new double[16];
                spans = new long[8];
            }
            spanCount = 0;
            size = 0;
            running = 0;
            deltas = false;
            floats = false;
        }

        void span(int offset, int length) {
            if (spanCount == spans.length) {
                spans = Arrays.copyOf(spans, spanCount << 1);
            }
            spans[spanCount++] = (long) offset << 32 | length & 0xffff_ffffL;
        }

        void delta(long delta) {
            deltas = true;
            running += delta;
            put(running);
        }

        void count(double count) {
            floats = true;
            put(count);
        }

        private void put(double count) {
            if (size == counts.length) {
                counts = Arrays.copyOf(counts, size << 1);
            }
            counts[size++] = count;
        }
    }

    private final NativeSample sample = new NativeSample();
    private final Side positive = new Side("positive");
    private final Side negative = new Side("negative");
    private String detail = "";
    private int at;

    /** What has been read; until the next call. */
    NativeSample sample() {
        return sample;
    }

    /** What is wrong with it. */
    String detail() {
        return detail;
    }

    /**
     * Reads the message between two indexes.
     *
     * @return OK; UNKNOWN when this histogram is not a native one; PROTOBUF when it cannot be read; else what is wrong
     */
    Code read(byte[] b, int from, int end) {
        sample.clear();
        positive.clear();
        negative.clear();
        detail = "";
        double count = 0;
        double countFloat = 0;
        double zeros = 0;
        double zerosFloat = 0;
        for (int i = from; i < end; ) {
            long tag = varint(b, i, end);
            int body = at;
            int next = body < 0 ? -1 : afterValue(b, body, end, (int) tag & 7);
            if (next < 0 || tag < 0 || tag > Integer.MAX_VALUE) {
                return Code.PROTOBUF;
            }
            switch ((int) tag) {
                case COUNT -> count = unsigned(varint(b, body, end));
                case SUM -> sample.sum = (double) DOUBLE.get(b, body);
                case COUNT_FLOAT -> countFloat = (double) DOUBLE.get(b, body);
                case SCHEMA -> sample.schema = (int) signed(varint(b, body, end));
                case ZERO_THRESHOLD -> sample.zeroThreshold = (double) DOUBLE.get(b, body);
                case ZERO_COUNT -> zeros = unsigned(varint(b, body, end));
                case ZERO_COUNT_FLOAT -> zerosFloat = (double) DOUBLE.get(b, body);
                case NEGATIVE_SPAN, POSITIVE_SPAN -> {
                    varint(b, body, end);
                    if (!span(tag == POSITIVE_SPAN ? positive : negative, b, at, next)) {
                        return Code.PROTOBUF;
                    }
                }
                case NEGATIVE_DELTA -> negative.delta(signed(varint(b, body, end)));
                case POSITIVE_DELTA -> positive.delta(signed(varint(b, body, end)));
                case NEGATIVE_COUNT -> negative.count((double) DOUBLE.get(b, body));
                case POSITIVE_COUNT -> positive.count((double) DOUBLE.get(b, body));
                case NEGATIVE_DELTA | PACKED, POSITIVE_DELTA | PACKED -> {
                    varint(b, body, end);
                    if (!deltas(tag == (POSITIVE_DELTA | PACKED) ? positive : negative, b, at, next)) {
                        return Code.PROTOBUF;
                    }
                }
                // fields 11 and 14: a fixed number or, packed, a row of them
                case (NEGATIVE_COUNT & ~7) | PACKED, (POSITIVE_COUNT & ~7) | PACKED -> {
                    varint(b, body, end);
                    if (!counts((int) tag >> 3 == POSITIVE_COUNT >> 3 ? positive : negative, b, at, next)) {
                        return Code.PROTOBUF;
                    }
                }
                default -> {}
            }
            i = next;
        }
        boolean isNative = positive.spanCount > 0
                || negative.spanCount > 0
                || sample.zeroThreshold != 0
                || zeros > 0
                || zerosFloat != 0;
        if (!isNative) {
            return Code.UNKNOWN;
        }
        boolean floats = countFloat != 0 || zerosFloat != 0 || positive.floats || negative.floats;
        sample.count = floats && countFloat != 0 ? countFloat : count;
        sample.zeroCount = floats && zerosFloat != 0 ? zerosFloat : zeros;
        if (floats && (positive.deltas || negative.deltas)) {
            return refuse("deltas of buckets, which only whole numbers have, and floating-point counts");
        }
        return check(floats);
    }

    private Code check(boolean floats) {
        int schema = sample.schema;
        if (schema < SCHEMA_MIN || schema > SCHEMA_MAX) {
            return refuse(schema == SCHEMA_CUSTOM
                    ? "custom buckets (schema -53), which are pushed as classic ones"
                    : "schema " + schema + ", which is not from " + SCHEMA_MIN + " to " + SCHEMA_MAX);
        }
        if (!(sample.zeroThreshold >= 0 && sample.zeroThreshold < Double.POSITIVE_INFINITY)) {
            return refuse("zero threshold " + sample.zeroThreshold);
        }
        if (!isCount(sample.zeroCount) || !isCount(sample.count)) {
            return refuse("zero count " + sample.zeroCount + ", count " + sample.count);
        }
        Code code = side(positive, sample.positive);
        code = code == Code.OK ? side(negative, sample.negative) : code;
        return code == Code.OK ? addUp(floats) : code;
    }

    private Code side(Side from, NativeSample.Side to) {
        long lowest = sample.schema >= 0 ? (long) EXPONENT_MIN << sample.schema : EXPONENT_MIN >> -sample.schema;
        long highest = (sample.schema >= 0 ? (long) EXPONENT_MAX << sample.schema : EXPONENT_MAX >> -sample.schema) + 1;
        long index = 0;
        int next = 0;
        for (int i = 0; i < from.spanCount; i++) {
            int offset = (int) (from.spans[i] >> 32);
            long length = from.spans[i] & 0xffff_ffffL;
            if (i > 0 && offset < 0) {
                return refuse(from.name + " span " + (i + 1) + " has the offset " + offset);
            }
            index += offset;
            if (length > from.size - next) {
                return refuse(from.name + " spans are longer than the " + from.size + " buckets there are");
            }
            if (length > 0 && (index < lowest || index + length - 1 > highest)) {
                return refuse(from.name + " bucket " + (index < lowest ? index : index + length - 1)
                        + " is beyond the numbers there are");
            }
            for (long last = index + length; index < last; index++) {
                double count = from.counts[next++];
                if (!isCount(count)) {
                    return refuse(from.name + " bucket " + index + " has the count " + count);
                }
                to.add((int) index, count);
            }
        }
        return next == from.size
                ? Code.OK
                : refuse(from.name + " spans cover " + next + " of " + from.size + " buckets");
    }

    private Code addUp(boolean floats) {
        double total = sample.zeroCount + total(sample.positive) + total(sample.negative);
        double slack = floats || sample.count > WHOLE_MAX ? TOLERANCE * Math.max(total, sample.count) : 0;
        if (total - sample.count > slack || !Double.isNaN(sample.sum) && sample.count - total > slack) {
            return refuse("count " + text(sample.count) + ", but " + text(total) + " in its buckets");
        }
        return Code.OK;
    }

    private static double total(NativeSample.Side side) {
        double total = 0;
        double[] counts = side.counts();
        for (int i = 0; i < side.size(); i++) {
            total += counts[i];
        }
        return total;
    }

    private static boolean isCount(double x) {
        return x >= 0 && x < Double.POSITIVE_INFINITY;
    }

    private static String text(double count) {
        return count == Math.rint(count) && count < WHOLE_MAX ? Long.toString((long) count) : Double.toString(count);
    }

    private Code refuse(String why) {
        detail = why;
        return Code.NATIVE_HISTOGRAM;
    }

    // ---- wire format

    private boolean span(Side side, byte[] b, int from, int end) {
        int offset = 0;
        long length = 0;
        for (int i = from; i < end; ) {
            long tag = varint(b, i, end);
            int body = at;
            int next = body < 0 ? -1 : afterValue(b, body, end, (int) tag & 7);
            if (next < 0) {
                return false;
            }
            if (tag == SPAN_OFFSET) {
                offset = (int) signed(varint(b, body, end));
            } else if (tag == SPAN_LENGTH) {
                length = varint(b, body, end);
            }
            i = next;
        }
        side.span(offset, (int) length);
        return true;
    }

    private boolean deltas(Side side, byte[] b, int from, int end) {
        for (int i = from; i < end; i = at) {
            long delta = varint(b, i, end);
            if (at < 0) {
                return false;
            }
            side.delta(signed(delta));
        }
        return true;
    }

    private static boolean counts(Side side, byte[] b, int from, int end) {
        if ((end - from) % 8 != 0) {
            return false;
        }
        for (int i = from; i < end; i += 8) {
            side.count((double) DOUBLE.get(b, i));
        }
        return true;
    }

    /** Value of the varint at {@code i}; {@link #at} is behind it, or -1. */
    private long varint(byte[] b, int i, int end) {
        long value = 0;
        int k = i;
        for (int shift = 0; k < end && shift < 64; shift += 7) {
            byte c = b[k++];
            value |= (long) (c & 0x7f) << shift;
            if (c >= 0) {
                at = k;
                return value;
            }
        }
        at = -1;
        return 0;
    }

    private int afterValue(byte[] b, int i, int end, int wire) {
        switch (wire) {
            case 0 -> {
                varint(b, i, end);
                return at;
            }
            case 1 -> {
                return end - i >= 8 ? i + 8 : -1;
            }
            case 2 -> {
                long length = varint(b, i, end);
                return at < 0 || length < 0 || length > end - at ? -1 : at + (int) length;
            }
            case 5 -> {
                return end - i >= 4 ? i + 4 : -1;
            }
            default -> {
                return -1;
            }
        }
    }

    private static long signed(long n) {
        return n >>> 1 ^ -(n & 1);
    }

    private static double unsigned(long n) {
        return n >= 0 ? n : 2.0 * (n >>> 1 | n & 1);
    }
}
