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
            out.putVarint((long) value.zeroCount());
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
            out.putVarint(deltaBytes(indexes, counts));
        } else {
            out.putVarint(8L * buckets);
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
        out.put((byte) (2 + signedBytes(offset) + ByteBlock.varintBytes(length)));
        out.put(SPAN_OFFSET);
        signed(offset, out);
        out.put(SPAN_LENGTH);
        out.putVarint(length);
    }

    private static void number(double value, ByteBlock out) {
        byte[] a = out.reserve(8);
        int n = out.length();
        DOUBLE.set(a, n, value);
        out.length(n + 8);
    }

    private static void signed(long value, ByteBlock out) {
        out.putVarint(value << 1 ^ value >> 63);
    }

    private static int signedBytes(long value) {
        return ByteBlock.varintBytes(value << 1 ^ value >> 63);
    }
}
