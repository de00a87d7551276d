package io.weir.expose;

import io.weir.snapshot.NativeHistogram;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * The fields that a native histogram has beyond a classic one in {@code io.prometheus.client.Histogram}: buckets as spans and,
 * for whole numbers, deltas. As client_golang writes them: a gap of one or two buckets is filled with empty ones, and a
 * histogram of which nothing would show gets a span of nothing. Stateless.
 *
 * <p>Source: Prometheus, native histogram specification; prometheus/client_model {@code io/prometheus/client/metrics.proto}.
 */
final class NativeFields {
    private static final VarHandle DOUBLE =
            MethodHandles.byteArrayViewVarHandle(double[].class, ByteOrder.LITTLE_ENDIAN);

    private static final byte SCHEMA = 5 << 3;
    private static final byte ZERO_THRESHOLD = 6 << 3 | 1;
    private static final byte ZERO_COUNT = 7 << 3;
    private static final byte ZERO_COUNT_FLOAT = 8 << 3 | 1;
    private static final byte NEGATIVE_SPAN = 9 << 3 | 2;
    private static final byte NEGATIVE_DELTA = 10 << 3 | 2;
    private static final byte NEGATIVE_COUNT = 11 << 3 | 2;
    private static final byte POSITIVE_SPAN = 12 << 3 | 2;
    private static final byte POSITIVE_DELTA = 13 << 3 | 2;
    private static final byte POSITIVE_COUNT = 14 << 3 | 2;
    private static final byte SPAN_OFFSET = 1 << 3;
    private static final byte SPAN_LENGTH = 2 << 3;
    private static final int GAP_MAX = 2;
    private static final int VARINT_BYTES_MAX = 10;

    private NativeFields() {}

    /**
     * Appends them.
     *
     * @param whole as integers; else as floating-point numbers
     */
    static void write(NativeHistogram value, boolean whole, ByteBlock out) {
        out.put(SCHEMA);
        signed(value.schema(), out);
        out.put(ZERO_THRESHOLD);
        number(value.zeroThreshold(), out);
        if (whole) {
            out.put(ZERO_COUNT);
            varint((long) value.zeroCount(), out);
        } else {
            out.put(ZERO_COUNT_FLOAT);
            number(value.zeroCount(), out);
        }
        int[] negative = value.negativeIndexes();
        int[] positive = value.positiveIndexes();
        side(negative, value.negativeCounts(), NEGATIVE_SPAN, whole ? NEGATIVE_DELTA : NEGATIVE_COUNT, whole, out);
        side(positive, value.positiveCounts(), POSITIVE_SPAN, whole ? POSITIVE_DELTA : POSITIVE_COUNT, whole, out);
        if (negative.length == 0 && positive.length == 0 && value.zeroThreshold() == 0 && value.zeroCount() == 0) {
            span(POSITIVE_SPAN, 0, 0, out);
        }
    }

    private static void side(int[] indexes, double[] counts, byte spans, byte values, boolean whole, ByteBlock out) {
        int n = indexes.length;
        if (n == 0) {
            return;
        }
        int buckets = 0;
        for (int i = 0, from = 0, next = 0; i < n; i++) {
            boolean last = i == n - 1 || indexes[i + 1] - indexes[i] - 1 > GAP_MAX;
            if (last) {
                int length = indexes[i] - indexes[from] + 1;
                span(spans, indexes[from] - next, length, out);
                buckets += length;
                next = indexes[i] + 1;
                from = i + 1;
            }
        }
        out.put(values);
        if (whole) {
            varint(deltaBytes(indexes, counts), out);
        } else {
            varint(8L * buckets, out);
        }
        double before = 0;
        for (int i = 0; i < n; i++) {
            int gap = i == 0 ? 0 : indexes[i] - indexes[i - 1] - 1;
            for (int k = 0; k < gap && gap <= GAP_MAX; k++) {
                before = put(0, before, whole, out);
            }
            before = put(counts[i], before, whole, out);
        }
    }

    private static double put(double count, double before, boolean whole, ByteBlock out) {
        if (whole) {
            signed((long) (count - before), out);
        } else {
            number(count, out);
        }
        return count;
    }

    private static int deltaBytes(int[] indexes, double[] counts) {
        int bytes = 0;
        double before = 0;
        for (int i = 0; i < indexes.length; i++) {
            int gap = i == 0 ? 0 : indexes[i] - indexes[i - 1] - 1;
            if (gap > 0 && gap <= GAP_MAX) {
                bytes += signedBytes((long) -before) + gap - 1;
                before = 0;
            }
            bytes += signedBytes((long) (counts[i] - before));
            before = counts[i];
        }
        return bytes;
    }

    private static void span(byte tag, int offset, int length, ByteBlock out) {
        out.put(tag);
        out.put((byte) (2 + signedBytes(offset) + bytes(length)));
        out.put(SPAN_OFFSET);
        signed(offset, out);
        out.put(SPAN_LENGTH);
        varint(length, out);
    }

    private static void number(double value, ByteBlock out) {
        byte[] a = out.reserve(8);
        int n = out.length();
        DOUBLE.set(a, n, value);
        out.length(n + 8);
    }

    private static void signed(long value, ByteBlock out) {
        varint(value << 1 ^ value >> 63, out);
    }

    private static void varint(long value, ByteBlock out) {
        byte[] a = out.reserve(VARINT_BYTES_MAX);
        int n = out.length();
        long v = value;
        for (; (v & ~0x7fL) != 0; v >>>= 7) {
            a[n++] = (byte) (v | 0x80);
        }
        a[n++] = (byte) v;
        out.length(n);
    }

    private static int signedBytes(long value) {
        return bytes(value << 1 ^ value >> 63);
    }

    private static int bytes(long value) {
        return value == 0 ? 1 : (70 - Long.numberOfLeadingZeros(value)) / 7;
    }
}
