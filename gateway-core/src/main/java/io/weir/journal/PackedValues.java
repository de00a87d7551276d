package io.weir.journal;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * The values of a run of samples: two bits each that say how wide it is, four to a byte from the lowest bits on, then the
 * values, little endian. Stateless.
 *
 * <pre>  0, 1, 2:  a whole number in 1, 2 or 4 bytes, signed     3:  the 8 bytes of a double  </pre>
 *
 * <p>Widths stand apart from values so that neither loop has a branch that depends on a value: bodies mix whole numbers and
 * fractions, and to guess wrong at every other one cost more than all the rest of a sample here, on both sides.
 */
final class PackedValues {
    private static final VarHandle LONG = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
    private static final int DOUBLE = 3;

    /** By a byte of widths: the bytes of its four values. */
    private static final byte[] BYTES = new byte[256];

    /** By the bits in front of a whole number that are its sign, less one. */
    private static final byte[] WIDTHS = new byte[Long.SIZE + 1];

    static {
        for (int zeros = 0; zeros <= Long.SIZE; zeros++) {
            int bits = Long.SIZE + 1 - zeros;
            WIDTHS[zeros] = (byte) (bits <= 8 ? 0 : bits <= 16 ? 1 : bits <= 32 ? 2 : DOUBLE);
        }
        for (int widths = 0; widths < 256; widths++) {
            for (int i = 0; i < 4; i++) {
                BYTES[widths] += (byte) (1 << (widths >>> 2 * i & 3));
            }
        }
    }

    private PackedValues() {}

    /** Most that {@code count} values take, with what is written beyond them. */
    static int bytesMax(int count) {
        return (count + 3 >>> 2) + 8 * count;
    }

    /** Writes where there is room for {@link #bytesMax}; returns the position behind. */
    static int write(double[] values, int from, int count, byte[] to, int at) {
        int end = at + (count + 3 >>> 2);
        for (int i = 0; i < count; ) {
            int widths = 0;
            for (int shift = 0, stop = Math.min(count, i + 4); i < stop; i++, shift += 2) {
                double x = values[from + i];
                long raw = Double.doubleToRawLongBits(x);
                long n = (long) x;
                int width = width(n, raw);
                widths |= width << shift;
                LONG.set(to, end, choose(width, raw, n));
                end += 1 << width;
            }
            to[at++] = (byte) widths;
        }
        return end;
    }

    /** Of a number that may be {@code n}: -0 is not, nor is what has a fraction or is not finite. */
    private static int width(long n, long raw) {
        long left = raw ^ Double.doubleToRawLongBits((double) n);
        return WIDTHS[Long.numberOfLeadingZeros(n ^ n >> 63)] | (int) ((left | -left) >> 63) & DOUBLE;
    }

    private static long choose(int width, long ifDouble, long otherwise) {
        long mask = -(long) (width + 1 >>> 2);
        return ifDouble & mask | otherwise & ~mask;
    }

    /**
     * Reads {@code count} values.
     *
     * @throws FrameCursor.DamagedException when they do not lie within the frame
     */
    static void read(FrameCursor from, int count, double[] to) {
        int at = from.at;
        skip(from, count);
        byte[] bytes = from.bytes;
        int next = at + (count + 3 >>> 2);
        // at the very end of the array eight bytes cannot be read at once
        int wide = bytes.length - 7;
        for (int i = 0; i < count; i++) {
            int width = bytes[at + (i >>> 2)] >>> 2 * (i & 3) & 3;
            long raw = next < wide ? (long) LONG.get(bytes, next) : last(bytes, next);
            next += 1 << width;
            int unused = Long.SIZE - (8 << width);
            long whole = Double.doubleToRawLongBits((double) (raw << unused >> unused));
            to[i] = Double.longBitsToDouble(choose(width, raw, whole));
        }
    }

    private static long last(byte[] bytes, int at) {
        long x = 0;
        for (int i = Math.min(bytes.length, at + 8); --i >= at; ) {
            x = x << 8 | bytes[i] & 0xff;
        }
        return x;
    }

    /** Passes over {@code count} values. */
    static void skip(FrameCursor from, int count) {
        int widths = count + 3 >>> 2;
        int at = from.at;
        if (from.end - at < widths) {
            throw new FrameCursor.DamagedException("end of frame");
        }
        int bytes = widths;
        for (int i = 0; i < widths; i++) {
            bytes += BYTES[from.bytes[at + i] & 0xff];
        }
        // values that the last byte has room for and does not hold are said to be one byte wide
        from.skip(bytes - (4 * widths - count));
    }
}
