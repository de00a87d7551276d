package io.weir.journal;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * Reads what {@link FrameBuffer} wrote. One thread at a time. Reading past the end, which a checked frame never leads to,
 * throws {@link DamagedException}.
 */
final class FrameCursor {
    private static final VarHandle INT = MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle LONG = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

    byte[] bytes;
    int at;
    int end;

    /** A frame says what cannot be. */
    static final class DamagedException extends RuntimeException {
        private static final long serialVersionUID = 1;

        DamagedException(String what) {
            super(what);
        }
    }

    void reset(byte[] bytes, int at, int end) {
        this.bytes = bytes;
        this.at = at;
        this.end = end;
    }

    boolean hasMore() {
        return at < end;
    }

    int getByte() {
        need(1);
        return bytes[at++] & 0xff;
    }

    long getVarint() {
        if (at < end) {
            byte first = bytes[at];
            if (first >= 0) {
                at++;
                return first;
            }
        }
        return getLongVarint();
    }

    private long getLongVarint() {
        long x = 0;
        for (int shift = 0; shift < 70; shift += 7) {
            need(1);
            byte b = bytes[at++];
            x |= (b & 0x7fL) << shift;
            if (b >= 0) {
                return x;
            }
        }
        throw new DamagedException("number too long");
    }

    long getSigned() {
        long x = getVarint();
        return x >>> 1 ^ -(x & 1);
    }

    int getInt() {
        need(4);
        at += 4;
        return (int) INT.get(bytes, at - 4);
    }

    long getLong() {
        need(8);
        at += 8;
        return (long) LONG.get(bytes, at - 8);
    }

    double getDouble() {
        return Double.longBitsToDouble(getLong());
    }

    double getCount() {
        long x = getVarint();
        return (x & 1) == 0 ? x >>> 1 : getDouble();
    }

    /** A length that fits into what is left. */
    int getLength() {
        long length = getVarint();
        if (length < 0 || length > end - at) {
            throw new DamagedException("length " + length);
        }
        return (int) length;
    }

    byte[] getSpan() {
        int length = getLength();
        byte[] span = new byte[length];
        System.arraycopy(bytes, at, span, 0, length);
        at += length;
        return span;
    }

    void skip(int length) {
        need(length);
        at += length;
    }

    static int intAt(byte[] bytes, int at) {
        return (int) INT.get(bytes, at);
    }

    private void need(int n) {
        if (end - at < n) {
            throw new DamagedException("end of frame");
        }
    }
}
