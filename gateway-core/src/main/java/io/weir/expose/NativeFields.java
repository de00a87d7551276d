package io.weir.expose;

import io.weir.snapshot.NativeHistogram;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * The fields that a native histogram has beyond a classic one in {@code io.prometheus.client.Histogram}, and one number lower in
 * the {@code Histogram} of remote write: buckets as spans and, for whole numbers, deltas. As client_golang writes them: a gap of
 * one or two buckets is filled with empty ones, and a histogram of which nothing would show gets a span of nothing. Stateless.
 *
 * <p>Source: Prometheus, native histogram specification; prometheus/client_model {@code io/prometheus/client/metrics.proto};
 * Prometheus {@code io/prometheus/write/v2/types.proto}.
 */
public final class NativeFields {
    private static final VarHandle DOUBLE =
            MethodHandles.byteArrayViewVarHandle(double[].class, ByteOrder.LITTLE_ENDIAN);

    /** Number of the field {@code schema} in {@code io.prometheus.client.Histogram}. */
    static final int IN_CLIENT_MODEL = 5;

    /** And in the {@code Histogram} of {@code io.prometheus.write.v2}. */
    public static final int IN_REMOTE_WRITE = 4;

    private static final byte SCHEMA = 0;
    private static final byte ZERO_THRESHOLD = 1 << 3 | 1;
    private static final byte ZERO_COUNT = 2 << 3;
    private static final byte ZERO_COUNT_FLOAT = 3 << 3 | 1;
    private static final byte NEGATIVE_SPAN = 4 << 3 | 2;
    private static final byte NEGATIVE_DELTA = 5 << 3 | 2;
    private static final byte NEGATIVE_COUNT = 6 << 3 | 2;
    private static final byte POSITIVE_SPAN = 7 << 3 | 2;
    private static final byte POSITIVE_DELTA = 8 << 3 | 2;
    private static final byte POSITIVE_COUNT = 9 << 3 | 2;
    private static final byte SPAN_OFFSET = 1 << 3;
    private static final byte SPAN_LENGTH = 2 << 3;
    private static final int GAP_MAX = 2;
    private static final int VARINT_BYTES_MAX = 10;

    private NativeFields() {}

    /**
     * Appends them.
     *
     * @param whole as integers; else as floating-point numbers
     * @param first number of the field {@code schema}, which the others follow
     */
    public static void write(NativeHistogram value, boolean whole, int first, ByteBlock out) {
        byte shift = (byte) (first << 3);
        out.put((byte) (SCHEMA + shift));
        signed(value.schema(), out);
        out.put((byte) (ZERO_THRESHOLD + shift));
        number(value.zeroThreshold(), out);
        if (whole) {
            out.put((byte) (ZERO_COUNT + shift));
            varint((long) value.zeroCount(), out);
        } else {
            out.put((byte) (ZERO_COUNT_FLOAT + shift));
            number(value.zeroCount(), out);
        }
        int[] negative = value.negativeIndexes();
        int[] positive = value.positiveIndexes();
        byte negatives = (byte) ((whole ? NEGATIVE_DELTA : NEGATIVE_COUNT) + shift);
        byte positives = (byte) ((whole ? POSITIVE_DELTA : POSITIVE_COUNT) + shift);
        side(negative, value.negativeCounts(), (byte) (NEGATIVE_SPAN + shift), negatives, whole, out);
        side(positive, value.positiveCounts(), (byte) (POSITIVE_SPAN + shift), positives, whole, out);
        if (negative.length == 0 && positive.length == 0 && value.zeroThreshold() == 0 && value.zeroCount() == 0) {
            span((byte) (POSITIVE_SPAN + shift), 0, 0, out);
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
